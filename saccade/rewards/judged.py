"""A judge's mark, 0 to 1: thinking quality (SophiaVL-R1, arXiv 2505.17018), sketch style (SketchThinker-R1), any other.

The judge is asked in a follow-up (`follow_ups.judge`) and its words are kept, so the reward can be computed again without
it. A reply that is not one number in the range is no mark at all, never a low one. How far a group's marks can be trusted,
and when they fade, belongs to the total (`composed`) and the weight (a ramp).
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import NUMERALS
from saccade.text.extract import answer_of
from saccade.text.numbers import number


@reward
def judged(*, key: str = "judge", most: float = 1.0) -> Callable[[Trajectory], Score]:
    """The mark over `most`, 0..1; None where no judge was asked or it gave no mark from 0 to `most`."""
    if most <= 0:
        raise ValueError(f"judged: most is above 0, not {most}")

    def score(trajectory: Trajectory) -> Score:
        said = trajectory.aux.get(key)
        if not isinstance(said, str):
            return Score(value=None, note="no judge was asked")
        found = mark(said)
        if found is None or not 0 <= found <= most:
            return Score(value=None, note=f"the judge wrote {said[:80]!r}")
        return Score(value=found / most, extracted=said[:200])

    return score


def mark(text: str) -> float | None:
    """The only number of the judge's answer (in tags, behind "score:", or bare)."""
    held = [each.strip() for each in NUMERALS.findall((answer_of(text) or "")[:500]) if each.strip()]
    read = number(held[0]) if len(held) == 1 else None
    return None if read is None else read.value / (100 if read.percent else 1)


EXAMPLES = [
    ("7", "7", 0.75, {"aux": {"judge": "0.75"}}),
    ("7", "7", 0.5, {"aux": {"judge": "<answer>0.5</answer>"}}),
    ("7", "7", None, {"aux": {"judge": "7"}}),
    ("7", "7", None, {"aux": {"judge": "somewhere from 0.1 to 0.9"}}),
    ("7", "7", None, {}),
]
