"""How near free text is to the target: edit distance, ANLS, word errors or ROUGE.

The answer rewards by type of Visionary-R1 (arXiv 2505.14677) and SophiaVL-R1 (arXiv 2505.17018): read text by ``anls`` or
``wer``, free answers by ``rouge``; ``edit`` with both thresholds is the one of GLM-4.1V (arXiv 2507.01006). Every measure
falls with each word too many, so long lists that hold the answer earn little.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import final_answer
from saccade.text.distance import anls, edit_similarity, overlap, shared_run, word_errors
from saccade.text.equal import plain

Measure = Literal["edit", "anls", "wer", "rouge"]


@reward
def text_overlap(
    *, measure: Measure = "rouge", low: float = 0.0, high: float = 1.0, strict: bool = False
) -> Callable[[Trajectory], Score]:
    """0..1; values below `low` count as 0 and from `high` on as 1.

    edit:  one minus edit distance over the longer length
    anls:  the same, 0 below a half
    wer:   exp(-word error rate)
    rouge: mean F1 of single words, pairs of words, and the longest common run
    """
    if measure not in ("edit", "anls", "wer", "rouge"):
        raise ValueError(f"text_overlap: measure is edit, anls, wer or rouge, not {measure!r}")

    def score(trajectory: Trajectory) -> Score:
        found, target = final_answer(trajectory, strict=strict), str(trajectory.sample.target)
        if not found:
            return Score(value=0.0, note="no answer")
        value = measured(measure, found, target)
        return Score(value=0.0 if value < low else 1.0 if value >= high else value, extracted=found[:500])

    return score


def measured(measure: Measure, found: str, target: str) -> float:
    if measure == "edit":
        return edit_similarity(plain(found), plain(target))
    if measure == "anls":
        return anls(found, target)
    if measure == "wer":
        return math.exp(-word_errors(found, target))
    pairs = overlap(found, target, size=2) if min(len(found.split()), len(target.split())) > 1 else None
    parts = [overlap(found, target), shared_run(found, target), *(() if pairs is None else (pairs,))]
    return sum(parts) / len(parts)


EXAMPLES = [
    ("<answer>a red bus</answer>", "a red bus", 1.0, {}),
    ("<answer>a red car</answer>", "a red bus", (2 / 3 + 2 / 3 + 1 / 2) / 3, {}),
    ("<answer>nothing there</answer>", "a red bus", 0.0, {}),
    ("", "a red bus", 0.0, {}),
]
