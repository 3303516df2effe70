"""What may stand where the cursor is: verbs, their options, and the names of components, read from source alone.

Nothing is imported to answer: a verb's arguments are those its file writes down, and an argument is completed by the name of
its annotation. `Recipe`, `Tools`, `Rewards`, ... are kinds of component, with commas where several may stand; `Kind` and
`Name` are any; what a `Literal` lists is offered as it is. Where nothing is offered the shell offers files.
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from saccade.cli import VERBS, first_line, known_verbs

Offers = dict[str, str]
"""Words with what they mean, in order."""

MANY = ("ToolNames", "RunFolders")
"""Annotations of a last argument that takes any number of words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """An argument of a verb: `kind` is its annotation as it is written, `choices` what its `Literal` lists."""

    name: str
    kind: str
    about: str
    positional: bool
    choices: tuple[str, ...] = ()

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")


def offers(line: str) -> Offers:
    """What may follow, or end, the last word of a command line that ends at the cursor."""
    words = words_of(line)
    current = "" if not words or line[-1:].isspace() else words.pop()
    if len(words) < 2:
        found = {verb: first_line(VERBS / f"{verb}.py") for verb in known_verbs()} if words else {}
    elif words[1] not in known_verbs():
        found = {}
    else:
        found = of_verb(arguments(words[1]), words[2:], current)
    return {word: about for word, about in found.items() if word.startswith(current) and word != current}


def words_of(line: str) -> list[str]:
    """Words as a shell reads them; a quotation mark that is still open closes at the end."""
    for end in ("", '"', "'"):
        try:
            return shlex.split(line + end)
        except ValueError:
            continue
    return line.split()


def of_verb(known: list[Argument], given: list[str], current: str) -> Offers:
    options = {each.option: each for each in known if not each.positional}
    before = given[-1] if given else ""
    if before in options and options[before].kind != "Flag":
        return values(options[before], current)
    option, equals, value = current.partition("=")
    if equals and option in options:
        return {f"{option}={word}": about for word, about in values(options[option], value).items()}
    unused = {option: each.about for option, each in options.items() if option not in given} | {"--help": "what it takes"}
    if current.startswith("-"):
        return unused
    places = [each for each in known if each.positional]
    at = sum(not word.startswith("-") and not takes_next(options, prior)
             for prior, word in zip(["", *given], given, strict=False))
    if at < len(places) or (places and places[-1].kind in MANY):
        return values(places[min(at, len(places) - 1)], current)
    return unused


def takes_next(options: dict[str, Argument], word: str) -> bool:
    """Whether the word after this one is its value. Flags of a run's settings (--optim.lr) take one too."""
    return word.startswith("--") and "=" not in word and not (word in options and options[word].kind == "Flag")


def values(argument: Argument, current: str) -> Offers:
    """Words for one argument; of a list with commas the last."""
    if argument.choices:
        return dict.fromkeys(argument.choices, "")
    head, comma, _ = current.rpartition(",")
    return {f"{head}{comma}{word}": about for word, about in named(argument.kind).items()}


def named(kind: str) -> Offers:
    from saccade.catalog import KINDS, entries, kind_of

    kind = kind.removesuffix(" | None").removeprefix("One")
    if kind == "Kind":
        return dict.fromkeys(sorted(KINDS), "")
    if kind == "Component":
        return {each.name: f"{each.kind}: {each.about}" for each in entries()}
    if kind == "Data":
        return {f"world:{each.name}": each.about for each in entries("world")}
    if kind in ("Policy", "Model"):
        return {"glimpse": "the packaged reference model", **run_folders()}
    if kind in ("RunFolder", "RunFolders"):
        return run_folders()
    try:
        return {each.name: each.about for each in entries(kind_of(kind.removesuffix("Names").lower()))}
    except ValueError:
        return {}  # a path, a number, a word of the user's own


def run_folders() -> Offers:
    """Folders below ``runs`` that training or an evaluation wrote, but those whose names a shell would read as commands."""
    from pathlib import Path

    signs = ("config.json", "items.jsonl", "trajectories.jsonl")
    depths = ("*", "*/*", "*/*/*")
    found = {path.parent for sign in signs for depth in depths for path in Path("runs").glob(f"{depth}/{sign}")}
    return {name: "" for path in sorted(found) if shlex.quote(name := path.as_posix()) == name}


def arguments(verb: str) -> list[Argument]:
    """A verb's arguments, as its file writes them."""
    tree = ast.parse((VERBS / f"{verb}.py").read_text(encoding="utf-8"))
    defined = next(each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == "verb")
    lists = {target.id: node.value for node in tree.body if isinstance(node, ast.Assign)
             for target in node.targets if isinstance(target, ast.Name)}
    about = dict(told(ast.get_docstring(defined) or ""))
    out = []
    for positional, group in ((True, defined.args.args), (False, defined.args.kwonlyargs)):
        for each in group:
            written = each.annotation or ast.Constant("")
            kind = ast.unparse(written)
            if kind != "Overrides":
                out.append(Argument(name=each.arg, kind=kind, about=about.get(each.arg, ""), positional=positional,
                                    choices=literals(lists.get(kind, written))))
    return out


def literals(annotation: ast.expr) -> tuple[str, ...]:
    return tuple(str(each.value) for node in ast.walk(annotation)
                 if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"
                 for each in ast.walk(node.slice) if isinstance(each, ast.Constant))


def told(docstring: str) -> Iterator[tuple[str, str]]:
    """Lines ``name: what it is`` below ``Args:``."""
    for line in docstring.partition("Args:\n")[2].splitlines():
        name, colon, about = line.strip().partition(": ")
        if colon and name.isidentifier() and line.startswith("    ") and not line.startswith("        "):
            yield name, about
