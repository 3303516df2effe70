"""The growing record of one attempt: steps, the path each speaker is on, and what every engine really saw.

Tokens are appended, never re-encoded. `Strand.prompt` grows by exactly what is sent and what comes back; at the end
the concatenation of every path is compared with it, so that a record which disagrees with the engine cannot leave.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from saccade.core.engine import EMPTY_PROMPT, Completion, Finish, Prompt, Rendered
from saccade.core.episode import Reply
from saccade.core.message import Image, Message
from saccade.core.tool import Tool
from saccade.core.trajectory import Step, concatenate


@dataclass(frozen=True, slots=True, kw_only=True)
class Strand:
    """A conversation that can go on: its last step, its tokens, how the last completion ended, what was declared."""

    last: int | None = None
    prompt: Prompt = EMPTY_PROMPT
    finish: Finish | None = None
    tools: tuple[Tool, ...] = ()


@dataclass(slots=True, kw_only=True)
class Recorder:
    """Steps so far; `strands` by the index of the step they end with; `latest` by speaker; `seen` what engines got."""

    steps: list[Step] = field(default_factory=list)
    strands: dict[int, Strand] = field(default_factory=dict)
    latest: dict[str, Strand] = field(default_factory=dict)
    seen: list[tuple[int, Prompt]] = field(default_factory=list)

    def strand(self, reply: Reply) -> Strand:
        """The conversation a reply goes on with. Raises ValueError for a step nothing can follow."""
        if reply.after == "new":
            return Strand()
        if reply.after == "last":
            return self.latest.get(reply.speaker, Strand())
        if reply.after not in self.strands:
            raise ValueError(
                f"a reply follows step {reply.after!r}, but a conversation can go on only after {sorted(self.strands)}: "
                "steps that a speaker wrote or that end what was shown"
            )
        strand = self.strands[reply.after]
        if strand.finish is None and reply.messages:
            raise ValueError(f"step {reply.after} was answered by nobody: show messages after the step that answers it")
        return strand

    def path(self, last: int | None) -> list[int]:
        chain: list[int] = []
        while last is not None:
            chain.append(last)
            last = self.steps[last].parent
        return chain[::-1]

    def messages(self, last: int | None) -> tuple[Message, ...]:
        return tuple(self.steps[index].message for index in self.path(last))

    def images(self, last: int | None) -> tuple[Image, ...]:
        return tuple(image for message in self.messages(last) for image in message.images)

    def written_by(self, speaker: str) -> int:
        return sum(step.speaker == speaker and step.message.role == "assistant" for step in self.steps)

    def show(self, strand: Strand, messages: Sequence[Message], rendered: Sequence[Rendered] | None, reply: Reply) -> Strand:
        """Append shown messages; `rendered` None where a client will answer and there are no tokens."""
        prompt, last, now = strand.prompt, strand.last, time.time()
        for place, message in enumerate(messages):
            piece = rendered[place] if rendered is not None else None
            final = place == len(messages) - 1
            step = Step(
                parent=last,
                speaker=message.role,
                message=message,
                tokens=None if piece is None else piece.tokens,
                sampled=None if piece is None else np.zeros(len(piece.tokens), bool),
                body=None if piece is None else piece.body,
                media=() if piece is None else piece.media,
                scores=dict(reply.scores) if final else {},
                started_s=now,
                ended_s=now,
            )
            self.steps.append(step)
            last = len(self.steps) - 1
            if piece is not None:
                prompt = prompt.extend(piece.tokens, piece.media)
        shown = Strand(last=last, prompt=prompt, finish=None, tools=strand.tools)
        if last is not None and messages:
            self.strands[last] = shown
        return shown

    def wrote(
        self, strand: Strand, speaker: str, message: Message, started_s: float, *,
        completion: Completion | None = None, forced: np.ndarray | None = None, scores: dict[str, float] | None = None,
    ) -> Strand:
        """Append what a speaker answered. `forced` tokens (int32[k]) stand before the sampled ones and are not trained."""
        tokens: dict[str, Any] = {}
        prompt, finish = strand.prompt, "stop"
        if completion is not None:
            head = np.zeros(0, np.int32) if forced is None else forced
            asked = (len(self.steps), prompt.extend(head))
            whole = np.concatenate([head, completion.tokens]).astype(np.int32)
            prompt, finish = prompt.extend(whole), completion.finish
            tokens = {
                "tokens": whole,
                "sampled": np.arange(len(whole)) >= len(head),
                "body": np.ones(len(whole), bool),
                "logp": completion.logp,
                "latent": tuple(replace(span, start=span.start + len(head)) for span in completion.latent),
                "version": completion.version,
            }
        step = Step(
            parent=strand.last, speaker=speaker, message=message, scores=dict(scores or {}), started_s=started_s,
            ended_s=time.time(), **tokens,
        )
        self.steps.append(step)
        if completion is not None:
            self.seen.append(asked)
        last = len(self.steps) - 1
        self.strands[last] = self.latest[speaker] = Strand(last=last, prompt=prompt, finish=finish, tools=strand.tools)
        return self.latest[speaker]

    def scored(self, scores: Mapping[str, float]) -> None:
        """Add scores to the last step; where nothing was recorded they are lost."""
        if scores and self.steps:
            self.steps[-1] = replace(self.steps[-1], scores={**self.steps[-1].scores, **scores})

    def check_seen(self) -> None:
        """Every path must concatenate to what the engine saw when it wrote that step."""
        for index, prompt in self.seen:
            step = self.steps[index]
            forced = len(step.tokens) - int(step.sampled.sum())
            recorded = concatenate([self.steps[each] for each in self.path(step.parent)]).extend(step.tokens[:forced])
            assert np.array_equal(recorded.tokens, prompt.tokens) and recorded.media == prompt.media, (
                f"step {index}: the record has {len(recorded.tokens)} tokens and {len(recorded.media)} images before it, "
                f"the engine saw {len(prompt.tokens)} and {len(prompt.media)}, or others"
            )


def check_append(messages: Sequence[Message], rendered: Sequence[Rendered]) -> None:
    """Refuse a rendering that lost, swapped or cut an image. Raises ValueError that names the message and the images."""
    if len(messages) != len(rendered):
        raise ValueError(f"{len(messages)} messages were rendered to {len(rendered)} pieces")
    for place, (message, piece) in enumerate(zip(messages, rendered, strict=True)):
        wanted, found = [image.ref for image in message.images], [span.ref for span in piece.media]
        if wanted != found:
            raise ValueError(f"message {place} ({message.role}) shows images {wanted}, its tokens hold {found}")
        end = 0
        for span in piece.media:
            if span.start < end or span.start + span.length > len(piece.tokens) or span.length < 1:
                raise ValueError(
                    f"message {place} ({message.role}): image {span.ref} stands at tokens {span.start} to "
                    f"{span.start + span.length} of {len(piece.tokens)}, after one that ends at {end}"
                )
            end = span.start + span.length
        if len(piece.body) != len(piece.tokens):
            raise ValueError(f"message {place} ({message.role}): {len(piece.tokens)} tokens, {len(piece.body)} body marks")


