"""Whether stated confidences are deserved: sure of boxes that hit, unsure of those that miss (Visual-RFT, arXiv 2503.01785).

The published term is a mean over the listed boxes: c where a box is matched, 1 - c where it is not. It pays in full for
boxes everywhere that all say they are unsure, so it is only ever half of a reward. Here an answer without any match earns
nothing and boxes too many shorten the rest; `published=True` gives the term as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._detections import found_and_wanted, greedy


@reward
def detection_confidence(
    *, least: float = 0.5, published: bool = False, strict: bool = False
) -> Callable[[Trajectory], Score]:
    """0..1; a box without a stated confidence is sure. None where nothing is there to be found and nothing was listed."""

    def score(trajectory: Trajectory) -> Score:
        found, wanted = found_and_wanted(trajectory, strict=strict)
        if found == () and not wanted:
            return Score(value=None, note="nothing there, nothing listed")
        if not found:
            return Score(value=0.0, note="no boxes")
        hits = {i for i, _, _ in greedy(found, wanted, least)}
        if not hits and not published:
            return Score(value=0.0, note="no box hits")
        each = [item.confidence if i in hits else 1 - item.confidence for i, item in enumerate(found)]
        scale = 1.0 if published else min(1.0, len(wanted) / len(found))
        return Score(value=scale * sum(each) / len(each), note=f"{len(hits)} of {len(found)} hit")

    return score


ONE = [[0, 0, 10, 10]]
EXAMPLES = [
    ("<answer>[{'Position': [0, 0, 10, 10], 'Confidence': 0.9}]</answer>", ONE, 0.9, {}),
    ("<answer>[{'Position': [0, 0, 10, 10], 'Confidence': 0.9}, {'Position': [40, 40, 50, 50], 'Confidence': 0.0}]</answer>",
     ONE, 0.475, {}),
    ("<answer>[{'Position': [40, 40, 50, 50], 'Confidence': 0.0}]</answer>", ONE, 0.0, {}),
    ("", ONE, 0.0, {}),
]
