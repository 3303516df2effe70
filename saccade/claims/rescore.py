"""Recompute the rewards of a run from what it wrote, without a model.

Rewards are pure functions of the record, so an old run can be scored by a reward that did not exist then. The rewards of
the run itself are made again from its description, but only those that are components of this library: a run folder may
come from anybody, and nothing it names is imported otherwise.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saccade.catalog import entries
from saccade.core.record import groups_of, read_trajectories
from saccade.core.reward import Reward, evaluate
from saccade.core.run import describe
from saccade.core.trajectory import Group


@dataclass(slots=True, kw_only=True)
class Tally:
    """Of one score: how many attempts have it, its mean, the mean that was recorded, how many changed, errors."""

    count: int = 0
    total: float = 0.0
    recorded_count: int = 0
    recorded_total: float = 0.0
    changed: int = 0
    errors: dict[str, int] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "mean": self.total / self.count if self.count else None,
            "recorded": self.recorded_total / self.recorded_count if self.recorded_count else None,
            "changed": self.changed,
            "errors": self.errors,
        }


def recorded_groups(run: Path) -> Iterator[Group]:
    """Groups of a run folder, a folder of trajectories or one file, in order. Raises ValueError where there are none."""
    if run.is_file():
        files = [run]
    else:
        files = sorted(run.glob("trajectories/*.jsonl")) or sorted(run.glob("**/trajectories*.jsonl"))
    if not files:
        raise ValueError(f"{run}: holds no trajectories; name a run folder, or a trajectories file")
    for path in files:
        try:
            yield from groups_of(read_trajectories(path))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None


def rescore(groups: Iterable[Group], rewards: Sequence[Reward]) -> tuple[dict[str, Tally], list[Group]]:
    """Tallies by name of the score, and the groups with their new rewards."""
    tallies: dict[str, Tally] = {}
    out: list[Group] = []
    for group in groups:
        fresh = evaluate(group, rewards)
        out.append(fresh)
        for old, new in zip(group.trajectories, fresh.trajectories, strict=True):
            for name, score in new.rewards.items():
                if not any(name == each.name or name.startswith(each.name + "/") for each in rewards):
                    continue
                tally, before = tallies.setdefault(name, Tally()), old.rewards.get(name)
                if score.value is None and score.note:
                    reason = score.note.split(" (sample ")[0]
                    tally.errors[reason] = tally.errors.get(reason, 0) + 1
                if score.value is not None:
                    tally.count, tally.total = tally.count + 1, tally.total + score.value
                if before is not None and before.value is not None:
                    tally.recorded_count, tally.recorded_total = (
                        tally.recorded_count + 1,
                        tally.recorded_total + before.value,
                    )
                if before is not None and differs(before.value, score.value):
                    tally.changed += 1
    return tallies, out


def differs(old: float | None, new: float | None) -> bool:
    return (old is None) != (new is None) or (old is not None and new is not None and abs(old - new) > 1e-9)


def rewards_of_run(run: Path) -> tuple[Reward, ...]:
    """The rewards a run was trained with, made again from its ``config.json``.

    Raises ValueError naming a reward that is no component of this library, or whose options are not plain values.
    """
    path = run / "config.json"
    if not path.is_file():
        raise ValueError(f"{run}: has no config.json that names its rewards; say --rewards or --recipe")
    described = json.loads(path.read_text(encoding="utf-8")).get("rewards") or []
    return tuple(remade_reward(each, path) for each in described)


def remade_reward(described: Mapping[str, Any], path: Path) -> Reward:
    """One reward from its description: the factory of that file, with the options it closed over."""
    name = str(described.get("name"))
    function = described.get("function")
    module, _, qualname = str(function.get("function") if isinstance(function, Mapping) else "").partition(":")
    known = {each.module: each.name for each in entries("reward")}
    if module not in known or not qualname.startswith(f"{known[module]}.<locals>."):
        raise ValueError(
            f"{path}: the reward {name!r} is no component of this library; say --recipe FILE or --rewards NAMES"
        )
    factory = vars(importlib.import_module(module))[known[module]]
    wanted = [each.name for each in inspect.signature(inspect.unwrap(factory)).parameters.values()]
    held = dict(function.get("with") or {})  # type: ignore[union-attr]
    options = {key: held[key] for key in wanted if key in held}
    if any(not isinstance(value, (bool, int, float, str, list, type(None))) for value in options.values()):
        raise ValueError(f"{path}: the options of the reward {name!r} are not plain values; say --recipe FILE")
    weight = described.get("weight", 1.0)
    if not isinstance(weight, (int, float)):
        raise ValueError(f"{path}: the weight of the reward {name!r} changes over the run; say --recipe FILE")
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    made = factory(**plain, weight=float(weight), name=name)
    if json.loads(json.dumps(describe(made))) != described:
        raise ValueError(f"{path}: the record does not tell every option of the reward {name!r}; say --recipe FILE")
    return made
