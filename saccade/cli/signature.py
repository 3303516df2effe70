"""Read a verb's arguments from its signature with tyro, and keep what belongs to the run for later.

A verb that takes `overrides` receives every flag that is not its own, in order, as (name, value) pairs; `--a.b 1`,
`--a.b=1` and Hydra's `a.b=1` are the same.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

Overrides = tuple[tuple[str, str], ...]


def call(word: str, arguments: list[str]) -> int | None:
    """Import the verb, split the arguments, call it. tyro prints the help and reports what it cannot read."""
    import tyro

    verb = vars(importlib.import_module(f"saccade.cli.verbs.{word}"))["verb"]
    names = inspect.signature(verb).parameters
    if "overrides" not in names:
        return tyro.cli(verb, prog=f"saccade {word}", args=arguments, description=about(verb))
    own, overrides = split(arguments, own={name for name in names if name != "overrides"})
    bound: Any = tyro.cli(without_overrides(verb), prog=f"saccade {word}", args=own, description=about(verb))
    return verb(**bound, overrides=overrides)


def without_overrides(verb: Any) -> Any:
    """A function with the same signature less `overrides`, that returns its arguments."""
    signature = inspect.signature(verb, eval_str=True)
    kept = [each for each in signature.parameters.values() if each.name != "overrides"]

    def bind(**given: Any) -> dict[str, Any]:
        return given

    bind.__signature__ = signature.replace(parameters=kept, return_annotation=dict)  # type: ignore[attr-defined]
    bind.__annotations__ = {each.name: each.annotation for each in kept} | {"return": dict}
    bind.__doc__ = verb.__doc__
    return bind


def bindable(verb: Any) -> Any:
    """The verb as tyro can read it: without `overrides`, which are read by `split`."""
    return without_overrides(verb) if "overrides" in inspect.signature(verb).parameters else verb


def split(arguments: list[str], *, own: set[str]) -> tuple[list[str], Overrides]:
    """Separate a verb's own arguments from overrides of the run."""
    mine: list[str] = []
    others: list[tuple[str, str]] = []
    waiting = list(arguments)
    while waiting:
        token = waiting.pop(0)
        if token == "--":
            mine.extend(waiting)
            break
        if not token.startswith("--"):
            name, equals, value = token.partition("=")
            if equals and name.replace(".", "").replace("_", "").isalnum() and "." in name:
                others.append((name, value))  # as Hydra writes it
            else:
                mine.append(token)
            continue
        name, equals, value = token[2:].partition("=")
        plain = name.replace("-", "_")
        if name == "help" or plain in own or plain.removeprefix("no_") in own:
            mine.append(token)
            continue
        if not equals:
            value = waiting.pop(0) if waiting and not waiting[0].startswith("--") else "true"
        others.append((name, value))
    return mine, tuple(others)


def about(verb: Any) -> str:
    """The docstring without its `Args`, which tyro shows beside each argument."""
    return inspect.cleandoc(verb.__doc__ or "").partition("\nArgs:")[0].rstrip()
