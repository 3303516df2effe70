"""Rollouts beside learning: batches are begun up to `Schedule.stale` batches before they are learned from, never earlier.

They run on an event loop in one thread of their own. A thread is enough: what generates elsewhere (a server, an endpoint, a
tool) is waited for, torch lets go of the interpreter while it computes, and both sides share pictures, renderer and tools as
they are; a process would have to be sent all of it. With an engine of this process the two compete for the same cores.

Everything with a state of its own stays in the loop's thread (what is proposed, selection, rewards, credit), in the same
order as without. A batch is begun under the newest weights there are, `stale` batches before its turn, unless an evaluation
or a checkpoint lies between: those are made with nothing under way. So which weights answer follows from the schedule and
not from the clock, and a run that comes back from a checkpoint begins what the other one began there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from saccade.core.run import Run, Schedule
from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Stop, Trajectory
from saccade.learn.collect import explored
from saccade.learn.learner import Learner
from saccade.learn.pending import Pending
from saccade.learn.progress import Progress
from saccade.learn.split import part_of
from saccade.rollout.pool import run_sync


class Aside(Progress):
    """A stopwatch for work beside the main one: shows nothing, and says there what must be seen."""

    def __init__(self, main: Progress) -> None:
        super().__init__()
        self.main = main

    def say(self, text: str) -> None:
        self.main.say(text)


@dataclass(slots=True, kw_only=True)
class Begun:
    """A batch of rollouts under way; `update` is the first one that learns from it."""

    update: int
    samples: Sequence[Sample]
    work: Coroutine[Any, Any, list[Group]]
    bar: Progress
    groups: Future[list[Group]] | None = None


@dataclass(slots=True, kw_only=True)
class Ahead:
    """The batches under way. With `Schedule.stale` 0 a batch is rolled out when it is taken, in the caller's thread."""

    run: Run
    learner: Learner
    engine: Any
    bar: Progress
    pending: Pending
    begun: dict[int, Begun] = field(default_factory=dict)
    _twins: list[Any] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop | None = None
    _over: asyncio.Event | None = None
    _thread: threading.Thread | None = None

    def due(self, now: int) -> list[int]:
        """Updates whose batches are to be begun before update `now`."""
        return [update for update in reach(self.run.schedule, now) if update not in self.begun]

    def begin(self, samples: Sequence[Sample], update: int) -> None:
        """Begin the rollouts that `update` will learn from, under the weights of now."""
        stale, bar = self.run.schedule.stale, self.bar if not self.run.schedule.stale else Aside(self.bar)
        work = explored(
            self.run, part_of(self.learner.ranks, samples), self.learner, self._engine(update) if stale else self.engine,
            update=update, progress=update / self.run.schedule.updates, bar=bar, pending=self.pending,
        )
        begun = self.begun[update] = Begun(update=update, samples=samples, work=work, bar=bar)
        if stale:
            begun.groups = asyncio.run_coroutine_threadsafe(work, self._running())

    def take(self, update: int) -> tuple[Sequence[Sample], list[Group], dict[str, float]]:
        """Wait for the batch of `update`. Returns its samples, the groups of this process and, where batches are begun
        ahead, how that went."""
        begun = self.begun.pop(update)
        if begun.groups is None:
            return begun.samples, run_sync(begun.work), {}
        ready = sum(each.groups is not None and each.groups.done() for each in (begun, *self.begun.values()))
        with self.bar.stage("wait", "waiting for rollouts"):
            found = begun.groups.result()
        self.bar.seconds |= begun.bar.seconds
        passes = self.run.schedule.passes
        groups, metrics = aged(found, self.learner.policy.version, most=self.run.schedule.stale * passes)
        return begun.samples, groups, {**metrics, "queue/begun": float(1 + len(self.begun)), "queue/ready": float(ready)}

    def _engine(self, update: int) -> Any:
        """Who answers a batch: a copy that keeps the weights of now while the learner goes on, or the engine itself where
        it holds its own (a server answers under what was pushed to it last)."""
        if not hasattr(self.engine, "twin"):
            return self.engine
        while len(self._twins) <= self.run.schedule.stale:
            self._twins.append(self.engine.twin())
        chosen = self._twins[update // self.run.schedule.passes % len(self._twins)]
        chosen.follow(self.learner.policy)
        return chosen

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            ready: Future[None] = Future()

            async def live() -> None:
                self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
                ready.set_result(None)
                await self._over.wait()  # asyncio.run cancels what is still under way

            self._thread = threading.Thread(target=lambda: asyncio.run(live()), name="saccade-ahead")
            self._thread.start()
            ready.result()
        assert self._loop is not None
        return self._loop

    def close(self) -> None:
        """Cancel what is under way and end the thread."""
        for begun in self.begun.values():
            if begun.groups is None:
                begun.work.close()
        self.begun.clear()
        if self._loop is not None and self._over is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()
            self._loop = self._over = self._thread = None


def reach(schedule: Schedule, now: int) -> list[int]:
    """Updates whose batches may be under way before update `now`: its own, and up to `stale` more behind it, as far as no
    evaluation or checkpoint lies between."""
    last = min(now + schedule.stale * schedule.passes, schedule.updates - 1)
    return [update for update in range(now, last + 1, schedule.passes) if not stops_between(schedule, now, update)]


def stops_between(schedule: Schedule, before: int, after: int) -> bool:
    return any(every > 0 and after // every > before // every for every in (schedule.eval_every, schedule.save_every))


def aged(groups: Sequence[Group], version: int, *, most: int) -> tuple[list[Group], dict[str, float]]:
    """Leave out what was sampled under weights older than the bound, and say how old the rest is, in versions.

    An engine of replicas may answer under older weights than those it was given: such an attempt failed on our side.
    """
    ages = [age(each, version) for group in groups for each in group.trajectories if not each.stop.failed]
    kept = [each for each in ages if each <= most]

    def checked(each: Trajectory) -> Trajectory:
        old = age(each, version)
        if each.stop.failed or old <= most:
            return each
        error = f"sampled under weights {old} versions old; schedule.stale allows {most}"
        return replace(each, stop=Stop.ABORT, error=error)

    return [replace(group, trajectories=tuple(map(checked, group.trajectories))) for group in groups], {
        "stale/mean": float(np.mean(kept)) if kept else 0.0,
        "stale/max": float(max(kept, default=0)),
        "stale/dropped": float(len(ages) - len(kept)),
    }


def age(trajectory: Trajectory, version: int) -> int:
    """Versions between the oldest weights that wrote in an attempt and `version`. Those of a time that a killed run did not
    live to keep may be newer: they count as 0."""
    wrote = [step.version for step in trajectory.steps if step.speaker == "policy" and step.sampled is not None]
    return max([0, *(version - each for each in wrote if each is not None)])
