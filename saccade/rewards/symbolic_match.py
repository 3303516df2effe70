"""Whether the answer is the same mathematical expression as the target (math-verify, extra `math`).

Equal text is equal without any mathematics, so that plain answers need no extra. Comparison runs in a process with a
deadline: an expression that never simplifies is a wrong answer, not a hanging run.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import final_answer
from saccade.text.equal import exact
from saccade.text.symbolic import symbolic

MOST = 200
"""Characters of an expression; a longer answer is a list or a text, and simplifying it would take minutes."""


@reward
def symbolic_match(*, strict: bool = True, timeout_s: float = 5.0) -> Callable[[Trajectory], Score]:
    """1 for an equal expression, else 0. strict: the answer stands in tags or a box, once."""

    def score(trajectory: Trajectory) -> Score:
        found, target = final_answer(trajectory, strict=strict), str(trajectory.sample.target)
        if found is None:
            return Score(value=0.0, note="no answer")
        if len(found) > MOST:
            return Score(value=0.0, extracted=found[:500], note=f"longer than {MOST} characters")
        same = exact(found, target, mode="strict") or symbolic(found, target, timeout_s=timeout_s)
        return Score(value=float(same), extracted=found[:500])

    return score


EXAMPLES = [
    (r"\boxed{x + 1}", "x + 1", 1.0, {}),
    ("x + 1", "x + 1", 0.0, {}),
    ("", "x + 1", 0.0, {}),
]
