"""One answer: what is shown becomes tokens, an engine (or a client) answers, the record grows.

The first reply of a conversation is encoded, every later one extends exactly what the engine already saw. Budgets are
checked before anything is appended, so a prompt that would not fit is never half recorded.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saccade.core.engine import Client, Completion, Engine, Finish, Prompt, Rendered, Renderer, Sampling
from saccade.core.episode import Reply
from saccade.core.message import Image, Message, Part, Video
from saccade.core.seed import seed_of
from saccade.core.store import MediaStore
from saccade.core.tool import Tool
from saccade.core.trajectory import Stop
from saccade.rollout.context import AttemptContext
from saccade.rollout.recorder import Recorder, Strand, check_append
from saccade.rollout.waiting import Late, Stopped, in_thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """A policy that answers in an episode: an engine, the renderer of its checkpoint, and how it samples."""

    engine: Engine
    renderer: Renderer
    sampling: Sampling = Sampling()


async def speak(
    reply: Reply, speaker: Speaker | Client, *, recorder: Recorder, context: AttemptContext, retries: int
) -> tuple[Message, Finish]:
    """Show the reply, let its speaker answer, record both. Raises `Stopped` where a budget is used up."""
    context.clock.check()
    if recorder.written_by(reply.speaker) >= context.limits.steps:
        raise Stopped(Stop.MAX_STEPS, f"{reply.speaker} wrote {context.limits.steps} messages")
    strand = recorder.strand(reply)
    strand = replace(strand, tools=declared(strand, reply))
    messages = await context.clock.wait(adopted(reply.messages, context.store, context.limits.frames), "media of the prompt")
    if isinstance(speaker, Speaker):
        return await by_policy(replace(reply, messages=messages), speaker, strand, recorder, context, retries)
    if reply.prefix or reply.open:
        raise ValueError(f"{reply.speaker!r} is a client: it cannot go on with a forced beginning or an open message")
    strand = recorder.show(strand, messages, None, reply)
    sampling = replace(context.sampling, seed=seed_of(*context.names, "client", reply.speaker, len(recorder.steps)))
    started = time.time()
    message = await again(
        lambda: speaker.reply(recorder.messages(strand.last), strand.tools, sampling),
        f"client {reply.speaker}", context=context, retries=retries,
    )
    if not isinstance(message, Message):
        raise ValueError(f"client {reply.speaker!r} answered with {type(message).__name__}, not a Message")
    wrote(recorder.wrote(strand, reply.speaker, message, started), recorder, context)
    return message, "stop"


async def by_policy(
    reply: Reply, speaker: Speaker, strand: Strand, recorder: Recorder, context: AttemptContext, retries: int
) -> tuple[Message, Finish]:
    renderer, limits = speaker.renderer, context.limits
    if any(recorder.steps[each].tokens is None for each in recorder.path(strand.last)):
        raise ValueError(f"{reply.speaker!r} cannot go on after step {strand.last}: a client made it, it has no tokens")
    rendered = render(reply, strand, renderer, context.store)
    check_append(reply.messages, rendered)
    forced = np.zeros(0, np.int32)
    if reply.prefix:
        if not hasattr(renderer, "write"):
            raise ValueError(f"the renderer of {reply.speaker!r} cannot begin an answer (it has no `write`)")
        forced = np.asarray(renderer.write(reply.prefix), np.int32)
    size = len(strand.prompt.tokens) + sum(len(piece.tokens) for piece in rendered) + len(forced)
    if size >= limits.tokens:
        cut = strand.finish == "length"  # the model used the room up, what it is shown is not to blame
        raise Stopped(Stop.MAX_TOKENS if cut else Stop.OVERFLOW, f"{size} tokens to show, {limits.tokens} allowed")
    left = limits.sampled - sum(int(step.sampled.sum()) for step in recorder.steps if step.sampled is not None)
    room = min(speaker.sampling.max_tokens, limits.tokens - size, left)
    if room < 1:
        raise Stopped(Stop.MAX_TOKENS, f"{limits.sampled} tokens were written")
    strand = recorder.show(strand, reply.messages, rendered, reply)
    sampling = replace(
        speaker.sampling,
        max_tokens=room,
        stop=tuple(dict.fromkeys((*speaker.sampling.stop, *renderer.stop))),
        seed=seed_of(*context.names, "engine", reply.speaker, len(recorder.steps)),
    )
    prompt, started = strand.prompt.extend(forced), time.time()
    completion = await again(
        lambda: speaker.engine.generate(prompt, sampling), f"engine of {reply.speaker}", context=context, retries=retries
    )
    check_completion(completion, prompt, sampling, renderer)
    whole = np.concatenate([forced, completion.tokens])
    message = renderer.parse(whole, finish=completion.finish)
    scores = {} if reply.messages else dict(reply.scores)
    strand = recorder.wrote(
        strand, reply.speaker, message, started, completion=completion, forced=forced, scores=scores
    )
    wrote(strand, recorder, context)
    if any(call.error for call in message.calls):
        context.ledger.malformed += 1
    if completion.finish == "abort":
        raise Stopped(Stop.ABORT, "the engine gave the request up")
    if limits.malformed is not None and context.ledger.malformed > limits.malformed:
        raise Stopped(Stop.PARSE, f"{context.ledger.malformed} messages held calls that could not be read")
    return message, completion.finish


def render(reply: Reply, strand: Strand, renderer: Renderer, store: MediaStore) -> Sequence[Rendered]:
    """Tokens of what is shown. Raises ValueError where nothing can be shown there."""
    if reply.messages and reply.messages[-1].role == "assistant" and not reply.open:
        raise ValueError("what is shown ends with an assistant message: there is nothing to answer")
    if strand.last is None:
        if not reply.messages:
            raise ValueError("a conversation began without a message")
        return renderer.encode(reply.messages, strand.tools, store)
    if strand.finish is None:  # the same prompt once more
        return ()
    if reply.open:
        if len(strand.prompt.tokens) and int(strand.prompt.tokens[-1]) in renderer.stop:
            raise ValueError(f"step {strand.last} ended its message; to go on inside, let it stop earlier (Sampling.stop)")
        if not hasattr(renderer, "inside"):
            raise ValueError(f"the renderer of {reply.speaker!r} cannot show messages inside one (it has no `inside`)")
        return renderer.inside(reply.messages, store)
    if not reply.messages:
        raise ValueError(f"nothing was shown after step {strand.last}; show a message, or go on inside with open=True")
    return renderer.extend(reply.messages, store, finish=strand.finish)


def declared(strand: Strand, reply: Reply) -> tuple[Tool, ...]:
    """Tools on offer. In a conversation that goes on they can be withdrawn; the declaration is already in its tokens."""
    if reply.tools is None:
        return strand.tools
    if strand.last is not None:
        new = {tool.name for tool in reply.tools} - {tool.name for tool in strand.tools}
        if new:
            raise ValueError(f"tools {sorted(new)} were not declared when the conversation began; declare them there")
    return tuple(reply.tools)


def wrote(strand: Strand, recorder: Recorder, context: AttemptContext) -> None:
    """Let the context stand where the last answer stands."""
    context.ledger.images = recorder.images(strand.last)
    context.ledger.offered = strand.tools
    context.ledger.asked = strand.last or 0


async def adopted(messages: Sequence[Message], store: MediaStore, frames: int) -> tuple[Message, ...]:
    """The messages with every picture in the store and every clip as frames. Raises ValueError naming a bad picture."""

    def parts(message: Message) -> list[Part]:
        out: list[Part] = []
        for part in message.parts:
            if isinstance(part, Video):
                from saccade.media.video import as_frames

                out.extend(as_frames(part, frames))
            else:
                out.append(part)
        return out

    def work() -> tuple[Message, ...]:
        return tuple(
            replace(message, parts=tuple(store.adopt(part) if isinstance(part, Image) else part for part in parts(message)))
            for message in messages
        )

    ready = all(
        part.data is None and part.ref in store if isinstance(part, Image) else not isinstance(part, Video)
        for message in messages
        for part in message.parts
    )
    return tuple(messages) if ready else await in_thread(work)


async def again(
    work: Callable[[], Awaitable[Any]], what: str, *, context: AttemptContext, retries: int
) -> Any:
    """Await an engine or a client; what fails on their side is asked again with the same seed, `retries` times."""
    for left in range(retries, -1, -1):
        try:
            return await context.clock.wait(work(), what, seconds=context.limits.engine_s, paused=True)
        except (Stopped, Late, ValueError):  # a ValueError says that the request is wrong: asking again mends nothing
            raise
        except Exception:
            if left == 0:
                raise
    raise AssertionError("unreachable")


def check_completion(completion: Completion, prompt: Prompt, sampling: Sampling, renderer: Renderer) -> None:
    """Refuse what no engine may return. Raises ValueError."""
    if len(completion.tokens) > sampling.max_tokens:
        raise ValueError(f"the engine wrote {len(completion.tokens)} tokens where {sampling.max_tokens} were allowed")
    if completion.logp is not None and len(completion.logp) != len(completion.tokens):
        raise ValueError(f"the engine gave {len(completion.logp)} log-probabilities for {len(completion.tokens)} tokens")
    banned = sorted(set(renderer.banned) & set(np.asarray(completion.tokens).tolist()))
    if banned:
        raise ValueError(f"the engine sampled tokens {banned} that stand for media; they must be banned while sampling")
