"""A bonus for using tools while the group hardly does, a small charge for using them often (arXiv 2505.15966).

A new skill fails at first, so outcome reward teaches to drop it before it can become good. The bonus is paid only while
fewer than `threshold` of the siblings use a tool, and is exactly zero from there on: it keeps the door open and pays for
nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import for_group, reward
from saccade.core.trajectory import Group, ToolEvent
from saccade.rewards._usage import rate, usage


@reward
def curiosity(
    *, threshold: float = 0.3, alpha: float = 0.5, beta: float = 0.05, calls: int = 1
) -> Callable[[Group], list[float]]:
    """alpha * max(threshold - share, 0) for attempts with a call, + beta * min(calls - n, 0); to be added to correctness.

    share: of the group's attempts that used a tool; n: calls of this attempt that ran; calls: as many as cost nothing
    """

    @for_group
    def score(group: Group) -> list[float]:
        found = usage(group)
        lacking = max(threshold - rate([each.used for each in found if each.counts]), 0.0)
        return [alpha * lacking * each.used + beta * min(calls - each.calls, 0) for each in found]

    return score


RAN = ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=(0.0, 0.0, 9.0, 9.0), result="px:1")
EXAMPLES = [
    ("<answer>7</answer>", "7", 0.0, {}),
    ("<answer>7</answer>", "7", 0.0, {"events": (RAN,)}),
    ("<answer>7</answer>", "7", -0.1, {"events": (RAN, RAN, RAN)}),
]
