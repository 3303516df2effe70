"""How like the picture is what the program in the answer draws? (RRVF, arXiv 2507.20766)

The published reward asks a judge to compare both pictures; where the renderer is exact no judge is needed. ``objects``
counts shapes found again (F1, graded by their parts), ``pixels`` is one minus the difference over that of a blank sheet, so
that a blank sheet earns nothing. Samples carry ``meta["program"]``, as those of the world `drawings` do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import final_answer
from saccade.worlds.drawings import alike, draw, read_program


@reward
def render_similarity(
    *, measure: Literal["objects", "pixels"] = "objects", strict: bool = False
) -> Callable[[Trajectory], Score]:
    """0..1; 0 for a program that does not run; None for samples without a program."""
    if measure not in ("objects", "pixels"):
        raise ValueError(f"render_similarity: measure is objects or pixels, not {measure!r}")

    def score(trajectory: Trajectory) -> Score:
        wanted = read_program(str(trajectory.sample.meta.get("program", "")))
        if wanted is None:
            return Score(value=None, note="the sample has no program")
        found = read_program(final_answer(trajectory, strict=strict) or "")
        if found is None:
            return Score(value=0.0, note="the program does not run")
        if measure == "objects":
            return Score(value=alike(found, wanted), note=f"{len(found)} shapes for {len(wanted)}")
        one, other, blank = (np.asarray(draw(shapes), dtype=float) for shapes in (found, wanted, ()))
        return Score(value=max(0.0, 1 - float(np.abs(one - other).sum() / np.abs(blank - other).sum())))

    return score


SHOWN = {"program": "star red large 4 4; circle blue small 12 12"}
EXAMPLES = [
    ("<answer>star red large 4 4; circle blue small 12 12</answer>", "", 1.0, SHOWN),
    ("<answer>star red large 5 4; circle green small 12 11</answer>", "", 0.875, SHOWN),
    ("<answer>star red large 4 4</answer>", "", 2 / 3, SHOWN),
    ("<answer>a red star</answer>", "", 0.0, SHOWN),
    ("<answer>star red large 4 4</answer>", "", None, {}),
]
