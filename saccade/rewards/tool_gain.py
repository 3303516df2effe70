"""Pay right answers that used a tool by as much as the tool helped their group (CodeVision, December 2025).

Nothing is paid where attempts without the tool mostly succeed too: the reward measures the tool, not the call.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import for_group, reward
from saccade.core.trajectory import Group, ToolEvent
from saccade.rewards._usage import rate, usage


@reward
def tool_gain(*, spared: int = 1) -> Callable[[Group], list[float]]:
    """max(0, pass rate with a call - pass rate without) for right attempts with a call, else 0.

    spared: right attempts without a call up to which anything is paid
    """

    @for_group
    def score(group: Group) -> list[float]:
        found = usage(group)
        sides = {side: [each.right for each in found if each.counts and each.used == side] for side in (True, False)}
        gain = max(0.0, rate(sides[True]) - rate(sides[False])) if sides[False] and sum(sides[False]) <= spared else 0.0
        return [gain * (each.used and each.right) for each in found]

    return score


RAN = ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=(0.0, 0.0, 9.0, 9.0), result="px:1")
EXAMPLES = [
    ("<answer>7</answer>", "7", 0.0, {"events": (RAN,)}),
    ("<answer>7</answer>", "7", 0.0, {}),
]
