"""Many attempts at many samples at once, as groups in the order of the samples.

Nothing depends on who finishes first: every attempt draws from streams of its own names, groups keep the order in which
attempts were asked for, and a batching engine is told how many trajectories are alive. One bad sample fails by itself;
what has finished is handed over at once, so that a run which dies later has lost nothing.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from saccade.core.engine import Client, Engine, Renderer, Sampling
from saccade.core.episode import Episode, Limits
from saccade.core.run import Explorer, Independent
from saccade.core.sample import Sample, Source
from saccade.core.store import MediaStore
from saccade.core.tool import Tool
from saccade.core.trajectory import Group, Stop, Trajectory
from saccade.rollout.gates import Gates
from saccade.rollout.presence import Presence, Search
from saccade.rollout.pulse import Pulse
from saccade.rollout.run import LIMITS, SAMPLING, attempt
from saccade.rollout.speak import Speaker

Value = TypeVar("Value")
ONCE = Independent(n=1)
GRACE_S = 10.0
"""After the deadline of a rollout, how long attempts may take to end by themselves before they are cancelled."""


async def rollout(
    samples: Source | Iterable[Sample],
    episode: Episode,
    *,
    store: MediaStore,
    engine: Engine | None = None,
    renderer: Renderer | None = None,
    tools: Sequence[Tool] = (),
    clients: Mapping[str, Client | Speaker] | None = None,
    limits: Limits = LIMITS,
    sampling: Sampling = SAMPLING,
    explore: Explorer = ONCE,
    seed: int = 0,
    branch: str = "",
    progress: float = 0.0,
    concurrency: int = 256,
    seconds: float = math.inf,
    stall_s: float = 120.0,
    retries: int = 1,
    finished: Callable[[Trajectory], None] = lambda trajectory: None,
    stalled: Callable[[str], None] | None = None,
    sandbox: Any = None,
    known: Mapping[tuple[str, int, str], Trajectory] | None = None,
) -> list[Group]:
    """Explore every sample; one group each, in order. A row that cannot be made gives a group of one failed attempt.

    explore:     which attempts are made at a sample
    branch:      a name for everything in this rollout (a forced mode, for example); part of every seed
    concurrency: attempts that run at once
    seconds:     deadline of the whole rollout; what is not done by then ends with `Stop.ABORT` and says what it waited for
    stall_s:     when nothing has moved for so long, `stalled` is told who waits for what (default: a warning)
    retries:     how often an engine or client that failed is asked again, see `attempt`
    sandbox:     where tools run what the model writes, see `attempt`
    finished:    called with every trajectory as soon as it ends; what it raises ends the rollout
    known:       attempts that were made before, by sample, attempt and branch: they are taken as they are

    Raises ValueError for settings that cannot work; never for a sample.
    """
    if concurrency < 1:
        raise ValueError(f"concurrency is {concurrency}; at least 1 attempt must run at once")
    if (engine is None) != (renderer is None) or (engine is None and "policy" not in (clients or {})):
        raise ValueError("a rollout needs an engine with its renderer, or a client named 'policy'")
    loop = asyncio.get_running_loop()
    abort_at = loop.time() + seconds
    gates, pulse = Gates(), Pulse()
    presence = Presence(slots=concurrency, engines=batching(engine, clients or {}))

    broken: list[Exception] = []

    def hand_over(made: Trajectory) -> Trajectory:
        try:
            finished(made)
        except Exception as error:  # the disk is full, for example: not a failure of this sample
            broken.append(error)
            for task in tasks:
                task.cancel()
        return made

    async def explored(sample: Sample | Trajectory, search: Search) -> Group:
        async def make(index: int, forced: str = "") -> Trajectory:
            key = (sample.id, index, forced or branch)
            if known and key in known:
                return replace(known[key], sample=sample)
            await presence.enter(search)
            try:
                made = await attempt(
                    sample, episode, store=store, engine=engine, renderer=renderer, tools=tools, clients=clients,
                    limits=limits, sampling=sampling, seed=seed, index=index, branch=forced or branch, progress=progress,
                    retries=retries, abort_at=abort_at, watch=lambda what: presence.waits_for(key, what),
                    sandbox=sandbox, gates=gates, pulse=pulse,
                )
            finally:
                presence.waits.pop(key, None)
                presence.leave(search)
            return hand_over(made)

        try:
            if isinstance(sample, Trajectory):
                return Group(sample=sample.sample, trajectories=(hand_over(sample),))
            return await explore(sample, make)
        finally:
            presence.end(search)

    rows = list(read(samples, seed))
    presence.searches = [Search() for _ in rows]
    presence.tell()
    tasks = [asyncio.create_task(explored(row, search)) for row, search in zip(rows, presence.searches, strict=True)]
    dog = asyncio.create_task(watchdog(presence, stall_s, stalled or warn))
    pulse.start()
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=None if math.isinf(seconds) else seconds + GRACE_S)
        if broken:
            raise broken[0]
        return [group_of(task, row, presence, seed) for task, row in zip(tasks, rows, strict=True)]
    finally:
        pulse.stop()
        for task in (dog, *tasks):
            task.cancel()
        await asyncio.gather(dog, *tasks, return_exceptions=True)
        presence.close()


def read(samples: Source | Iterable[Sample], seed: int) -> Iterator[Sample | Trajectory]:
    """Every sample, or the failed attempt of a row that cannot be made."""
    if not hasattr(samples, "__getitem__"):
        yield from samples  # type: ignore[misc]
        return
    for index in range(len(samples)):  # type: ignore[arg-type]
        try:
            yield samples[index]  # type: ignore[index]
        except Exception:
            row = Sample(id=f"row {index}", prompt=())
            yield Trajectory(sample=row, stop=Stop.ERROR, error=traceback.format_exc(), seed=seed)


def group_of(task: asyncio.Task[Group], row: Sample | Trajectory, presence: Presence, seed: int) -> Group:
    """What a search gave; where it crashed or hangs, a group of one failed attempt that says why."""
    if task.done() and not task.cancelled() and task.exception() is None:
        return task.result()
    if task.done() and not task.cancelled():
        error = task.exception()
        assert error is not None
        if not isinstance(error, Exception):
            raise error
        stop, text = Stop.ERROR, "".join(traceback.format_exception(error))
    else:
        stop, text = Stop.ABORT, f"the rollout's deadline passed; {presence.report() or 'the explorer waits'}"
    sample = row.sample if isinstance(row, Trajectory) else row
    return Group(sample=sample, trajectories=(Trajectory(sample=sample, stop=stop, error=text, seed=seed),))


def batching(engine: Engine | None, clients: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Engines that form batches of live trajectories, by speaker; each engine once."""
    speakers = {"policy": engine, **{name: each.engine for name, each in clients.items() if isinstance(each, Speaker)}}
    found: dict[int, tuple[str, Any]] = {}
    for name, each in speakers.items():
        if each is not None and hasattr(each, "live"):
            found.setdefault(id(each), (name, each))
    return list(found.values())


