"""Given answers become trajectories of origin ``label``, so that supervised data takes the same road as attempts.

An assistant turn in the data, or the row's target after the question, is rendered to exactly the tokens a completion of
it would have, its end token included; those are marked as the policy's own and nothing else is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from saccade.core.engine import Renderer
from saccade.core.message import Image, Message, assistant
from saccade.core.sample import Sample
from saccade.core.tool import Tool
from saccade.core.trajectory import Step, Trajectory


def labelled(sample: Sample, renderer: Renderer, store: Any, *, tools: Sequence[Tool] = ()) -> Trajectory:
    """The row's conversation as a trajectory to learn from.

    Messages whose places (from 0) stand in ``meta["unlearned"]`` are context like any that is shown: a wrong call that the
    next message mends, for example.

    Raises ValueError naming the row when there is nothing to learn: no assistant turn and no target.
    """
    messages = tuple(kept(message, store) for message in conversation(sample))
    own = policy_turns(sample, messages)
    offered = [tool for tool in tools if sample.tools is None or tool.name in sample.tools]
    try:
        rendered = renderer.encode(messages, offered, store)
    except ValueError as error:
        raise ValueError(f"row {sample.id}: {error}") from error
    steps = tuple(
        Step(
            parent=None if index == 0 else index - 1,
            speaker="policy" if own[index] else message.role,
            message=message,
            tokens=piece.tokens,
            sampled=np.full(len(piece.tokens), own[index]),
            body=piece.body,
            media=piece.media,
        )
        for index, (message, piece) in enumerate(zip(messages, rendered, strict=True))
    )
    return Trajectory(sample=sample, steps=steps, origin="label")


def policy_turns(sample: Sample, messages: Sequence[Message]) -> list[bool]:
    """Which messages are learned. Raises ValueError naming the row where none is, or ``unlearned`` is no list of places."""
    given = sample.meta.get("unlearned", ())
    if not isinstance(given, list | tuple) or not all(isinstance(each, int) and 0 <= each < len(messages) for each in given):
        raise ValueError(f"row {sample.id}: meta['unlearned'] is a list of places of its {len(messages)} messages, from 0, "
                         f"not {given!r:.60}")
    own = [message.role == "assistant" and index not in given for index, message in enumerate(messages)]
    if not any(own):
        raise ValueError(f"row {sample.id}: every assistant turn is named in meta['unlearned']; nothing is left to learn")
    return own


def kept(message: Message, store: Any) -> Message:
    """The message with its pictures under the names that its tokens will hold."""
    parts = tuple(store.adopt(part) if isinstance(part, Image) else part for part in message.parts)
    return replace(message, parts=parts)


def conversation(sample: Sample) -> tuple[Message, ...]:
    """The prompt, with the target as the last message where the prompt does not end with an answer."""
    messages = tuple(sample.prompt)
    if messages and messages[-1].role == "assistant":
        return messages
    if sample.target is not None:
        return (*messages, assistant(written(sample.target)))
    if any(message.role == "assistant" for message in messages):
        return messages[: 1 + max(index for index, each in enumerate(messages) if each.role == "assistant")]
    raise ValueError(
        f"row {sample.id} has neither an assistant turn nor a target: supervised fine-tuning needs one (columns "
        "messages, conversations, completion, answer, ...)"
    )


def written(target: Any) -> str:
    """A target as the model should write it: text as it is, everything else as JSON."""
    return target if isinstance(target, str) else json.dumps(target, ensure_ascii=False)
