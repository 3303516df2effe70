"""Whether the caption alone is enough to answer: the caption reward of Visionary-R1 (arXiv 2505.14677).

A reader who sees the caption and the question but no picture answers (`follow_ups.blind_answer`); the caption earns what
that answer earns. A caption that already holds the answer or its reasoning earns nothing: the reader is told to say so, and
phrases that give it away are looked for as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import compare, read_answer
from saccade.rewards._transcript import last_words
from saccade.text.sections import section

LEAK = "LEAK"
"""What the reader says about a caption that holds the answer."""

GIVEN_AWAY = re.compile(r"\b(?:the |final |correct )*(?:answer|solution|option|result)\b\s*(?:is|:|=)|</?answer>|\\boxed",
                        re.IGNORECASE)


@reward
def caption_sufficiency(
    *, key: str = "blind_answer", part: str = "info", leaks: bool = True
) -> Callable[[Trajectory], Score]:
    """0..1; 0 without a caption in its tag; None where the reader was not asked or could not answer.

    leaks: look for leaks (off only as a control: captions then learn to hold the answer)
    """

    def score(trajectory: Trajectory) -> Score:
        caption, said = section(last_words(trajectory), part), trajectory.aux.get(key)
        if not caption:
            return Score(value=0.0, note=f"no {part}")
        if not isinstance(said, str):
            return Score(value=None, note="the blind reader gave no answer")
        if leaks and (LEAK in said or GIVEN_AWAY.search(caption[:20_000])):
            return Score(value=0.0, note="the caption holds the answer")
        found = read_answer(said, strict=False)
        value = 0.0 if found is None else compare(trajectory.sample, found)
        return Score(value=value, extracted=found and found[:500])

    return score


TOLD = "<info>A red star left of a blue cross.</info><think>Left.</think><answer>left</answer>"
EXAMPLES = [
    (TOLD, "left", 1.0, {"aux": {"blind_answer": "left"}}),
    (TOLD, "left", 0.0, {"aux": {"blind_answer": "right"}}),
    (TOLD, "left", 0.0, {"aux": {"blind_answer": "LEAK"}}),
    ("<info>The answer is left.</info><answer>left</answer>", "left", 0.0, {"aux": {"blind_answer": "left"}}),
    ("<answer>left</answer>", "left", 0.0, {"aux": {"blind_answer": "left"}}),
    (TOLD, "left", None, {}),
]
