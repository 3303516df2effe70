"""Overlap of the box in the answer with the true one: the grounding reward of Visual-RFT (arXiv 2503.01785) and VLM-R1.

Answer and target are in one frame: pixels of the picture, or what ``meta["answer_frame"]`` says. An answer with several
boxes has given none. `measure="giou"` (arXiv 1902.09630) tells near misses from far ones, from -1 to 1; no box at all is as
bad as the farthest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.media.boxes import giou
from saccade.rewards._correct import FRAMES, box, one_box, read_answer
from saccade.rewards._transcript import answers


@reward
def box_iou(
    *, measure: Literal["iou", "giou"] = "iou", least: float = 0.0, strict: bool = False
) -> Callable[[Trajectory], Score]:
    """Intersection over union, 0..1; values below `least` count as 0 (`giou` has no floor). Raises ValueError for a target
    that is no box."""

    def score(trajectory: Trajectory) -> Score:
        sample, written = trajectory.sample, answers(trajectory)
        frame = str(sample.meta.get("answer_frame", "px"))
        if box(sample.target, str(sample.target), frame) < 0.999:
            raise ValueError(f"sample {sample.id}: the target {str(sample.target)[:80]!r} is not one box x1, y1, x2, y2")
        found = read_answer(written[-1].text, strict=strict) if written else None
        if measure == "giou":
            return Score(value=generalised(sample.target, found, frame), extracted=found)
        value = 0.0 if found is None else box(sample.target, found, frame)
        return Score(value=value if value >= least else 0.0, extracted=found)

    return score


def generalised(target: Any, found: str | None, frame: str) -> float:
    wanted, given = one_box(str(target), FRAMES[frame]), one_box(found or "", FRAMES[frame])
    return giou(wanted.xyxy, given.xyxy) if wanted and given and wanted.frame == given.frame else -1.0


EXAMPLES = [
    ("<answer>[0, 0, 10, 10]</answer>", [0, 0, 10, 20], 0.5, {}),
    ("<answer>(5, 5) (20, 20)</answer>", [5, 5, 20, 20], 1.0, {}),
    ("<answer>[0, 0, 10, 10], [10, 10, 20, 20]</answer>", [0, 0, 10, 10], 0.0, {}),
    ("<answer>left</answer>", [0, 0, 10, 10], 0.0, {}),
    ("", [0, 0, 10, 10], 0.0, {}),
]
