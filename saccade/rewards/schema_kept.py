"""Half a point for the exact schema, a charge that grows with what stands outside it (MindWatcher, December 2025)."""

from __future__ import annotations

import re
from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._transcript import answers

INSIDE = re.compile(r"<(think|answer)>.*?</\1>", re.DOTALL)


@reward
def schema_kept(*, per_character: float = 0.01, most: float = 1.0) -> Callable[[Trajectory], Score]:
    """0.5 when every message is a thought and calls, the last one a thought and one answer, all in tags; else
    -0.5 - per_character * characters outside tags, that charge at most `most`.
    """

    def score(trajectory: Trajectory) -> Score:
        written = answers(trajectory)
        if not written:
            return Score(value=-0.5, note="nothing was said")
        outside = sum(len(INSIDE.sub("", message.text).strip()) for message in written)
        answered = [len(re.findall(r"<answer>", message.text)) for message in written]
        unread = any(call.error for message in written for call in message.calls)
        kept = not outside and not unread and answered[-1] == 1 and not any(answered[:-1])
        kept = kept and not written[-1].calls and all(message.calls for message in written[:-1])
        return Score(value=0.5 if kept else -0.5 - min(per_character * outside, most), note=f"{outside} characters outside")

    return score


EXAMPLES = [
    ("<answer>7</answer>", "7", 0.5, {}),
    ("<think>It is red.</think><answer>7</answer>", "7", 0.5, {}),
    ("So 7 it is", "7", -0.6, {}),
    ("", "7", -0.5, {}),
    ("x" * 9999, "7", -1.5, {}),
]
