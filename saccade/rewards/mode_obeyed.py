"""Attempts that were told to use the tool must, and those told not to must not (Look Less, Reason More, October 2025)."""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._usage import usage_of


@reward
def mode_obeyed(*, must: str = "must", never: str = "never") -> Callable[[Trajectory], Score]:
    """0 when the mode named by `Trajectory.branch` is obeyed, -1 when not; None for a free attempt.

    A call that was tried in the ``never`` mode breaks it, even one that was refused.
    """

    def score(trajectory: Trajectory) -> Score:
        if trajectory.branch == must:
            return Score(value=0.0 if usage_of(trajectory).used else -1.0)
        if trajectory.branch == never:
            return Score(value=-1.0 if trajectory.calls or trajectory.events else 0.0)
        return Score(value=None, note="a free attempt")

    return score


EXAMPLES = [
    ("<answer>7</answer>", "7", None, {}),
    ("7", "7", None, {}),
]
