"""Whether a reply goes step by step: numbered steps, bullets and words of order, up to three (Reason-RFT, arXiv 2503.20752).

A weak shaping of form; it says nothing about what the steps hold, so it belongs behind a gate or late in a run (`after`).
Lines count, not words: one line full of "first, second, third" is one step.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._transcript import last_words

MARKER = re.compile(r"(?:step\s+[0-9]+|[0-9]{1,2}[.)]|[-*•]\s|(?:first|second|third|next|then|finally)\b)", re.IGNORECASE)
WORDS = re.compile(r"[^\W\d_]{2,}\W+(?:\w+\W+)*?[^\W\d_]{2,}")


@reward
def step_markers(*, enough: int = 3) -> Callable[[Trajectory], Score]:
    """min(1, steps / enough); a step is a line that begins with a marker and goes on with at least two words."""
    if enough < 1:
        raise ValueError(f"step_markers: enough is at least 1, not {enough}")

    def score(trajectory: Trajectory) -> Score:
        text = re.sub(r"</?think>", "\n", last_words(trajectory))
        lines = {line.strip().lower() for line in text.splitlines()}
        steps = [line for line in lines if (marker := MARKER.match(line)) and WORDS.search(line[marker.end():])]
        return Score(value=min(1.0, len(steps) / enough), note=f"{len(steps)} steps")

    return score


EXAMPLES = [
    ("Step 1: find the cup.\nStep 2: find the saucer.\nFinally, compare them.\n<answer>7</answer>", "7", 1.0, {}),
    ("Step 1: find the cup.\nStep 1: find the cup.\n<answer>7</answer>", "7", 1 / 3, {}),
    ("1. 2. 3. 4.", "7", 0.0, {}),
    ("", "7", 0.0, {}),
]
