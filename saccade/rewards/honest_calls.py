"""Charge for tool results that the model made up: claimed calls that no tool answered (MindWatcher, December 2025).

A model that has seen many results can write one itself and go on from it. What it wrote as a result counts as a
call it claims.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.message import Message
from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.rewards._transcript import answers

MADE_UP = ("<tool_response>", "<observation>", "<sandbox_output>")


@reward
def honest_calls(*, charge: float = 0.2, most: int = 5) -> Callable[[Trajectory], Score]:
    """min(0, charge * (results received - calls claimed)), never below -charge * most; 0 for an honest attempt."""

    def score(trajectory: Trajectory) -> Score:
        written = answers(trajectory)
        claimed = sum(len(message.calls) + invented(message) for message in written)
        received = len(trajectory.events)
        return Score(value=charge * max(min(0, received - claimed), -most), note=f"{claimed} claimed, {received} received")

    return score


def invented(message: Message) -> int:
    text = (message.thought or "") + message.text
    return sum(text.count(tag) for tag in MADE_UP)


CALL = '<tool name="image_zoom_in_tool">{"bbox_2d": [0, 0, 9, 9]}</tool>'
RAN = ToolEvent(step=1, name="image_zoom_in_tool")
EXAMPLES = [
    ("<answer>7</answer>", "7", 0.0, {}),
    (CALL, "7", 0.0, {"events": (RAN,)}),
    ("<tool_response>a seven</tool_response><answer>7</answer>", "7", -0.2, {}),
    ("<tool_response>" * 1000, "7", -1.0, {}),
]
