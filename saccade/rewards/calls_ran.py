"""The share of an attempt's calls that ran: for tools that run code the model wrote (V-Thinker, arXiv 2511.04460).

Gate it on the answer (`sc.only_if`): programs that run are easy, programs that help are not.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.rewards._usage import ran


@reward
def calls_ran(*, tool: str | None = None) -> Callable[[Trajectory], Score]:
    """0..1; 0 without a call. tool: count only calls of this one."""

    def score(trajectory: Trajectory) -> Score:
        called = [event for event in trajectory.events if tool in (None, event.name)]
        good = sum(ran(event) for event in called)
        return Score(value=good / len(called) if called else 0.0, note=f"{good} of {len(called)} calls ran")

    return score


RAN, BROKE = ToolEvent(step=1, name="run_python"), ToolEvent(step=1, name="run_python", error="NameError")
EXAMPLES = [
    ("7", "7", 0.5, {"events": (RAN, BROKE)}),
    ("7", "7", 1.0, {"events": (RAN,)}),
    ("7", "7", 0.0, {}),
]
