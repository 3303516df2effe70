"""A penalty for saying the same again: minus the share of word n-grams that occurred before in the attempt.

A policy that is paid for length or for tags learns to repeat itself (arXiv 2502.03373, appendix). Texts shorter than one
n-gram cannot repeat.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._transcript import answers, said


@reward
def repetition(*, n: int = 4) -> Callable[[Trajectory], Score]:
    """From 0 (nothing repeated) towards -1 (all n-grams but one are repeats)."""
    if n < 1:
        raise ValueError(f"repetition: n is at least 1, not {n}")

    def score(trajectory: Trajectory) -> Score:
        words = [word for message in answers(trajectory) for word in said(message).lower().split()]
        grams = [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]
        return Score(value=len(set(grams)) / len(grams) - 1.0 if grams else 0.0)

    return score


EXAMPLES = [
    ("one two three four five six", "", 0.0, {}),
    ("no no no no no no no no", "", -0.8, {}),
    ("", "", 0.0, {}),
]
