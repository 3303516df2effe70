"""A reward is a named, pure function of a finished trajectory or of a group of them.

It can be recomputed from disk at any time, so it never calls a model: what a judge or a second look said is a follow-up
stored in `Trajectory.aux` beforehand. None means "does not apply", which is not zero.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from saccade.core.message import Message
from saccade.core.signals import Ramp, value_at
from saccade.core.trajectory import Group, Score, Trajectory, with_rewards

Value = float | int | bool | None | Score | dict[str, float]

Terms = dict[str, np.ndarray]
"""What each reward adds to the total, weight included: float64[G], NaN where it does not apply or the attempt failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """`function` takes a trajectory (scope ``trajectory``) or a group and returns one value per attempt (``group``)."""

    name: str
    function: Callable[..., Any]
    weight: float | Ramp = 1.0
    scope: Literal["trajectory", "group"] = "trajectory"


def reward(factory: Callable[..., Callable[..., Any]]) -> Callable[..., Reward]:
    """Mark a factory: the function it returns becomes a `Reward` named after the factory, with a `weight` option.

    The factory may itself take `weight`; it then never reaches the function inside.
    """
    takes_weight = "weight" in inspect.signature(factory).parameters

    @functools.wraps(factory)
    def make(*args: Any, weight: float | Ramp = 1.0, name: str | None = None, **options: Any) -> Reward:
        function = factory(*args, **options, **({"weight": weight} if takes_weight else {}))
        scope = "group" if getattr(function, "for_group", False) else "trajectory"
        return Reward(name=name or factory.__name__, function=function, weight=weight, scope=scope)

    return make


def for_group(function: Callable[[Group], Sequence[Any]]) -> Callable[[Group], Sequence[Any]]:
    """Mark a function of a group: it returns one value per trajectory, failed ones included (ignored)."""
    function.for_group = True  # type: ignore[attr-defined]
    return function


def as_reward(value: Reward | Callable[..., Any]) -> Reward:
    """A reward as it is; a plain function of a trajectory (or a marked one of a group) made into one."""
    if isinstance(value, Reward):
        return value
    scope = "group" if getattr(value, "for_group", False) else "trajectory"
    return Reward(name=getattr(value, "__name__", type(value).__name__), function=value, scope=scope)


def weigh(value: Reward | Callable[..., Any], weight: float | Ramp) -> Reward:
    return replace(as_reward(value), weight=weight)


def as_scores(name: str, value: Value) -> dict[str, Score]:
    """Normalise what a reward function returned. A dict gives one score per key, under ``name/key``."""
    if isinstance(value, Score):
        return {name: value}
    if isinstance(value, dict):
        return {f"{name}/{key}": Score(value=None if item is None else float(item)) for key, item in value.items()}
    return {name: Score(value=None if value is None else float(value))}


def evaluate(
    group: Group,
    rewards: Sequence[Reward],
    *,
    progress: float = 0.0,
    total: Callable[[Group, Sequence[Reward], float], np.ndarray] | None = None,
) -> Group:
    """Compute every reward of a group (group rewards last) and the totals. Failed attempts get no score.

    A reward function that raises stops nothing: the score is None with the error in its note, for that attempt only.
    """
    done: list[Trajectory] = []
    single = [each for each in rewards if each.scope == "trajectory"]
    for trajectory in group.trajectories:
        scores: dict[str, Score] = {}
        for each in () if trajectory.stop.failed else single:
            scores.update(guarded(each, trajectory))
        done.append(with_rewards(trajectory, scores))
    group = replace(group, trajectories=tuple(done))
    for each in rewards:
        if each.scope == "group":
            values = list(each.function(group))
            if len(values) != len(group.trajectories):
                raise ValueError(
                    f"group reward {each.name!r} returned {len(values)} values for "
                    f"{len(group.trajectories)} attempts at {group.sample.id}"
                )
            group = replace(
                group,
                trajectories=tuple(
                    trajectory if trajectory.stop.failed else with_rewards(trajectory, as_scores(each.name, value))
                    for trajectory, value in zip(group.trajectories, values, strict=True)
                ),
            )
    return replace(group, total=(total or weighted_sum)(group, rewards, progress))


def guarded(reward: Reward, trajectory: Trajectory) -> dict[str, Score]:
    try:
        return as_scores(reward.name, reward.function(trajectory))
    except Exception as error:  # the user's code: recorded at its sample, never the end of a run
        return {reward.name: Score(value=None, note=f"{type(error).__name__}: {error} (sample {trajectory.sample.id})")}


def weighted_sum(group: Group, rewards: Sequence[Reward], progress: float) -> np.ndarray:
    """Sum of weight times value over the rewards that apply; NaN for failed attempts. float64[G]."""
    return summed(group, terms_of(group, rewards, progress))


def terms_of(group: Group, rewards: Sequence[Reward], progress: float) -> Terms:
    """What each reward adds; one that returned several scores adds their sum."""
    terms: Terms = {}
    for each in rewards:
        term_G = np.full(len(group.trajectories), np.nan)
        for index in group.members:
            scores = group.trajectories[index].rewards.items()
            values = [score.value for name, score in scores
                      if (name == each.name or name.startswith(each.name + "/")) and score.value is not None]
            if values:
                term_G[index] = value_at(each.weight, progress) * sum(values)
        terms[each.name] = term_G
    return terms


def summed(group: Group, terms: Terms) -> np.ndarray:
    """The terms added up, those that do not apply left out; NaN for failed attempts. float64[G]."""
    total_G = np.full(len(group.trajectories), np.nan)
    for index in group.members:
        total_G[index] = sum(term_G[index] for term_G in terms.values() if not np.isnan(term_G[index]))
    return total_G


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A question asked after the episode, batched, its answer stored in ``Trajectory.aux[name]``.

    Blind re-answer, sufficiency of the crops alone, perception checklist, judge. `ask` returns the messages, or None
    where it does not apply. `by` names who answers: ``policy``, ``frozen:K`` (the policy K updates ago), or a client.
    """

    name: str
    ask: Callable[[Trajectory], Sequence[Message] | None]
    by: str = "policy"
    temperature: float = 0.0
    max_tokens: int = 64
