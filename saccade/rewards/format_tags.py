"""Whether every message keeps the grammar: at most one thought first, then calls, or one answer in tags.

The styles: `well_formed` gives 1 or 0; `deepeyes` gives 0, or -1 for a reply that breaks the grammar, as the code of
DeepEyes does (arXiv 2505.14362), so that form alone never pays. Tags that stand inside one another or are repeated
break it: repeated answer tags are the oldest trick against a reward that reads the last one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from saccade.core.message import Message
from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._transcript import answers, said

TAG = re.compile(r"</?(think|answer)>")


@reward
def format_tags(
    *, style: Literal["well_formed", "deepeyes"] = "well_formed", think: bool = False, answer: bool = True
) -> Callable[[Trajectory], Score]:
    """1 (or 0) when every message is well formed, else 0 (or -1). `think` and `answer`: the tags that must be there.

    An answer is asked of the last message only, a thought of every one.
    """
    good, bad = (1.0, 0.0) if style == "well_formed" else (0.0, -1.0)

    def score(trajectory: Trajectory) -> Score:
        written = answers(trajectory)
        if not written:
            return Score(value=bad, note="nothing was said")
        for at, message in enumerate(written):
            fault = fault_of(message, think=think, answer=answer and at == len(written) - 1)
            if fault:
                return Score(value=bad, note=f"message {at + 1}: {fault}")
        return Score(value=good)

    return score


def fault_of(message: Message, *, think: bool, answer: bool) -> str:
    """What is wrong with the form of a message; empty when nothing is."""
    broken = next((call.error for call in message.calls if call.error), None)
    if broken:
        return f"a call that cannot be read: {broken}"
    text = said(message)
    tags = [found.group() for found in TAG.finditer(text)]
    thought, answered = tags[:2] == ["<think>", "</think>"], tags[-2:] == ["<answer>", "</answer>"]
    if tags not in ([], ["<think>", "</think>"], ["<answer>", "</answer>"],
                    ["<think>", "</think>", "<answer>", "</answer>"]):
        return f"tags {' '.join(tags)[:80]}"
    if thought and text.partition("<think>")[0].strip():
        return "words before the thought"
    if think and not (thought and text.partition("<think>")[2].partition("</think>")[0].strip()):
        return "no thought"
    if answer and not (answered and text.partition("<answer>")[2].partition("</answer>")[0].strip()):
        return "no answer in tags"
    if answered and text.rpartition("</answer>")[2].strip():
        return "words or calls after the answer"
    return ""


EXAMPLES = [
    ("<answer>7</answer>", "7", 1.0, {}),
    ("<think>The red card says 7.</think><answer>7</answer>", "7", 1.0, {}),
    ("7", "7", 0.0, {}),
    ("<answer>7</answer><answer>8</answer>", "7", 0.0, {}),
    ("<answer></answer>", "7", 0.0, {}),
    ("<think>well<answer>7</answer></think>", "7", 0.0, {}),
]
