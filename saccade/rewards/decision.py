"""Whether the right way of solving was chosen: code for what a table carries, looking for what it does not.

The decision reward of "A Guide for Code-as-Thought in Chart Understanding" (arXiv 2509.09286). The reply begins with one
strategy tag, ``<CODE>`` or ``<DIRECT>``; ``meta["programmable"]`` says whether code would keep what the question needs. The
worth of the right choice with a wrong answer is not published: a half is proposed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import correctness
from saccade.rewards._transcript import answers

STRATEGY = re.compile(r"<(CODE|DIRECT)>")


@reward
def decision(*, partial: float = 0.5, strict: bool = False) -> Callable[[Trajectory], Score]:
    """1 for the right strategy and answer, `partial` for the strategy alone, 0 for the other one, none or both. None where
    the sample does not say which is right."""

    def score(trajectory: Trajectory) -> Score:
        wanted = trajectory.sample.meta.get("programmable")
        if not isinstance(wanted, bool):
            return Score(value=None, note="the sample does not say whether it is programmable")
        chosen = strategy(trajectory)
        if chosen is None or (chosen == "CODE") != wanted:
            return Score(value=0.0, note=f"chose {chosen}")
        right = (correctness(trajectory, strict=strict).value or 0.0) >= 0.5
        return Score(value=1.0 if right else partial, note=f"chose {chosen}")

    return score


def strategy(trajectory: Trajectory) -> str | None:
    """The strategy tag that the first message begins with, if it is the only one."""
    written = answers(trajectory)
    text = written[0].text if written else ""
    tags = STRATEGY.findall(text)
    return tags[0] if len(tags) == 1 and text.lstrip().startswith(f"<{tags[0]}>") else None


YES = {"programmable": True}
EXAMPLES = [
    ("<CODE>x = [3, 4]<answer>7</answer>", "7", 1.0, YES),
    ("<CODE>x = [3, 4]<answer>8</answer>", "7", 0.5, YES),
    ("<DIRECT><answer>7</answer>", "7", 0.0, YES),
    ("<CODE><DIRECT><answer>7</answer>", "7", 0.0, YES),
    ("<CODE><answer>7</answer>", "7", None, {}),
]
