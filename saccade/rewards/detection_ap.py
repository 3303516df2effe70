"""Average precision of listed boxes, as a reward shortened by every box too many (VLM-R1, arXiv 2504.07615).

Confidences are mostly not stated, so the order of writing is the ranking, and boxes added at the end never lower average
precision: a policy learns to list boxes everywhere. Times min(1, true / listed), it learns to list what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._detections import found_and_wanted, overlaps
from saccade.text.detections import Detection

COCO = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
RECALLS = np.linspace(0, 1, 101)


@reward
def detection_ap(
    *, thresholds: Sequence[float] = COCO, length_scaled: bool = True, strict: bool = False
) -> Callable[[Trajectory], Score]:
    """Mean over overlap thresholds and labels, 0..1 (101 recall points, as COCO counts). ``(0.5,)`` gives AP50.

    length_scaled: times min(1, number there / number listed). Where nothing is there, 1 for listing nothing and else 0.
    """

    def score(trajectory: Trajectory) -> Score:
        found, wanted = found_and_wanted(trajectory, strict=strict)
        if found is None:
            return Score(value=0.0, note="no boxes could be read")
        note = f"{len(found)} listed, {len(wanted)} there"
        if not found or not wanted:
            return Score(value=float(len(found) == len(wanted)), note=note)
        labels = sorted({each.label for each in wanted})
        parts = [precision([each for each in found if each.label in (label, "") or not label],
                           [each for each in wanted if each.label == label], threshold)
                 for label in labels for threshold in thresholds]
        scale = min(1.0, len(wanted) / len(found)) if length_scaled else 1.0
        return Score(value=float(np.mean(parts)) * scale, note=note)

    return score


def precision(found: Sequence[Detection], wanted: Sequence[Detection], threshold: float) -> float:
    """Average precision of one label at one threshold; the most confident first, then in order of writing."""
    ranked = sorted(found, key=lambda each: -each.confidence)
    overlap, free, hits = overlaps(ranked, wanted), np.ones(len(wanted), bool), np.zeros(len(ranked))
    for rank in range(len(ranked)):
        reach = np.where(free, overlap[rank], -1.0)
        if reach.size and reach.max() >= threshold:
            free[int(reach.argmax())], hits[rank] = False, 1
    caught = np.cumsum(hits)
    share = caught / np.arange(1, len(ranked) + 1)
    best_from = np.maximum.accumulate(share[::-1])[::-1]
    at = np.searchsorted(caught / len(wanted), RECALLS - 1e-9)
    return float(np.mean(np.where(at < len(ranked), best_from[np.minimum(at, len(ranked) - 1)], 0.0))) if ranked else 0.0


CAT = [{"bbox_2d": [0, 0, 10, 10], "label": "cat"}]
EXAMPLES = [
    ('<answer>[{"bbox_2d": [0, 0, 10, 10], "label": "cat"}]</answer>', CAT, 1.0, {}),
    ('<answer>[{"bbox_2d": [0, 0, 10, 10], "label": "dog"}]</answer>', CAT, 0.0, {}),
    ('<answer>[{"bbox_2d": [0, 0, 10, 10], "label": "cat"}, {"bbox_2d": [50, 50, 60, 60], "label": "cat"}]</answer>', CAT,
     0.5, {}),
    ("<answer>none</answer>", "none", 1.0, {}),
    ("", CAT, 0.0, {}),
]
