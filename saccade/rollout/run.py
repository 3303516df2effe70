"""One attempt at a sample: drive the episode, record everything, stop for a stated reason.

What the model gets wrong it reads as a tool message; what exceeds a budget ends with a typed stop and is scored like any
other answer; only what failed on our side becomes `Stop.ERROR`, with its traceback, and is kept out of the group's
statistics. An attempt never raises for its sample, its tools, its engine or its episode.
"""

from __future__ import annotations

import asyncio
import math
import traceback
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from saccade.core.engine import Client, Engine, Renderer, Sampling
from saccade.core.episode import End, Episode, Limits, Reply
from saccade.core.message import Message
from saccade.core.sample import Sample
from saccade.core.seed import generator
from saccade.core.store import MediaStore
from saccade.core.tool import Tool, opened
from saccade.core.trajectory import Stop, Trajectory
from saccade.rollout.context import AttemptContext, Ledger
from saccade.rollout.gates import Gates
from saccade.rollout.pulse import Pulse
from saccade.rollout.recorder import Recorder
from saccade.rollout.speak import Speaker, speak
from saccade.rollout.waiting import Clock, Stopped
from saccade.sandbox.chosen import chosen

LIMITS, SAMPLING = Limits(), Sampling()
CLOSE_S = 5.0
"""How long an episode may take to release what it holds."""


async def attempt(
    sample: Sample,
    episode: Episode,
    *,
    store: MediaStore,
    engine: Engine | None = None,
    renderer: Renderer | None = None,
    tools: Sequence[Tool] = (),
    clients: Mapping[str, Client | Speaker] | None = None,
    limits: Limits = LIMITS,
    sampling: Sampling = SAMPLING,
    seed: int = 0,
    index: int = 0,
    branch: str = "",
    progress: float = 0.0,
    retries: int = 1,
    abort_at: float = math.inf,
    watch: Callable[[str], None] = lambda what: None,
    sandbox: Any = None,
    gates: Gates | None = None,
    pulse: Pulse | None = None,
) -> Trajectory:
    """Run one attempt to its end and return the record.

    engine, renderer: the policy; may be left out where `clients` holds one named ``policy``
    clients:  who else may speak, by name: a `Client`, or a `Speaker` for another policy
    seed:     with the sample's id, `index` (which attempt) and `branch` it names all randomness of the attempt
    retries:  how often an engine or client that failed is asked again before the attempt counts as failed
    abort_at: event-loop time at which the rollout ends; watch: told what the attempt waits for
    sandbox:  where tools run what the model writes; by default the best this machine has (`saccade.sandbox.chosen`)
    gates:    how many calls of a tool run at once, shared by the attempts of a rollout
    pulse:    how long the event loop was away, shared by the attempts of a rollout
    """
    speakers: dict[str, Client | Speaker] = dict(clients or {})
    if engine is not None and renderer is not None:
        speakers["policy"] = Speaker(engine=engine, renderer=renderer, sampling=sampling)
    names = (seed, sample.id, index, branch)
    recorder, ledger = Recorder(), Ledger()
    own_pulse = Pulse().start() if pulse is None else None
    clock = Clock(abort=abort_at, watch=watch, pulse=pulse or own_pulse)
    clock.until = clock.now() + limits.seconds
    version = engine.version if engine is not None else 0
    stop, error, coroutine = Stop.DONE, None, None
    held: tuple[Tool, ...] = ()
    try:
        held = offered(sample, tools)
        context = AttemptContext(
            sample=sample, limits=limits, tools=held, store=store, clock=clock, ledger=ledger,
            rng=generator(*names, "episode"), names=names, clients=speakers, sampling=sampling, progress=progress,
            attempt=index, branch=branch, sandbox=chosen() if sandbox is None else sandbox, gates=gates or Gates(),
        )
        coroutine = episode(sample, context)
        stop = await drive(coroutine, speakers, recorder, context, retries)
    except Stopped as stopped:
        stop, error = stopped.stop, str(stopped) if stopped.stop.failed else None
    except End as end:
        stop = end.stop
        recorder.scored(end.scores)
    except Exception:  # ours or the sample's: it ends here, with everything that was recorded
        stop, error = Stop.ERROR, traceback.format_exc()
    finally:
        if own_pulse is not None:
            own_pulse.stop()
        trouble = await close(coroutine) or released(held)
    if clock.stopped is not None and not stop.failed:  # an episode may have swallowed it
        stop, error = clock.stopped.stop, str(clock.stopped) if clock.stopped.stop.failed else None
    if ledger.failure is not None or (trouble and not stop.failed):
        stop, error = Stop.ERROR, ledger.failure or trouble
    try:
        recorder.check_seen()
    except AssertionError:
        stop, error = Stop.ERROR, traceback.format_exc()
    return Trajectory(
        sample=sample, attempt=index, steps=tuple(recorder.steps), stop=stop, branch=branch, error=error, seed=seed,
        version=version, events=tuple(ledger.events), metrics=measured(recorder, ledger),
    )


