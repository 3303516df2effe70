"""Which facts a reply states, as a judge found: the visual perception reward of Perception-R1 (arXiv 2506.07218).

The judge reads the reply and the list in ``meta["facts"]`` and writes 1 or 0 for each fact (`follow_ups.facts`). It never
says whether other things in the reply are false, so a policy may learn to recite: pair it with `repetition`, and watch
`fact_recall` where false facts are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory


@reward
def facts_judged(*, key: str = "facts") -> Callable[[Trajectory], Score]:
    """Share of facts the judge found, 0..1; None without facts, and where the judge gave no verdict on each."""

    def score(trajectory: Trajectory) -> Score:
        facts, said = trajectory.sample.meta.get("facts"), trajectory.aux.get(key)
        if not isinstance(facts, list | tuple) or not facts or not isinstance(said, str):
            return Score(value=None, note="no facts, or no judge was asked")
        marks = verdicts(said, len(facts))
        if marks is None:
            return Score(value=None, note=f"the judge wrote {said[:80]!r} for {len(facts)} facts")
        return Score(value=sum(marks) / len(marks), note="".join(map(str, marks)))

    return score


def verdicts(text: str, count: int) -> list[int] | None:
    """``1, 0, 1``, or one a line behind its number (``2: 0``); None unless there are exactly as many as facts."""
    marks = [int(each) for each in re.findall(r"(?<![\w.])(?:[0-9]{1,3}\s*[:.)]\s*)?([01])(?![\w.])", text[:4000])]
    return marks if len(marks) == count else None


TWO = ["red star", "two circles"]
EXAMPLES = [
    ("A red star.", "7", 0.5, {"facts": TWO, "aux": {"facts": "1, 0"}}),
    ("A red star.", "7", 1.0, {"facts": TWO, "aux": {"facts": "1: 1\n2: 1"}}),
    ("A red star.", "7", None, {"facts": TWO, "aux": {"facts": "I think all of them."}}),
    ("A red star.", "7", None, {"facts": TWO}),
]
