"""What there is: every component, by kind, read from source without importing anything.

A kind is a folder; a component is a file in it that defines something of its own name. So the catalogue cannot be out of
date, and a file that does not import still shows up in it.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from saccade.core.folder import about, definitions

ROOT = Path(__file__).resolve().parent

KINDS: dict[str, str] = {
    "benchmark": "evals/benchmarks",
    "client": "clients",
    "credit": "credit",
    "dialect": "text/dialects",
    "engine": "engines",
    "episode": "episodes",
    "explorer": "explore",
    "family": "models/families",
    "follow_up": "follow_ups",
    "objective": "objectives",
    "probe": "models/probes",
    "recipe": "recipes",
    "reward": "rewards",
    "selector": "select",
    "source": "data/sources",
    "tool": "tools",
    "world": "worlds",
}
"""Singular kind to folder, the folder relative to the package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A component: `about` is the first line of its file's docstring."""

    kind: str
    name: str
    about: str
    path: Path

    @property
    def module(self) -> str:
        return ".".join(("saccade", *Path(KINDS[self.kind]).parts, self.name))


def kind_of(word: str) -> str:
    """The kind a user means: singular, plural or the folder. Raises ValueError with the kinds there are."""
    for kind, folder in KINDS.items():
        if word in (kind, kind + "s", folder, folder.rsplit("/", 1)[-1], folder.rsplit("/", 1)[-1] + "s"):
            return kind
    raise ValueError(f"there is no kind {word!r}; kinds are {', '.join(sorted(KINDS))}{nearest(word, KINDS)}")


def entries(kind: str | None = None) -> Iterator[Entry]:
    """Every component, or those of one kind, in order of kind and name."""
    for each in sorted(KINDS) if kind is None else (kind_of(kind),):
        for path in sorted((ROOT / KINDS[each]).glob("*.py")):
            if not path.stem.startswith("_") and defines(each, path):
                yield Entry(kind=each, name=path.stem, about=about(path), path=path)


def defines(kind: str, path: Path) -> bool:
    """A recipe is a file with `run`; everything else is a file that defines its own name."""
    found = definitions(path)
    return "run" in found if kind == "recipe" else path.stem in found


def find(name: str) -> tuple[Entry, ...]:
    """Components of that name; ``kind/name`` and ``kind.name`` are understood. Raises ValueError with near names."""
    wanted, _, rest = name.replace("/", ".").partition(".")
    pool = list(entries(wanted)) if rest else list(entries())
    found = tuple(each for each in pool if each.name == (rest or wanted))
    if not found:
        raise ValueError(f"there is no component {name!r}{nearest(rest or wanted, [each.name for each in pool])}; "
                         "`saccade list` shows all of them")
    return found


def nearest(word: str, known: object) -> str:
    """`` (did you mean ...?)`` or nothing."""
    close = difflib.get_close_matches(word, [str(each) for each in known], n=2, cutoff=0.6)  # type: ignore[attr-defined]
    return f" (did you mean {' or '.join(close)}?)" if close else ""


def examples_source(path: Path) -> str:
    """The source of `EXAMPLES`, as it is written in the file; empty where there is none."""
    text = path.read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and any(isinstance(each, ast.Name) and each.id == "EXAMPLES"
                                                for each in node.targets):
            return ast.get_source_segment(text, node) or ""
    return ""


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
