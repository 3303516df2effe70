"""How well a set of items was named: the classification and choice rewards of Curr-ReFT (arXiv 2503.07065).

Jaccard pays for every right item and charges for every wrong one, so naming everything there is earns little; `exact` wants
the very set. Items are separated by commas, semicolons or "and"; order and repetition do not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import final_answer
from saccade.text.equal import as_set, bare


@reward
def set_overlap(
    *, measure: Literal["jaccard", "exact", "f1"] = "jaccard", strict: bool = False
) -> Callable[[Trajectory], Score]:
    """0..1 against the target, a list or a text with separators. Raises ValueError for an empty target."""
    if measure not in ("jaccard", "exact", "f1"):
        raise ValueError(f"set_overlap: measure is jaccard, exact or f1, not {measure!r}")

    def score(trajectory: Trajectory) -> Score:
        sample = trajectory.sample
        wanted = sample.target if isinstance(sample.target, list | tuple | set) else str(sample.target)
        if not any(bare(str(each)) for each in wanted):
            raise ValueError(f"sample {sample.id}: the target names nothing; give a list of items, or ['none']")
        found = final_answer(trajectory, strict=strict)
        if found is None:
            return Score(value=0.0, note="no answer")
        jaccard = as_set(found[:4000], wanted)
        value = {"jaccard": jaccard, "exact": float(jaccard == 1.0), "f1": 2 * jaccard / (1 + jaccard)}[measure]
        return Score(value=value, extracted=found[:500])

    return score


EXAMPLES = [
    ("<answer>star, circle</answer>", ["circle", "star"], 1.0, {}),
    ("<answer>star and cross</answer>", ["circle", "star"], 1 / 3, {}),
    ("<answer>star</answer>", "star; circle", 0.5, {}),
    ("", ["star"], 0.0, {}),
]
