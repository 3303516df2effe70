"""How well the best look of an attempt covers the evidence: overlap of a crop with a true evidence box.

Both are in pixels of the root image, whatever frame the model wrote in and however deep the crop was. Needs samples that
know their evidence (``meta["evidence"]``, as worlds do); others get None, which is not zero. As a metric (weight 0) it
shows whether a model learns where to look before its answers improve.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.media.boxes import cover, iou
from saccade.rewards._looks import evidence as evidence_of
from saccade.rewards._looks import looked


@reward
def evidence_iou(*, measure: Literal["iou", "cover"] = "iou", least: float = 0.0) -> Callable[[Trajectory], Score]:
    """The best overlap over all looks and evidence boxes, 0..1; 0 without a look.

    measure: ``iou``, or ``cover``: the share of the evidence that is in the crop (a crop of everything covers all of it)
    least:   values below count as 0
    """

    def score(trajectory: Trajectory) -> Score:
        evidence = evidence_of(trajectory.sample)
        if not evidence:
            return Score(value=None, note="the sample knows no evidence boxes")
        looks = [event for event in trajectory.events if looked(event)]
        found = [iou(event.box_xyxy, box) if measure == "iou" else cover(box, event.box_xyxy)
                 for event in looks for box in evidence if event.box_xyxy is not None]
        best = max(found, default=0.0)
        return Score(value=best if best >= least else 0.0, note=f"{len(looks)} looks")

    return score


LOOK = ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=(0.0, 0.0, 20.0, 10.0), result="px:1")
EXAMPLES = [
    ("7", "7", 0.5, {"evidence": [[0, 0, 10, 10]], "events": (LOOK,)}),
    ("7", "7", 0.0, {"evidence": [[100, 100, 110, 110]], "events": (LOOK,)}),
    ("7", "7", 0.0, {"evidence": [[0, 0, 10, 10]]}),
    ("7", "7", None, {}),
]