async def drive(
    coroutine: AsyncGenerator[Reply, Message],
    speakers: Mapping[str, Client | Speaker],
    recorder: Recorder,
    context: AttemptContext,
    retries: int,
) -> Stop:
    """Send every answer into the episode until it returns."""
    message: Message | None = None
    finish = "stop"
    while True:
        try:
            reply = await context.clock.wait(coroutine.asend(message), "the episode", grace_s=1.0)  # type: ignore[arg-type]
        except StopAsyncIteration:
            return Stop.MAX_TOKENS if finish == "length" else context.ledger.stop or Stop.DONE
        if context.clock.stopped is not None:
            raise context.clock.stopped
        if context.ledger.failure is not None:
            return Stop.ERROR
        if context.ledger.stop is not None:
            return context.ledger.stop
        if not isinstance(reply, Reply):
            raise ValueError(f"the episode yielded {type(reply).__name__}; it must yield show(...)")
        if reply.speaker not in speakers:
            raise ValueError(f"nobody is called {reply.speaker!r}; speakers are {sorted(speakers)}")
        if context.ledger.scores:
            reply = with_scores(reply, context.ledger.scores)
            context.ledger.scores = {}
        message, finish = await speak(
            reply, speakers[reply.speaker], recorder=recorder, context=context, retries=retries
        )


def with_scores(reply: Reply, scores: Mapping[str, float]) -> Reply:
    return replace(reply, scores={**scores, **reply.scores})


def offered(sample: Sample, tools: Sequence[Tool]) -> tuple[Tool, ...]:
    """Tools of this sample, fresh where they keep state. Raises ValueError for a name the run does not have."""
    named = {tool.name: tool for tool in tools}
    if len(named) != len(tools):
        raise ValueError(f"two tools have one name: {sorted(tool.name for tool in tools)}")
    if sample.tools is None:
        return tuple(opened(tool) for tool in tools)
    unknown = sorted(set(sample.tools) - set(named))
    if unknown:
        raise ValueError(f"sample {sample.id} asks for tools {unknown}; the run has {sorted(named)}")
    return tuple(opened(named[name]) for name in sample.tools)


async def close(coroutine: AsyncGenerator[Reply, Message] | None) -> str | None:
    """Let the episode release what it holds; the traceback where that fails or takes too long."""
    if coroutine is None:
        return None
    try:
        async with asyncio.timeout(CLOSE_S):
            await coroutine.aclose()
    except Exception:
        return traceback.format_exc()
    return None


def released(tools: Sequence[Tool]) -> str | None:
    """Let every tool of this attempt release what it holds; the traceback of the first that fails."""
    trouble = None
    for tool in tools:
        try:
            if tool.close is not None:
                tool.close()
        except Exception:
            trouble = trouble or traceback.format_exc()
    return trouble


def measured(recorder: Recorder, ledger: Ledger) -> dict[str, float]:
    """Counts of an attempt. No times: equal runs give equal metrics."""
    wrote = [int(step.sampled.sum()) for step in recorder.steps if step.sampled is not None and step.sampled.any()]
    return {
        "num_steps": float(sum(step.message.role == "assistant" != step.speaker for step in recorder.steps)),
        "num_sampled": float(sum(wrote)),
        "num_tokens": float(sum(len(step.tokens) for step in recorder.steps if step.tokens is not None)),
        "num_images": float(sum(len(step.message.images) for step in recorder.steps)),
        "num_calls": float(len(ledger.events)),
        "num_call_errors": float(sum(event.error is not None for event in ledger.events)),
        "num_malformed": float(ledger.malformed),
        "tool_cost": ledger.cost,
        "tool_pixels": float(ledger.pixels),
        "num_starved": float(ledger.starved),
    }
