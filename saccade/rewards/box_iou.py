"""Overlap of the box in the answer with the true one: the grounding reward of Visual-RFT (arXiv 2503.01785) and VLM-R1.

Answer and target are in one frame: pixels of the picture, or what ``meta["answer_frame"]`` says. An answer with several
boxes has given none.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import box, read_answer
from saccade.rewards._transcript import answers


@reward
def box_iou(*, least: float = 0.0, strict: bool = False) -> Callable[[Trajectory], Score]:
    """Intersection over union, 0..1; values below `least` count as 0. Raises ValueError for a target that is no box."""

    def score(trajectory: Trajectory) -> Score:
        sample, written = trajectory.sample, answers(trajectory)
        frame = str(sample.meta.get("answer_frame", "px"))
        if box(sample.target, str(sample.target), frame) < 0.999:
            raise ValueError(f"sample {sample.id}: the target {str(sample.target)[:80]!r} is not one box x1, y1, x2, y2")
        found = read_answer(written[-1].text, strict=strict) if written else None
        value = 0.0 if found is None else box(sample.target, found, frame)
        return Score(value=value if value >= least else 0.0, extracted=found)

    return score


EXAMPLES = [
    ("<answer>[0, 0, 10, 10]</answer>", [0, 0, 10, 20], 0.5, {}),
    ("<answer>(5, 5) (20, 20)</answer>", [5, 5, 20, 20], 1.0, {}),
    ("<answer>[0, 0, 10, 10], [10, 10, 20, 20]</answer>", [0, 0, 10, 10], 0.0, {}),
    ("<answer>left</answer>", [0, 0, 10, 10], 0.0, {}),
    ("", [0, 0, 10, 10], 0.0, {}),
]
