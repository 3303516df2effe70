"""Did the attempt use the tool exactly where the picture needs it? A metric for adaptive looking.

Needs samples that know whether the overview suffices (``meta["overview_suffices"]``, as worlds do).
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.rewards._usage import usage_of


@reward
def need_met(*, right: bool = False) -> Callable[[Trajectory], Score]:
    """1 when a tool was used and the overview does not suffice, or none was and it does; else 0. None where it is not known.

    right: count only attempts that also answer right
    """

    def score(trajectory: Trajectory) -> Score:
        suffices = trajectory.sample.meta.get("overview_suffices")
        if not isinstance(suffices, bool):
            return Score(value=None, note="the sample does not say whether its overview suffices")
        found = usage_of(trajectory)
        return Score(value=float(found.used != suffices and (found.right or not right)))

    return score


RAN = ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=(0.0, 0.0, 9.0, 9.0), result="px:1")
EXAMPLES = [
    ("<answer>7</answer>", "7", 1.0, {"overview_suffices": False, "events": (RAN,)}),
    ("<answer>7</answer>", "7", 0.0, {"overview_suffices": False}),
    ("<answer>8</answer>", "7", 1.0, {"overview_suffices": True}),
    ("<answer>7</answer>", "7", None, {}),
]
