"""Whether the program in the answer runs at all (the format part of RRVF, arXiv 2507.20766).

A small reward beside `render_similarity`: without it a policy that cannot yet draw has nothing to learn from. Programs are
those of the world `drawings`; reading one is running it.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import final_answer
from saccade.worlds.drawings import read_program


@reward
def executes(*, strict: bool = False) -> Callable[[Trajectory], Score]:
    """1 for a program that runs, else 0."""

    def score(trajectory: Trajectory) -> Score:
        found = read_program(final_answer(trajectory, strict=strict) or "")
        return Score(value=float(found is not None), note="" if found is None else f"{len(found)} shapes")

    return score


EXAMPLES = [
    ("<answer>star red large 4 4; circle blue small 12 12</answer>", "", 1.0, {}),
    ("<answer>star of red at 4 4</answer>", "", 0.0, {}),
    ("", "", 0.0, {}),
]
