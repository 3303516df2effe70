"""Credit for each look beside credit for the outcome, gated by the sign of the look's own reward (ViRL, November 2025).

Outcome credit alone reinforces a wrong look inside an attempt that ended well and punishes a good one inside an attempt that
did not. With the gate, the tokens of a step with a positive reward never get a negative outcome, those of a step with a
negative reward never a positive one. The publication states the principle; these formulas are proposed here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from saccade.core.signals import Assigned, Credit
from saccade.core.trajectory import Group, Trajectory
from saccade.credit._parts import centred


def step_rewards(
    *, of: Credit | None = None, reward: str = "rationale_steps", eta: float = 0.5, gate: bool = True, to_go: bool = False,
    eps: float = 1e-4,
) -> Credit:
    """Credit per token: the outcome's (`of`), and on steps that `reward` scored eta times their reward, in units of its root
    mean square over the group. The step's reward is scaled and not centred, so that its sign stays its meaning.

    of:    credit of the outcome; by default the total minus the group's mean
    gate:  on scored steps, keep only the part of the outcome's credit that has the sign of the step's reward (all of it
           where the reward is 0)
    to_go: credit a step with the sum of its own and all later rewards, so that a search that leads to a hit is credited
    eta 0 without the gate is the credit `of`.
    """
    outcome = of or centred

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        return [for_group(group, row) for group, row in zip(groups, outcome(groups), strict=True)]

    def for_group(group: Group, row: list[Assigned]) -> list[Assigned]:
        scored = {index: scores_of(group.trajectories[index], reward, to_go) for index in group.members}
        pooled = [value for by_step in scored.values() for value in by_step.values()]
        scale = math.sqrt(sum(value * value for value in pooled) / len(pooled)) + eps if pooled else 1.0
        out = list(row)
        for index, by_step in scored.items():
            value = row[index]
            if by_step and isinstance(value, int | float):
                out[index] = spread(group.trajectories[index], float(value), by_step, scale)
        return out

    def spread(trajectory: Trajectory, value: float, by_step: dict[int, float], scale: float) -> np.ndarray:
        parts: list[np.ndarray] = []
        for index, step in enumerate(trajectory.steps):
            size = 0 if step.sampled is None else int(step.sampled.sum())
            own = by_step.get(index)
            level = value if own is None else (gated(value, own) if gate else value) + eta * own / scale
            parts.append(np.full(size, level))
        return np.concatenate(parts) if parts else np.zeros(0)

    return credit


def gated(outcome: float, own: float) -> float:
    return outcome if own == 0 else max(outcome, 0.0) if own > 0 else min(outcome, 0.0)


def scores_of(trajectory: Trajectory, reward: str, to_go: bool) -> dict[int, float]:
    """Reward by step where it was scored; empty for an attempt it does not apply to, or that recorded no tokens."""
    score = trajectory.rewards.get(reward)
    if score is None or score.per_step is None:
        return {}
    found = {at: float(value) for at, value in enumerate(score.per_step) if value is not None}
    return {at: sum(other for later, other in found.items() if later >= at) for at in found} if to_go else found


EXAMPLES = [
    ([1.0, 1.0], [0.0, 0.0]),
    ([1.0, None, 1.0], [0.0, None, 0.0]),
    ([2.0], [0.0]),
]
