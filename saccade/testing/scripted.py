"""A finished one-turn trajectory from a reply and a target: what rewards are documented and tested with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saccade.core.message import Message, assistant, user
from saccade.core.sample import Sample
from saccade.core.trajectory import Step, Stop, ToolEvent, Trajectory
from saccade.text.dialects.tags import tags


def scripted(
    reply: str | Message, target: Any, *, prompt: str = "What is it?", choices: Sequence[str] = (),
    events: Sequence[ToolEvent] = (), stop: Stop = Stop.DONE, aux: Mapping[str, Any] | None = None, **meta: Any,
) -> Trajectory:
    """An attempt without tokens at a sample with this target, that ended with this reply.

    A reply given as text is read by the tag dialect, so thoughts and calls in it are where they are after a real run.
    `meta` becomes the sample's; `events` are tool calls as they ran; `aux` holds what follow-ups got.
    """
    sample = Sample(id="scripted", prompt=(user(prompt),), target=target, choices=tuple(choices), meta=meta)
    if isinstance(reply, str):
        said = tags().parse(reply)
        reply = assistant(said.text, calls=said.calls, thought=said.thought)
    steps = (Step(parent=None, speaker="user", message=sample.prompt[0]), Step(parent=0, speaker="policy", message=reply))
    return Trajectory(sample=sample, steps=steps, events=tuple(events), stop=stop, aux=dict(aux or {}))
