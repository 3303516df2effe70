"""How many ways an attempt misused its tools: too many calls, a right answer off the evidence, undoing what was not done.

The penalties of CodeVision (December 2025), against policies that learn to collect rewards for tools. Use it with a
negative weight.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.media.boxes import iou
from saccade.rewards._correct import correctness
from saccade.rewards._looks import Measure, evidence, matched
from saccade.rewards._required import operation, required_of


@reward
def tool_faults(*, spare: int = 1, least: float = 0.1, measure: Measure = "iou") -> Callable[[Trajectory], Score]:
    """0..3, one for each fault:

    more calls than the sample requires and `spare`; a right answer although no crop overlaps the required evidence by
    `least` (or shows it, for measure ``cover``); a turn or mirroring of a picture that needs none
    """

    def score(trajectory: Trajectory) -> Score:
        required = required_of(trajectory)
        done = [operation(event) for event in trajectory.events if event.error is None]
        faults = []
        if len(trajectory.events) > len(required) + spare:
            faults.append("too many calls")
        if "crop" in required and (correctness(trajectory).value or 0.0) >= 0.5 and not seen(trajectory):
            faults.append("right off the evidence")
        if any(each and each != "crop" for each in done) and not any(each != "crop" for each in required):
            faults.append("undid nothing")
        return Score(value=float(len(faults)), note=", ".join(faults))

    def seen(trajectory: Trajectory) -> bool:
        crops = [event.box_xyxy for event in trajectory.events if event.error is None and event.box_xyxy is not None]
        return any((iou(box, each) >= least) if measure == "iou" else matched(box, each, measure=measure, least=least) > 0
                   for box in crops for each in evidence(trajectory.sample))

    return score


TURN = ToolEvent(step=1, name="rotate", arguments={"degrees": 90.0})
LOOK = ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=(50.0, 50.0, 60.0, 60.0), result="px:1")
EXAMPLES = [
    ("<answer>7</answer>", "7", 0.0, {}),
    ("<answer>7</answer>", "7", 1.0, {"events": (TURN,)}),
    ("<answer>7</answer>", "7", 3.0, {"evidence": [[0, 0, 10, 10]], "events": (TURN, LOOK, LOOK)}),
    ("<answer>8</answer>", "7", 1.0, {"evidence": [[0, 0, 10, 10]], "events": (LOOK, LOOK, LOOK)}),
]
