"""What an environment paid in all, as the episode recorded it; undiscounted unless asked.

Environments of other projects score their own moves (`episodes.environment`, tools that return a `Score`). The sum over an
attempt is the return of reinforcement learning; per step it is the return from that step on.
"""

from __future__ import annotations

from saccade.core import Trajectory, reward
from saccade.core.trajectory import Score


@reward
def environment_return(*, key: str = "environment", discount: float = 1.0):
    """Sum of the payments named `key` along the last path, each weighed by discount^n for the n-th; None where nothing paid.

    Raises ValueError for a discount outside 0 to 1.
    """
    if not 0 <= discount <= 1:
        raise ValueError(f"a discount is between 0 and 1, not {discount}")

    def score(trajectory: Trajectory) -> Score:
        paid = [step.scores[key] for step in trajectory.path() if key in step.scores]
        value = sum(discount**turn * each for turn, each in enumerate(paid))
        return Score(value=float(value) if paid else None, note=f"{len(paid)} payments")

    return score


EXAMPLES = [("<answer>4</answer>", "4", None, {}), ("", "4", None, {})]  # an attempt outside an environment was paid nothing
