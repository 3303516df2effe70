"""Change leaves of a run by attribute path: `--optim.lr 2e-6 --explore.n 4 --rewards.tool_bonus.weight 0.5`.

A run is a tree of frozen dataclasses, so a change is a new tree. Elements of a tuple are named by their `name` or by
their position, entries of a mapping by key, and a component made by a factory by the factory's options: it is made again
with one option changed (`cli.remake`). A wrong name gets the names there are.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from saccade.catalog import nearest
from saccade.cli.remake import options_of, remade
from saccade.cli.values import read_value


def apply(run: Any, changes: Iterable[tuple[str, Any]]) -> Any:
    """The run with every (path, value) set, in order. Values are text, or plain values of a configuration file."""
    for path, value in changes:
        try:
            run = changed(run, path.replace("-", "_").split("."), value)
        except ValueError as error:
            raise ValueError(f"--{path}: {error}") from None
    return run


def changed(node: Any, path: list[str], value: Any, hint: Any = Any) -> Any:
    """A copy of `node` with the leaf at `path` set."""
    if not path:
        return read_value(value, hint, now=node)
    name, *rest = path
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        fields = {each.name: each for each in dataclasses.fields(node)}
        if name in fields:
            hints = typing.get_type_hints(type(node))
            return dataclasses.replace(
                node, **{name: changed(vars_of(node)[name], rest, value, hints.get(name, Any))}
            )
        for field, inner in inlined(node).items():  # `episode.max_steps` for `episode.settings["max_steps"]`
            if isinstance(inner, Mapping) and name in inner:
                return dataclasses.replace(node, **{field: changed(inner, path, value)})
        if options_of(node) is None:
            raise ValueError(unknown(name, [*fields, *(key for each in inlined(node).values() for key in each)]))
    if isinstance(node, Mapping):
        if name not in node:
            raise ValueError(unknown(name, node))
        return {**node, name: changed(node[name], rest, value)}
    if isinstance(node, tuple):
        index = position(node, name)
        return (*node[:index], changed(node[index], rest, value), *node[index + 1 :])
    if not rest and (options := options_of(node)) is not None:
        if name not in options:
            raise ValueError(unknown(name, options))
        return remade(node, name, read_value(value, Any, now=options[name]))
    raise ValueError(f"{describe_briefly(node)} has nothing called {name!r} inside")


def vars_of(node: Any) -> dict[str, Any]:
    """Fields of a dataclass by name, not copied."""
    return {each.name: getattr(node, each.name) for each in dataclasses.fields(node)}


def inlined(node: Any) -> dict[str, Mapping[str, Any]]:
    """Mappings of a component whose keys count as its own names."""
    return {name: value for name, value in vars_of(node).items() if name == "settings" and isinstance(value, Mapping)}


def position(items: tuple[Any, ...], name: str) -> int:
    """Where the element of that name, or number from 0, stands. Raises ValueError with the names there are."""
    if name.isdigit() and int(name) < len(items):
        return int(name)
    names = [name_of(each) for each in items]
    if name not in names:
        raise ValueError(unknown(name, [each or str(index) for index, each in enumerate(names)]))
    return names.index(name)


def name_of(item: Any) -> str:
    """What an element of a tuple is called: its own name, or that of its term, or that of its function."""
    for each in (item, vars_of(item).get("term") if dataclasses.is_dataclass(item) else None):
        if dataclasses.is_dataclass(each) and isinstance(vars_of(each).get("name"), str):
            return vars_of(each)["name"]
    return item.__name__ if callable(item) and hasattr(item, "__name__") else ""


def unknown(name: str, known: Iterable[str]) -> str:
    names = [str(each) for each in known]
    return f"there is no {name!r}{nearest(name, names)}; there is {', '.join(names) or 'nothing'}"


def describe_briefly(node: Any) -> str:
    return f"the value {node!r}" if isinstance(node, (bool, int, float, str)) or node is None else type(node).__name__


def leaves(node: Any, path: str = "") -> dict[str, Any]:
    """Every path that can be set, with its value; what `saccade show RECIPE` prints. Data and pixels are left out."""
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        found: dict[str, Any] = {}
        for name, value in vars_of(node).items():
            if name in ("data", "function", "parameters", "description", "term", "scope", "open"):
                continue
            inside = path if name == "settings" else f"{path}.{name}".lstrip(".")
            found.update(leaves(value, inside))
        return found | {f"{path}.{name}".lstrip("."): value for name, value in (options_of(node) or {}).items()}
    if isinstance(node, Mapping):
        return {key: item for name, value in node.items() for key, item in leaves(value, f"{path}.{name}").items()}
    if isinstance(node, tuple) and any(dataclasses.is_dataclass(each) for each in node):
        return {
            key: item
            for index, value in enumerate(node)
            for key, item in leaves(value, f"{path}.{name_of(value) or index}").items()
        }
    if node is None or isinstance(node, (bool, int, float, str, tuple)):
        return {path: node}
    return {f"{path}.{name}": value for name, value in (options_of(node) or {}).items()}
