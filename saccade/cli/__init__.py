"""The command `saccade`: a verb is a file of `saccade.cli.verbs`, its arguments are the signature of `verb`.

Two files hold everything that verbs share: `overrides` (leaves of a run by attribute path) and `aliases` (the flag names
of TRL and EasyR1). A mistake of the user is one line and exit code 2; SACCADE_TRACEBACK=1 shows where it came from.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

VERBS = Path(__file__).parent / "verbs"

ORDER = ("demo", "train", "plan", "eval", "rollout", "ask", "compare", "view", "rescore", "reproduce", "league", "methods",
         "list", "show", "check", "new", "pretrain", "export", "gallery", "doctor", "completion")
"""How the help shows them; a verb that is not named here comes last."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one verb. Exits with 0, with what the verb returns, or with 2 after a mistake of the user."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with plain_warnings():
            code = dispatch(arguments)
    except (ValueError, FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        if os.environ.get("SACCADE_TRACEBACK"):
            raise
        print(f"saccade: {one_line(error)}", file=sys.stderr)
        code = 2
    except ImportError as error:
        if os.environ.get("SACCADE_TRACEBACK"):
            raise
        from saccade.cli.extras import missing

        print(f"saccade: {missing(error)}", file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        print("saccade: interrupted; what was finished is on disk", file=sys.stderr)
        code = 130
    except BrokenPipeError:  # `saccade list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code or 0)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Warnings as one line for a user, without the line of code they come from."""
    import warnings

    before = warnings.formatwarning
    if not os.environ.get("SACCADE_TRACEBACK"):
        warnings.formatwarning = lambda message, *_, **__: f"saccade: {' '.join(str(message).split())}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before


def dispatch(arguments: list[str]) -> int | None:
    """Find the verb's file, read its arguments, call it."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    if arguments[0] in ("-V", "--version", "version"):
        from saccade import __version__

        print(__version__)
        return 0
    word, *rest = arguments
    if word == "--offers":  # what a completion script asks
        from saccade.cli.completion import offers

        print("\n".join(f"{found}\t{about}" for found, about in offers(" ".join(rest)).items()))
        return 0
    if word not in known_verbs():
        from saccade.catalog import nearest

        near = nearest(word, (*known_verbs(), "--version"))
        raise ValueError(f"there is no verb {word!r}{near}; verbs are {', '.join(known_verbs())}")
    from saccade.cli.signature import call

    return call(word, rest)


def known_verbs() -> tuple[str, ...]:
    """Verbs, because their files exist."""
    found = {path.stem for path in VERBS.glob("*.py") if not path.stem.startswith("_")}
    return (*(word for word in ORDER if word in found), *sorted(found - set(ORDER)))


def overview() -> str:
    lines = [f"  {word:<11}{first_line(VERBS / f'{word}.py')}" for word in known_verbs()]
    return "\n".join((
        "saccade: vision-language models learn to think with images", "",
        "usage: saccade VERB [arguments]      saccade VERB --help", "", *lines, "",
        "Begin with `saccade doctor`, then `saccade demo` and `saccade ask IMAGE \"question\"`.",
        "Words are completed by the shell after: eval \"$(saccade completion bash)\"",
    ))


def first_line(path: Path) -> str:
    """Of a file's docstring. (`saccade.core` would do, but costs the help a numpy import.)"""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {(error.strerror or 'cannot be read').lower()}"
    if isinstance(error, UnicodeDecodeError):
        return "a file that should be text in UTF-8 is not; SACCADE_TRACEBACK=1 shows which"
    from saccade.cli.extras import local

    return local(" ".join(str(error).split()))
