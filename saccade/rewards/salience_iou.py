"""Overlap of looks with labelled objects, those that matter counting more (GRiP, November 2025).

The evidence of a question weighs 1, objects that lead to it (``meta["context"]``) less, distractors nothing: a model that
frames everything in sight is not paid for it. The publication names the reward; weights and charge are proposed here.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.media.boxes import iou, match
from saccade.rewards._looks import boxes, looked


@reward
def salience_iou(*, context: float = 0.3, distractor: float = 0.0, charge: float = 0.25) -> Callable[[Trajectory], Score]:
    """Sum of weight * overlap over objects and the looks matched to them one to one, over the sum of weights; minus `charge`
    times the share of looks that are nearest to an object of no weight, or to none. None for samples without evidence.

    context, distractor: weights of objects in ``meta["context"]`` and ``meta["distractors"]``; evidence weighs 1
    With equal weights and no charge this is plain matched overlap.
    """

    def score(trajectory: Trajectory) -> Score:
        meta = trajectory.sample.meta
        given = [(box, weight) for key, weight in (("evidence", 1.0), ("context", context), ("distractors", distractor))
                 for box in boxes(meta.get(key))]
        if not boxes(meta.get("evidence")):
            return Score(value=None, note="the sample knows no evidence boxes")
        looks = [event.box_xyxy for event in trajectory.events if looked(event) and event.box_xyxy is not None]
        counted = [(box, weight) for box, weight in given if weight > 0]
        pairs = match(looks, [box for box, _ in counted], least=0.0)
        gained = sum(counted[wanted][1] * overlap for _, wanted, overlap in pairs) / sum(weight for _, weight in counted)
        wasted = sum(nearest(look, given) <= 0 for look in looks) / len(looks) if looks else 0.0
        return Score(value=gained - charge * wasted, note=f"{len(looks)} looks, {len(pairs)} matched")

    def nearest(look: tuple[float, ...], given: list) -> float:
        overlap, weight = max((iou(look, box), weight) for box, weight in given)
        return weight if overlap > 0 else 0.0

    return score


def look(*edges: float) -> ToolEvent:
    return ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=edges, result="px:1")  # type: ignore[arg-type]


SCENE = {"evidence": [[0, 0, 10, 10]], "distractors": [[50, 50, 60, 60]]}
EXAMPLES = [
    ("7", "7", 0.5, {**SCENE, "events": (look(0, 0, 10, 20),)}),
    ("7", "7", 0.875, {**SCENE, "events": (look(0, 0, 10, 10), look(50, 50, 60, 60))}),
    ("7", "7", -0.25, {**SCENE, "events": (look(80, 80, 90, 90),)}),
    ("7", "7", 0.0, SCENE),
    ("7", "7", None, {}),
]
