"""A penalty for saying the same again: minus the share of word n-grams that occurred before in the attempt.

A policy that is paid for length or for tags learns to repeat itself (arXiv 2502.03373, appendix). Texts shorter than one
n-gram cannot repeat. Over ``boxes`` it is the box repetition penalty of VLM-R1 (arXiv 2504.07615), over ``sentences`` what
VisionReasoner asks of its answers (arXiv 2505.12081).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._transcript import answers, said
from saccade.text.places import boxes


@reward
def repetition(
    *, n: int = 4, over: Literal["words", "sentences", "boxes"] = "words"
) -> Callable[[Trajectory], Score]:
    """From 0 (nothing repeated) towards -1 (all n-grams but one are repeats). Sentences and boxes are counted one by one."""
    if n < 1 or over not in ("words", "sentences", "boxes"):
        raise ValueError(f"repetition: n is at least 1 and over is words, sentences or boxes, not {n} and {over!r}")

    def score(trajectory: Trajectory) -> Score:
        text = "\n".join(said(message).lower() for message in answers(trajectory))
        if over == "words":
            words = text.split()
            grams = [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]
        elif over == "boxes":
            grams = [each.xyxy for each in boxes(text)]
        else:
            grams = [sentence for each in re.split(r"[.!?\n]+", text) if (sentence := " ".join(each.split()))]
        return Score(value=len(set(grams)) / len(grams) - 1.0 if grams else 0.0)

    return score


EXAMPLES = [
    ("one two three four five six", "", 0.0, {}),
    ("no no no no no no no no", "", -0.8, {}),
    ("", "", 0.0, {}),
]
