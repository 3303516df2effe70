"""What a recipe is made of: the components it names, by axis, read from its source without running it.

A component counts when the recipe, or a shared module of recipes that it uses (a file that begins with an underscore), names
it as `folder.component`. `miniature` is left out: it changes sizes and data, not the method.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from saccade.catalog import KINDS, ROOT, Entry, entries

AXES: dict[str, tuple[str, ...]] = {
    "data": ("source", "world"),
    "episode": ("episode",),
    "tools": ("tool",),
    "policy": ("family", "engine"),
    "exploration": ("explorer",),
    "rewards": ("reward",),
    "selection": ("selector",),
    "credit": ("credit",),
    "objective": ("objective",),
    "evaluation": ("benchmark", "client"),
}
"""The ten axes on which methods differ, and the kinds of component that lie on each."""

PLAIN = {"Independent": "exploration", "published": "data", "policy": "policy"}
"""Calls that are a choice on an axis without being a component: the first text they are given is the choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value on an axis; `path` is the component's file relative to the repository, None for what is no component."""

    axis: str
    name: str
    path: str | None = None


def composition(recipe: Path) -> tuple[Choice, ...]:
    """Choices of a recipe file in order of the axes, each once."""
    by_name = components()
    found: dict[tuple[str, str], Choice] = {}
    for node in (node for tree in trees(recipe) for node in ast.walk(tree)):
        for choice in choices_at(node, by_name):
            found.setdefault((choice.axis, choice.name), choice)
    order = list(AXES)
    return tuple(sorted(found.values(), key=lambda each: order.index(each.axis)))


@cache
def components() -> dict[tuple[str, str], Entry]:
    """Components that lie on an axis, by folder and name."""
    kinds = {kind for each in AXES.values() for kind in each}
    return {(folder_of(each), each.name): each for each in entries() if each.kind in kinds}


def folder_of(entry: Entry) -> str:
    return Path(KINDS[entry.kind]).name


def trees(recipe: Path) -> Iterator[ast.AST]:
    """Top-level statements of a recipe and of the shared modules it imports, less `miniature`."""
    body = ast.parse(recipe.read_text(encoding="utf-8")).body
    yield from (node for node in body if not (isinstance(node, ast.FunctionDef) and node.name == "miniature"))
    names = [alias.name for node in body if isinstance(node, ast.ImportFrom) and node.module == "saccade.recipes"
             for alias in node.names if alias.name != "_glimpse"]
    for name in names:
        shared = recipe.parent / f"{name}.py"
        if name.startswith("_") and shared.is_file():
            yield from ast.parse(shared.read_text(encoding="utf-8")).body


def choices_at(node: ast.AST, by_name: dict[tuple[str, str], Entry]) -> Iterator[Choice]:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        entry = by_name.get((node.value.id, node.attr))
        if entry is not None:
            axis = next(axis for axis, kinds in AXES.items() if entry.kind in kinds)
            yield Choice(axis=axis, name=entry.name, path=str(entry.path.relative_to(ROOT.parent)))
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in PLAIN and (said := spoken(called, node)):
            yield Choice(axis=PLAIN[called], name=said)


def spoken(called: str, call: ast.Call) -> str | None:
    """What a plain choice is called: a data set's or a checkpoint's name, or the number of attempts."""
    if called == "Independent":
        count = next((each.value for each in call.keywords if each.arg == "n"), None)
        return f"{ast.unparse(count)} independent attempts" if count is not None else "independent attempts"
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