async def watchdog(presence: Presence, stall_s: float, tell: Callable[[str], None]) -> None:
    """Speak once for every `stall_s` seconds in which no attempt moved."""
    told = presence.changed
    while True:
        quiet = time.monotonic() - max(presence.changed, told)
        if quiet >= stall_s and presence.waits:
            tell(f"nothing has moved for {time.monotonic() - presence.changed:.0f} s: {presence.report()}")
            told = time.monotonic()
        await asyncio.sleep(max(0.01, min(stall_s - quiet, stall_s)))


def warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=2)


def run_rollouts(samples: Source | Iterable[Sample], episode: Episode, **settings: Any) -> list[Group]:
    """`rollout` for synchronous code; works where an event loop is already running (a notebook), too."""
    return run_sync(rollout(samples, episode, **settings))


def run_sync(work: Coroutine[Any, Any, Value]) -> Value:
    """Run a coroutine to its end, in a thread of its own where this one already has an event loop."""
    out: list[Value] = []
    errors: list[BaseException] = []

    async def main() -> None:  # asyncio.run puts its task into a signal handler, whose repr writes out the task's result:
        out.append(await work)  # seconds for a large rollout, so the task has none

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            errors.append(error)

    if not running():
        asyncio.run(main())
        return out[0]
    thread = threading.Thread(target=run, name="saccade-rollout")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return out[0]


def running() -> bool:
    """Whether this thread has an event loop at work."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
