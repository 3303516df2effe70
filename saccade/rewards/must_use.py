"""Pay the operations that an item needs, each once, crops by how much they improve (CodeVision, December 2025).

``meta["required"]`` lists them in order (``rotate90``, ``flip_h``, ``crop``, ...), as `data.corruption.corrupted` writes
it. Dense and
bounded: what is done twice earns nothing twice, and a box must be better than the last to earn more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.media.boxes import iou
from saccade.rewards._looks import Measure, evidence, matched
from saccade.rewards._required import operation, required_of
from saccade.rewards._usage import ran


@reward
def must_use(*, exact: float = 0.1, measure: Measure = "iou") -> Callable[[Trajectory], Score]:
    """Share of the required operations that were done, a crop counting its best match; + `exact` for these and nothing
    else, in order. None for samples that require nothing.

    measure: overlap of a crop with its evidence as it is (``iou``), or what `look_share` calls correct (``cover``)
    """

    def score(trajectory: Trajectory) -> Score:
        required = required_of(trajectory)
        if not required:
            return Score(value=None, note="the sample requires no operation")
        done = [each for each in (operation(event) for event in trajectory.events if ran(event)) if each]
        left, earned = list(done), 0.0
        for name in required:
            if name != "crop" and name in left:
                left.remove(name)
                earned += 1.0
        crops = [event.box_xyxy for event in trajectory.events if ran(event) and event.box_xyxy is not None]
        wanted = evidence(trajectory.sample)[: required.count("crop")]
        earned += sum(max((fit(box, each) for box in crops), default=0.0) for each in wanted)
        bonus = exact if done == list(required) and earned > len(required) - 1 else 0.0
        return Score(value=earned / len(required) + bonus, note=", ".join(done))

    def fit(box: Sequence[float], wanted: Sequence[float]) -> float:
        return iou(box, wanted) if measure == "iou" else matched(box, wanted, measure=measure, least=0.0)

    return score


TURN = ToolEvent(step=1, name="rotate", arguments={"degrees": 90.0})
LOOK = ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=(0.0, 0.0, 10.0, 20.0), result="px:1")
NEEDS = {"required": ["rotate90", "crop"], "evidence": [[0, 0, 10, 10]]}
EXAMPLES = [
    ("7", "7", 0.85, {**NEEDS, "events": (TURN, LOOK)}),
    ("7", "7", 0.5, {**NEEDS, "events": (TURN, TURN)}),
    ("7", "7", 0.25, {**NEEDS, "events": (LOOK,)}),
    ("7", "7", 0.0, NEEDS),
    ("7", "7", None, {}),
]
