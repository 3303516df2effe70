"""How near a number is: full marks inside a tolerance, falling along a cosine, nothing outside (arXiv 2503.20752).

For quantities that are read or measured rather than counted. With `inner` equal to `outer` it is a step: the relaxed
accuracy of chart questions has 0.05. Numbers that look like years can be asked for exactly, as in GLM-4.1V (arXiv
2507.01006): 2.5 % of a year is half a century.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import NUMERALS, final_answer
from saccade.text.numbers import number


@reward
def numeric_tolerance(
    *, inner: float = 0.05, outer: float = 0.2, years: bool = False, strict: bool = False
) -> Callable[[Trajectory], Score]:
    """1 for a relative error up to `inner`, 0 from `outer`, half a cosine between. A target of 0 is asked for exactly.

    years: whole targets from 1000 to 3000 must be met exactly. Raises ValueError for a target that is no number.
    """
    if not 0 <= inner <= outer:
        raise ValueError(f"numeric_tolerance: 0 <= inner <= outer is needed, not {inner} and {outer}")

    def score(trajectory: Trajectory) -> Score:
        sample = trajectory.sample
        wanted = number(str(sample.target), mode="strict")
        if wanted is None:
            raise ValueError(f"sample {sample.id}: the target {str(sample.target)[:80]!r} is not a number")
        found = final_answer(trajectory, strict=strict)
        held = {each.strip() for each in NUMERALS.findall((found or "")[:4000]) if each.strip()}
        given = number(held.pop()) if len(held) == 1 else None
        if given is None:
            return Score(value=0.0, extracted=found, note="not one number")
        exact = wanted.value == 0 or (years and wanted.value.is_integer() and 1000 <= wanted.value <= 3000)
        gap = abs(given.value - wanted.value)
        error = (0.0 if gap == 0 else math.inf) if exact else gap / abs(wanted.value)
        return Score(value=falling(error, inner, outer), extracted=found)

    return score


def falling(error: float, inner: float, outer: float) -> float:
    if error <= inner + 1e-12:
        return 1.0
    return 0.0 if error >= outer else (math.cos(math.pi * (error - inner) / (outer - inner)) + 1) / 2


EXAMPLES = [
    ("<answer>104</answer>", 100, 1.0, {}),
    ("<answer>112.5</answer>", 100, 0.5, {}),
    ("<answer>125</answer>", 100, 0.0, {}),
    ("<answer>100 or 200</answer>", 100, 0.0, {}),
    ("", 100, 0.0, {}),
]
