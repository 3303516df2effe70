"""Looks at the evidence count for, looks at the irrelevant against; without evidence, any look does (DeFacto).

(September 2025.) Boxes are matched one to one in the order of their overlap; many boxes do not help, for the sum is
divided by the number of looks where that is larger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.media.boxes import match
from saccade.rewards._looks import Measure, boxes, looked, matched


@reward
def evidence_contrast(*, least: float = 0.5, measure: Measure = "iou") -> Callable[[Trajectory], Score]:
    """s(evidence) - s(distractors), -1..1, s the sum of matched overlaps over max(looks, boxes). Counterfactual samples: -1
    with a look, 1 without.

    least, measure: when a look matches a box: overlap of at least `least`, or (``cover``) what `look_share` calls correct
    None for samples that know no evidence and are no counterfactual.
    """

    def score(trajectory: Trajectory) -> Score:
        meta = trajectory.sample.meta
        looks = [event.box_xyxy for event in trajectory.events if looked(event) and event.box_xyxy is not None]
        if meta.get("sample_type") == "counterfactual":
            return Score(value=-1.0 if looks else 1.0, note=f"{len(looks)} looks without evidence")
        if not boxes(meta.get("evidence")):
            return Score(value=None, note="the sample knows no evidence boxes")
        value = overlap(looks, boxes(meta.get("evidence"))) - overlap(looks, boxes(meta.get("distractors")))
        return Score(value=max(-1.0, min(1.0, value)), note=f"{len(looks)} looks")

    def overlap(looks: Sequence[Sequence[float]], wanted: Sequence[Sequence[float]]) -> float:
        if not looks or not wanted:
            return 0.0
        if measure == "iou":
            found = sum(value for _, _, value in match(looks, wanted, least=least))
        else:
            found = sum(max(matched(look, box, measure=measure, least=least) for look in looks) for box in wanted)
        return found / max(len(looks), len(wanted))

    return score


def look(*edges: float) -> ToolEvent:
    return ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=edges, result="px:1")  # type: ignore[arg-type]


SCENE = {"evidence": [[0, 0, 10, 10]], "distractors": [[50, 50, 60, 60]]}
EXAMPLES = [
    ("7", "7", 1.0, {**SCENE, "events": (look(0, 0, 10, 10),)}),
    ("7", "7", -1.0, {**SCENE, "events": (look(50, 50, 60, 60),)}),
    ("7", "7", 0.0, {**SCENE, "events": (look(0, 0, 10, 10), look(50, 50, 60, 60))}),
    ("7", "7", 0.0, SCENE),
    ("7", "7", -1.0, {"sample_type": "counterfactual", "events": (look(0, 0, 10, 10),)}),
    ("7", "7", None, {}),
]
