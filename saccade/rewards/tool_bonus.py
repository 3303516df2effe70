"""A bonus for using a tool, by default only when the final answer is right (arXiv 2505.14362).

Paid for every call, it teaches to call and not to look; paid for right answers alone, it makes looking worth its cost.
A call counts only when it ran: errors that the model was told about earn nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.rewards._correct import correctness


@reward
def tool_bonus(
    *, only_if_correct: bool = True, strict: bool = False, least: float = 0.5, tool: str | None = None
) -> Callable[[Trajectory], Score]:
    """1 for an attempt with a successful call (and a right answer), else 0.

    strict, least: how the answer is read, and the correctness that counts as right; tool: name of the only one that counts
    """

    def score(trajectory: Trajectory) -> Score:
        ran = [event for event in trajectory.events if succeeded(event) and tool in (None, event.name)]
        if not ran:
            return Score(value=0.0, note="no successful call")
        right = not only_if_correct or (correctness(trajectory, strict=strict).value or 0.0) >= least
        return Score(value=float(right), note=f"{len(ran)} calls" + ("" if right else ", wrong answer"))

    return score


def succeeded(event: ToolEvent) -> bool:
    return event.error is None and not event.infrastructure


RAN = ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=(0.0, 0.0, 9.0, 9.0), result="px:1")
REFUSED = ToolEvent(step=1, name="image_zoom_in_tool", error="the box is empty")
EXAMPLES = [
    ("<answer>7</answer>", "7", 1.0, {"events": (RAN,)}),
    ("<answer>8</answer>", "7", 0.0, {"events": (RAN,)}),
    ("<answer>7</answer>", "7", 0.0, {"events": (REFUSED,)}),
    ("<answer>7</answer>", "7", 0.0, {}),
]
