"""Names to things: a recipe by name, by file or by `package.module:function`; a model; a data set.

A recipe file is Python that the user wrote or chose, and is run. Data and checkpoints never are.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from saccade.core.run import Run, Stage


def recipe_module(name: str) -> ModuleType:
    """The module of a recipe: a name of `saccade list recipe`, or a path that ends in .py."""
    if name.endswith(".py"):
        return module_at(Path(name))
    from saccade.catalog import ROOT, entries, nearest

    known = [each.name for each in entries("recipe")]
    if name not in known:
        hint = f" (did you mean ./{name}.py?)" if Path(f"{name}.py").is_file() else nearest(name, known)
        raise ValueError(f"there is no recipe {name!r}{hint}; recipes are {', '.join(known)}, or give a file.py")
    assert (ROOT / "recipes" / f"{name}.py").is_file()
    return importlib.import_module(f"saccade.recipes.{name}")


def module_at(path: Path) -> ModuleType:
    """Import a file of the user's. Raises ValueError when it is not there; its own errors come through."""
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    spec = importlib.util.spec_from_file_location(f"saccade_file_{path.stem}", path.resolve())
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ValueError(f"{error.filename or path}:{error.lineno}: not Python ({error.msg})") from None
    except ModuleNotFoundError:
        raise
    except Exception as error:  # the user's file: where it went wrong is the answer
        raise ValueError(failed_at(path, error)) from error
    return module


def failed_at(path: Path, error: BaseException) -> str:
    """The last line of a user's file that an error went through, and the error."""
    lines = [each.lineno for each in traceback.extract_tb(error.__traceback__) if Path(each.filename) == path.resolve()]
    where = f"{path}:{lines[-1]}" if lines else str(path)
    return f"{where}: {type(error).__name__}: {error} (SACCADE_TRACEBACK=1 shows how it got there)"


def called(function: Callable[..., Any], path: str, *given: Any) -> Any:
    """Call a function of a recipe; what it raises is told with its place. Mistakes that are explained come through."""
    try:
        return function(*given)
    except (ValueError, OSError, ModuleNotFoundError):
        raise
    except Exception as error:
        raise ValueError(failed_at(Path(path), error)) from error


def stages_of(module: ModuleType, *, arm: str | None = None, seed: int | None = None) -> tuple[Stage, ...]:
    """The runs of a recipe, in order. With `arm`, the miniature of that arm of its claim."""
    where = module.__file__ or module.__name__
    names = vars(module)
    if arm is not None:
        if "miniature" not in names:
            raise ValueError(f"{where}: has no `miniature(arm, seed)`, so --arm means nothing for it")
        arms = (*names["CLAIM"].arms, names["CLAIM"].control) if "CLAIM" in names else ()
        if arms and arm not in arms:
            raise ValueError(f"--arm {arm}: this recipe has the arms {', '.join(dict.fromkeys(arms))}")
        made = called(names["miniature"], where, arm, seed or 0)
    elif "run" not in names:
        raise ValueError(
            f"{where}: a recipe is a file with `run() -> Run`; this one has none (see `saccade new recipe NAME`)"
        )
    else:
        made = called(names["run"], where) if callable(names["run"]) else names["run"]
    stages = (Stage(name=made.name, run=made),) if isinstance(made, Run) else made
    if not isinstance(stages, tuple) or not all(isinstance(each, Stage) for each in stages):
        raise ValueError(f"{where}: run() gives a Run or a tuple of stages, not {type(made).__name__}")
    if seed is not None:
        stages = tuple(replace(each, run=replace(each.run, seed=seed)) for each in stages)
    return stages


def read_source(spec: str) -> Any:
    """A data set by a short text, see `saccade.data.source`; the flag is named in the error."""
    from saccade.data import source

    try:
        return source(spec)
    except ValueError as error:
        raise ValueError(f"--data: {error}") from None


def component(kind: str, text: str) -> Any:
    """A component by name, or `package.module:function`, or `file.py:function`.

    A function that needs no argument is a factory and is called; one that does is the component itself.
    """
    if ":" in text:
        place, _, name = text.rpartition(":")
        module = module_at(Path(place)) if place.endswith(".py") else import_named(place)
        if name not in vars(module):
            raise ValueError(f"{place}: defines no {name!r}")
        value = vars(module)[name]
        return value() if inspect.isfunction(value) and not needed_by(value) else value
    from saccade.catalog import entries, nearest

    known = {each.name: each for each in entries(kind)}
    if text not in known:
        raise ValueError(f"there is no {kind} {text!r}{nearest(text, known)}; there is {', '.join(known)}")
    value = vars(importlib.import_module(known[text].module))[text]
    return made(value, text)


def made(factory: Callable[..., Any], name: str) -> Any:
    """Call a factory that needs no options."""
    if not inspect.isroutine(factory) and not isinstance(factory, type):
        return factory
    if needed := needed_by(factory):
        raise ValueError(f"{name} needs {', '.join(needed)}; name it in a recipe file instead")
    return factory()


def needed_by(function: Callable[..., Any]) -> list[str]:
    """Parameters without a default."""
    return [
        each.name
        for each in inspect.signature(function).parameters.values()
        if each.default is each.empty and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
    ]


def import_named(place: str) -> ModuleType:
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name and place.startswith(error.name):
            raise ValueError(f"there is no module {place!r} (is its folder in PYTHONPATH?)") from None
        raise
