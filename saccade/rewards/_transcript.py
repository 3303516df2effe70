"""What a model said, as text: the shared view of reward functions that read strings.

Dialects take thoughts and calls out of the text when they read it; reward functions of other projects expect to find them
there, so they are written back, in the tags that those projects use.
"""

from __future__ import annotations

import json
from typing import Any

from saccade.core.message import Image, Message, Text
from saccade.core.trajectory import Step, Trajectory


def said(message: Message) -> str:
    """Thought, text and calls of a message, the thought in ``<think>`` and each call in ``<tool_call>`` tags."""
    thought = "" if message.thought is None else f"<think>{message.thought}</think>"
    calls = "".join(
        "<tool_call>\n" + json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False, default=str)
        + "\n</tool_call>" for call in message.calls
    )
    return thought + message.text + calls


def answers(trajectory: Trajectory) -> tuple[Message, ...]:
    """The messages that the model wrote in this attempt; not those of the prompt."""
    return tuple(step.message for step in trajectory.path() if wrote(step))


def completion(trajectory: Trajectory) -> tuple[Message, ...]:
    """Every message from the first one that the model wrote to the end of the last path."""
    path = trajectory.path()
    start = next((at for at, step in enumerate(path) if wrote(step)), len(path))
    return tuple(step.message for step in path[start:])


def wrote(step: Step) -> bool:
    """Whether a speaker wrote this step; an assistant's turn of the prompt is shown, under its role as speaker."""
    return step.message.role == "assistant" and step.speaker != "assistant"


def last_words(trajectory: Trajectory) -> str:
    """All that the model said in its last message, thought and calls included; empty when it said nothing."""
    written = answers(trajectory)
    return said(written[-1]) if written else ""


def transcript(trajectory: Trajectory) -> str:
    """The whole completion as one text, tool results in ``<tool_response>`` tags, pictures as ``<image>``."""
    out: list[str] = []
    for message in completion(trajectory):
        if message.role == "assistant":
            out.append(said(message))
        else:
            inner = "".join(part.text if isinstance(part, Text) else "<image>" if isinstance(part, Image) else ""
                            for part in message.parts)
            out.append(f"<tool_response>{inner}</tool_response>" if message.role == "tool" else inner)
    return "\n".join(out)


def as_chat(message: Message) -> dict[str, Any]:
    """A message as chat libraries hold it: role, content (text), tool calls."""
    thought = "" if message.thought is None else f"<think>{message.thought}</think>"
    out: dict[str, Any] = {"role": message.role, "content": thought + message.text}
    if message.calls:
        out["tool_calls"] = [
            {"type": "function", "function": {"name": call.name, "arguments": call.arguments}} for call in message.calls
        ]
    return out


def num_written(trajectory: Trajectory) -> tuple[int, str]:
    """How much the model wrote, and the unit: sampled tokens where they are known, else words."""
    if any(step.sampled is not None for step in trajectory.steps):
        return trajectory.num_sampled, "tokens"
    return sum(len(said(message).split()) for message in answers(trajectory)), "words"
