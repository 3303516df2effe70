"""Make a component again with one option changed.

`clip(low=0.2, high=0.2)` returns a function that closes over its options. They are read from the closure, and the
factory, found in the module of that function, is called again. It is refused where an option left no trace in the
closure: a value would silently fall back to its default.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any


def options_of(component: Any) -> dict[str, Any] | None:
    """Options a component was made with, or None where that cannot be known."""
    made = inner_function(component)
    if made is None:
        return None
    factory, function = made
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    held = {name: cell.cell_contents for name, cell in cells}
    names = [
        each.name
        for each in inspect.signature(inspect.unwrap(factory)).parameters.values()
        if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
    return {name: held[name] for name in names} if names and all(name in held for name in names) else None


def remade(component: Any, name: str, value: Any) -> Any:
    """The component with one option changed; weight, coefficient, normaliser and name stay as they were."""
    made, options = inner_function(component), options_of(component)
    assert made is not None and options is not None, "asked only where options are known"
    fresh = made[0](**{**options, name: value})
    if not dataclasses.is_dataclass(fresh):
        return fresh
    kept = [each for each in ("weight", "coefficient", "normaliser", "name")
            if each in {field.name for field in dataclasses.fields(component)}]
    return dataclasses.replace(fresh, **{each: getattr(component, each) for each in kept})


def inner_function(component: Any) -> tuple[Callable[..., Any], Any] | None:
    """The factory and the function that it defined, for a function or for the dataclass around one."""
    for function in functions_in(component, depth=4):
        factory_name, local, _ = function.__qualname__.partition(".<locals>.")
        if not local or not function.__module__:
            continue
        module = vars(importlib.import_module(function.__module__))
        if factory_name == function.__module__.rpartition(".")[2] and callable(module.get(factory_name)):
            return module[factory_name], function
    return None


def functions_in(value: Any, depth: int) -> Iterator[Any]:
    """Plain functions in a component: itself, its fields, what it closes over."""
    if depth == 0:
        return
    if inspect.isfunction(value):
        yield value
        for cell in value.__closure__ or ():
            if callable(cell.cell_contents):
                yield from functions_in(cell.cell_contents, depth - 1)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            if field.name in ("function", "term"):
                yield from functions_in(getattr(value, field.name), depth - 1)
