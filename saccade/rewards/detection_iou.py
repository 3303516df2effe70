"""How well listed boxes lie on the true ones: the detection reward of Visual-RFT (arXiv 2503.01785).

Each listed box, most confident first, takes the best true box still free; overlaps up to a half count as 0. The sum is
divided by the larger of both numbers, so that boxes too many and boxes too few cost the same. Nothing listed where nothing
is there is right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._detections import found_and_wanted, greedy


@reward
def detection_iou(
    *, least: float = 0.5, per: Literal["larger", "found"] = "larger", strict: bool = False
) -> Callable[[Trajectory], Score]:
    """Sum of matched overlaps, 0..1. per: divided by the larger number of boxes, or (an earlier variant, paid by listing one
    sure box only) by the number found."""

    def score(trajectory: Trajectory) -> Score:
        found, wanted = found_and_wanted(trajectory, strict=strict)
        if found is None:
            return Score(value=0.0, note="no boxes could be read")
        if not found and not wanted:
            return Score(value=1.0, note="rightly nothing")
        total = sum(overlap for _, _, overlap in greedy(found, wanted, least))
        number = max(len(found), len(wanted)) if per == "larger" else max(len(found), 1)
        return Score(value=min(total / number, 1.0), note=f"{len(found)} found, {len(wanted)} there")

    return score


TWO = [[0, 0, 10, 10], [20, 20, 30, 30]]
EXAMPLES = [
    ("<answer>[[0, 0, 10, 10], [20, 20, 30, 30]]</answer>", TWO, 1.0, {}),
    ("<answer>[{'Position': [0, 0, 10, 8], 'Confidence': 0.9}]</answer>", TWO, 0.4, {}),
    ("<answer>[[0, 0, 10, 10], [0, 0, 10, 10], [20, 20, 30, 30], [50, 50, 60, 60]]</answer>", TWO, 2 / 3, {}),
    ("<answer>none</answer>", [], 1.0, {}),
    ("<answer>[[0, 0, 10, 10]]</answer>", [], 0.0, {}),
    ("", TWO, 0.0, {}),
]
