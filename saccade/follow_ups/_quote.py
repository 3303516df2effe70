"""A policy's words as a judge gets to read them: quoted, without control tags, of bounded length."""

from __future__ import annotations

import re

from saccade.core.message import Message
from saccade.core.trajectory import Trajectory

CONTROL = re.compile(r"<\|[^<>|]{1,40}\|>")
MOST = 8000


def messages(trajectory: Trajectory) -> list[Message]:
    """Those that the model wrote; an assistant's turn of the prompt is shown under its role as speaker."""
    steps = trajectory.path()
    return [step.message for step in steps if step.message.role == "assistant" and step.speaker != "assistant"]


def written(trajectory: Trajectory) -> str:
    """The last message that the model wrote, its thought included; empty when it wrote nothing."""
    said = messages(trajectory)
    return f"{said[-1].thought or ''}{said[-1].text}" if said else ""


def quoted(trajectory: Trajectory, *, thought_only: bool = False) -> str:
    """Everything the model wrote, each line behind ``> ``; `thought_only` leaves the answers out."""
    said = messages(trajectory)
    parts = [part for message in said for part in (message.thought, None if thought_only else message.text) if part]
    if thought_only and not parts:  # a model without a thought tag thinks before its answer tag
        parts = [message.text.partition("<answer>")[0] for message in said]
    text = CONTROL.sub("", "\n".join(parts))[:MOST]
    return "\n".join(f"> {line}" for line in text.splitlines()) or "> (nothing)"
