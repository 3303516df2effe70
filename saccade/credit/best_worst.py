"""The best and the worst attempt of a group become a preference pair; the others teach nothing (VisRL, arXiv 2503.07523).

Positive on the chosen attempt, negative on the rejected one, for `objectives.dpo`. Only groups in which something went
clearly right and something clearly wrong make a pair, so what is learned is what the difference was.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saccade.core.signals import Assigned, Credit, per_group
from saccade.core.trajectory import Group, Trajectory


def best_worst(
    *, high: float = 0.8, low: float = 0.2, by: str = "", along: str = "", look: float = 1.0, answer: float = 1.0,
    rejected: bool = True,
) -> Credit:
    """+weight on the tokens of the chosen attempt, -weight on those of the rejected one, None for everyone else.

    high, low: the chosen attempt's score is at least `high`, the rejected one's at most `low`; otherwise there is no pair
    by:        name of the reward that is compared; the total when empty
    along:     a second reward both bounds must hold for too (that the look was relevant), where it applies
    look, answer: weight of steps that call a tool, and of those that do not; 0 leaves a step out
    rejected:  False gives the chosen attempt alone, for supervised learning from it
    Raises ValueError unless low < high.
    """
    if not low < high:
        raise ValueError(f"best_worst: low must be below high, not {low} and {high}")

    @per_group
    def credit(group: Group) -> Sequence[Assigned]:
        members = [group.trajectories[index] for index in group.members]
        scores = group.totals() if not by else np.array([value_of(each, by, 0.0) for each in members])
        pairs = list(zip(scores, members, strict=True))
        fit_high = [score >= high and value_of(each, along, high) >= high for score, each in pairs]
        fit_low = [score <= low and value_of(each, along, low) <= low for score, each in pairs]
        out: list[Assigned] = [None] * len(members)
        if not any(fit_high) or (rejected and not any(fit_low)):
            return out
        best = max((at for at, fits in enumerate(fit_high) if fits), key=lambda at: scores[at])
        out[best] = weighed(members[best], 1.0)
        if rejected:
            worst = min((at for at, fits in enumerate(fit_low) if fits), key=lambda at: scores[at])
            out[worst] = weighed(members[worst], -1.0)
        return out

    def weighed(trajectory: Trajectory, sign: float) -> Assigned:
        parts = [
            np.full(int(step.sampled.sum()), sign * (look if step.message.calls else answer) or np.nan)
            for step in trajectory.steps if step.sampled is not None
        ]
        return np.concatenate(parts) if parts else sign

    return credit


def value_of(trajectory: Trajectory, name: str, missing: float) -> float:
    """A reward's value; `missing` where there is no such reward or it does not apply."""
    score = trajectory.rewards.get(name)
    return missing if score is None or score.value is None else score.value


EXAMPLES = [
    ([1.0, 0.0, 0.5], [1.0, -1.0, None]),
    ([1.0, None, 0.9], [None, None, None]),
    ([0.9, 1.0], [None, 1.0], {"rejected": False}),
    ([0.5, 0.4], [None, None]),
]
