"""Whether the final answer is right: the outcome reward of nearly every method here.

The last message is read for its answer (tags, ``\\boxed{}``; leniently also "the answer is ..." or a short reply), and
compared as `answer_type` of the sample says: ``exact``, ``choice``, ``number``, ``box``, ``sequence``. Samples of a world
are judged by the world itself. An attempt that never answered is wrong, not excused.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import correctness


@reward
def answer_match(*, strict: bool = False, partial: bool = False, tolerance: float = 0.0) -> Callable[[Trajectory], Score]:
    """1 for a right answer, else 0.

    strict:    only one answer, in tags or a box, in the last message; lenient also reads answers without them
    partial:   graded where the type allows it (overlap of a box, share of a sequence) instead of 1 from 0.5 upwards
    tolerance: relative error that a number may have
    """

    def score(trajectory: Trajectory) -> Score:
        return correctness(trajectory, strict=strict, partial=partial, tolerance=tolerance)

    return score


EXAMPLES = [
    ("<answer>7</answer>", "7", 1.0, {}),
    ("<think>Red is at the left.</think>The answer is 7.", "7", 1.0, {}),
    ("\\boxed{0.50}", 0.5, 1.0, {}),
    ("<answer>(B) a dog</answer>", "B", 1.0, {"answer_type": "choice", "choices": ("a cat", "a dog")}),
    ("<answer>[10, 10, 50, 50]</answer>", [12, 10, 50, 52], 1.0, {"answer_type": "box"}),
    ("<answer>up, left, left</answer>", ["up", "left", "left"], 1.0, {"answer_type": "sequence"}),
    ("<answer>0 1 2 3 4 5 6 7 8 9</answer>", "7", 0.0, {}),
    ("<answer>6</answer><answer>7</answer>", "7", 0.0, {}),
    ("", "7", 0.0, {}),
]
