"""How rewards combine: gates, dispatch by answer type, and factors that need the whole group.

A gate or a dispatch is again a reward, so it can be recomputed from disk alone and shows up as one curve. What no single
attempt can know (how much to trust a judge in this group, whether the group still has something to learn) is a transform
of the group's terms, between the single rewards and their sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from saccade.core.reward import Reward, Terms, Value, as_reward, as_scores, summed, terms_of
from saccade.core.signals import Ramp
from saccade.core.trajectory import Group, Score, Trajectory

Transform = Callable[[Group, Terms, float], Terms]
"""(group, terms, progress) to terms."""


def only_if(
    reward: Reward | Callable[..., Any], when: Reward | Callable[..., Any], *, least: float = 0.5, otherwise: float = 0.0,
    weight: float | Ramp | None = None, name: str | None = None,
) -> Reward:
    """The reward where `when` reaches `least`, else `otherwise`: a wrong form that earns nothing, a thought that counts only
    beside a right answer.

    Both are rewards of a trajectory; where `when` does not apply the gate is shut. The weight is the reward's own unless
    given. Raises ValueError for a group reward.
    """
    inner, gate = single(reward), single(when)

    def score(trajectory: Trajectory) -> Value:
        opened = value_of(gate, trajectory)
        if opened is None or opened < least:
            return Score(value=otherwise, note=f"{gate.name} is {opened}")
        return inner.function(trajectory)

    return Reward(name=name or inner.name, function=score, weight=inner.weight if weight is None else weight)


def by_type(
    rewards: Mapping[str, Reward | Callable[..., Any]], *, otherwise: Reward | Callable[..., Any] | None = None,
    key: str = "answer_type", weight: float | Ramp = 1.0, name: str = "by_type",
) -> Reward:
    """The reward that fits the sample: ``meta[key]`` names it; `otherwise` is for samples with another or no type.

    Their weights must be numbers. Raises ValueError (recorded at the sample) where neither applies, and at once for a group
    reward, a weight that changes, and no rewards at all.
    """
    made = {kind: single(each) for kind, each in rewards.items()}
    rest = None if otherwise is None else single(otherwise)
    for each in (*made.values(), *((rest,) if rest else ())):
        if callable(each.weight):
            raise ValueError(f"by_type: the weight of {each.name!r} changes over the run; give it to by_type as a whole")
    if not made:
        raise ValueError("by_type: no rewards were given; write by_type({'number': rewards.answer_match(), ...})")

    def score(trajectory: Trajectory) -> Value:
        kind = trajectory.sample.meta.get(key)
        chosen = made.get(str(kind), rest)
        if chosen is None:
            raise ValueError(f"sample {trajectory.sample.id} has {key} {kind!r}; there are rewards for {', '.join(made)}")
        value = value_of(chosen, trajectory)
        return None if value is None else float(chosen.weight) * value  # type: ignore[arg-type]

    return Reward(name=name, function=score, weight=weight)


def composed(*transforms: Transform) -> Callable[[Group, Sequence[Reward], float], np.ndarray]:
    """A `Run.total`: every reward times its weight, then the transforms in order, then the sum. float64[G]."""

    def total(group: Group, rewards: Sequence[Reward], progress: float) -> np.ndarray:
        terms = terms_of(group, rewards, progress)
        for transform in transforms:
            terms = transform(group, terms, progress)
        return summed(group, terms)

    return total


def raw(group: Group, name: str) -> np.ndarray:
    """The unweighted values of a reward in a group, float64[G], NaN where it does not apply. For transforms."""
    scores = (each.rewards.get(name) for each in group.trajectories)
    return np.array([np.nan if score is None or score.value is None else score.value for score in scores], dtype=float)


def single(value: Reward | Callable[..., Any]) -> Reward:
    made = as_reward(value)
    if made.scope == "group":
        raise ValueError(f"reward {made.name!r} is one of a whole group; gates and dispatch take rewards of a trajectory")
    return made


def value_of(reward: Reward, trajectory: Trajectory) -> float | None:
    """The value of a reward, several scores added up; None where it does not apply."""
    scores = as_scores(reward.name, reward.function(trajectory))
    values = [score.value for score in scores.values() if score.value is not None]
    return sum(values) if values else None
