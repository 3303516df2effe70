"""Detection as a balance: how many true boxes were found, and how many listed ones are true.

`measure="weighted"` is the weighted sum of VLM-R1 (arXiv 2504.07615): 0.7 of the mean overlap of matched boxes, 0.3 of one
minus the mean of the shares missed and false. ``f1`` is what its hacking is seen by: boxes everywhere raise recall and ruin
it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._detections import found_and_wanted, greedy


@reward
def detection_f1(
    *, measure: Literal["f1", "weighted"] = "f1", least: float = 0.5, strict: bool = False
) -> Callable[[Trajectory], Score]:
    """0..1; matches overlap by more than `least`. Where nothing is there, 1 for listing nothing and else 0."""

    def score(trajectory: Trajectory) -> Score:
        found, wanted = found_and_wanted(trajectory, strict=strict)
        if found is None:
            return Score(value=0.0, note="no boxes could be read")
        if not found or not wanted:
            return Score(value=float(len(found) == len(wanted)))
        pairs = greedy(found, wanted, least)
        missed, false = 1 - len(pairs) / len(wanted), 1 - len(pairs) / len(found)
        if measure == "f1":
            return Score(value=2 * len(pairs) / (len(found) + len(wanted)), note=f"{len(pairs)} matched")
        place = sum(overlap for *_, overlap in pairs) / len(pairs) if pairs else 0.0
        return Score(value=0.7 * place + 0.3 * (1 - (missed + false) / 2) if pairs else 0.0, note=f"{len(pairs)} matched")

    return score


TWO = [[0, 0, 10, 10], [20, 20, 30, 30]]
EXAMPLES = [
    ("<answer>[[0, 0, 10, 10], [20, 20, 30, 30]]</answer>", TWO, 1.0, {}),
    ("<answer>[[0, 0, 10, 10]]</answer>", TWO, 2 / 3, {}),
    ("<answer>[[50, 50, 60, 60]]</answer>", TWO, 0.0, {}),
    ("", TWO, 0.0, {}),
]
