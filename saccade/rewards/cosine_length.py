"""Short when right, long when wrong: reward by length along a cosine (VLM-R1, arXiv 2504.07615).

A right answer earns from 1 (nothing said) to 0.5 (at `most`), a wrong one from 0 down to -0.5: being wrong never pays, and
among right answers the shorter is better. Lengths are sampled tokens where they are recorded, else words.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import correctness
from saccade.rewards._transcript import num_written


@reward
def cosine_length(
    *, most: int = 1024, right: tuple[float, float] = (1.0, 0.5), wrong: tuple[float, float] = (0.0, -0.5),
    strict: bool = False,
) -> Callable[[Trajectory], Score]:
    """right, wrong: value at length 0 and from `most` on. Raises ValueError where a wrong answer could earn more than a
    right one."""
    if max(wrong) > min(right) or most < 1:
        raise ValueError(f"cosine_length: wrong answers {wrong} must not earn more than right ones {right}; most is {most}")

    def score(trajectory: Trajectory) -> Score:
        count, unit = num_written(trajectory)
        start, end = right if (correctness(trajectory, strict=strict).value or 0.0) >= 0.5 else wrong
        share = (1 - math.cos(math.pi * min(count / most, 1.0))) / 2
        return Score(value=start + (end - start) * share, note=f"{count} {unit}")

    return score


EXAMPLES = [
    ("<answer>7</answer>", "7", 1 - (1 - math.cos(math.pi / 1024)) / 4, {}),
    ("<answer>7</answer>" + " word" * 2000, "7", 0.5, {}),
    ("", "7", 0.0, {}),
    ("<answer>8</answer>" + " word" * 2000, "7", -0.5, {}),
]
