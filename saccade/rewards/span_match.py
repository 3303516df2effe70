"""Whether the one false phrase of a caption was named (ViCrit, arXiv 2506.10128).

`Sample.target` is the phrase as it stands in the caption, ``meta["original"]`` what it replaced. ``exact`` asks for the
phrase, ``changed`` for its first changed word (the released scorer, which is paid by the caption said back; here the answer
may have only a few words more than the phrase), ``overlap`` grades by shared words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import final_answer
from saccade.text.distance import overlap
from saccade.text.equal import bare


@reward
def span_match(
    *, mode: Literal["exact", "changed", "overlap"] = "changed", extra: int = 2, strict: bool = False
) -> Callable[[Trajectory], Score]:
    """1 or 0 (0..1 for ``overlap``: F1 of words). extra: words beyond the phrase that ``changed`` allows."""
    if mode not in ("exact", "changed", "overlap"):
        raise ValueError(f"span_match: mode is exact, changed or overlap, not {mode!r}")

    def score(trajectory: Trajectory) -> Score:
        sample, found = trajectory.sample, bare((final_answer(trajectory, strict=strict) or "")[:4000])
        target = bare(str(sample.target))
        if not found:
            return Score(value=0.0, note="no answer")
        if mode == "overlap":
            return Score(value=overlap(found, target), extracted=found[:500])
        if mode == "exact":
            return Score(value=float(found == target), extracted=found[:500])
        changed = first_changed(target.split(), bare(str(sample.meta.get("original", ""))).split())
        short = len(found.split()) <= len(target.split()) + extra
        return Score(value=float(short and changed in found.split()), extracted=found[:500])

    return score


def first_changed(target: list[str], original: list[str]) -> str:
    """The first word of the phrase that the original does not have in that place; the first word where all agree."""
    for place, word in enumerate(target):
        if place >= len(original) or original[place] != word:
            return word
    return target[0] if target else ""


RED = {"original": "a blue star"}
EXAMPLES = [
    ("<answer>a red star</answer>", "a red star", 1.0, RED),
    ("<answer>red</answer>", "a red star", 1.0, RED),
    ("<answer>star</answer>", "a red star", 0.0, RED),
    ("<answer>a red star or the green cross below the two circles</answer>", "a red star", 0.0, RED),
    ("", "a red star", 0.0, RED),
]
