"""From what was typed to the runs to make: recipe, configuration file, bring-your-own model and data, overrides.

The order is the one people expect: the recipe, then the file, then the flags. Whatever is left that names no leaf is an
error before anything is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from saccade.cli.aliases import VERB, translated
from saccade.cli.config import read_config
from saccade.cli.overrides import apply
from saccade.cli.resolve import component, read_source, recipe_module, stages_of
from saccade.core.run import PolicySpec, Run, Stage

COMPONENTS = {"credit": "credit", "episode": "episode", "select": "selector"}
LISTS = {"rewards": "reward", "tools": "tool"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a training verb was asked for. `resume` is a run folder or whether to continue in `out`."""

    stages: tuple[Stage, ...]
    out: str | None
    resume: str | None


def planned(recipe: str, *, model: str | None, data: str | None, out: str | None, resume: str | None,
            config: str | None, arm: str | None, seed: int | None, overrides: tuple[tuple[str, Any], ...]) -> Asked:
    """Resolve everything. Raises ValueError naming the flag or the line."""
    given: list[tuple[str, Any]] = [*(read_config(Path(config)) if config else ()), *overrides]
    verb = {"model": model, "data": data, "out": out, "resume": resume}
    left: list[tuple[str, Any]] = []
    for name, value in given:
        target = VERB.get(name.replace("-", "_"), name if name in verb else None)
        if target is None:
            left.append((name, value))
        elif verb[target] is None and value is not None:
            verb[target] = one_path(name, value)
    if recipe == "grpo" and not (verb["model"] or verb["data"]) and arm is None and not given and not config:
        raise ValueError("name a recipe (`saccade list recipe`), a file.py, or bring your own: --model FOLDER --data FILE")
    stages = stages_of(recipe_module(recipe), arm=arm, seed=seed)
    if verb["model"] or verb["data"]:
        own = read_source(verb["data"]) if verb["data"] else None
        stages = tuple(replace(each, run=brought(each.run, verb["model"], own)) for each in stages)
    stages = tuple(replace(each, run=overridden(each.run, left)) for each in stages)
    return Asked(stages=stages, out=verb["out"], resume=verb["resume"])


def one_path(name: str, value: Any) -> str:
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise ValueError(f"--{name}: one path, not {len(value)}; join the files first")
        value = value[0]
    return str(value)


def brought(run: Run, model: str | None, data: Any) -> Run:
    """The run with the user's own checkpoint and rows."""
    if model:
        run = replace(run, policy=replace(run.policy, model=model))
    return replace(run, data=data) if data is not None else run


def overridden(run: Run, given: list[tuple[str, Any]]) -> Run:
    """Components by name first, then their names for leaves, then leaves."""
    leaves: list[tuple[str, Any]] = []
    for name, value in given:
        if name in COMPONENTS:
            run = replace(run, **{name: component(COMPONENTS[name], str(value))})
        elif name in LISTS:
            run = replace(run, **{name: tuple(component(LISTS[name], each) for each in words(value))})
        else:
            leaves.append((name, value))
    changes, run = translated(tuple(leaves), run)
    return apply(run, changes)


def words(value: Any) -> list[str]:
    items = value if isinstance(value, (list, tuple)) else str(value).split(",")
    return [str(each).strip() for each in items if str(each).strip()]


def bare_policy(model: str) -> PolicySpec:
    return PolicySpec(model=model)
