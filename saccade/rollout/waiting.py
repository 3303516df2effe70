"""Every wait has a deadline and a name.

Three clocks bound a wait: its own, the attempt's budget of seconds, and the deadline of the whole rollout. Which one ran
out decides whose failure it is: `Late` for its own, `Stopped` with `Stop.TIMEOUT` (the model's) or `Stop.ABORT`
(ours) for the others. The first two stand still while our own event loop is away, so that nobody is blamed for that. What
is being waited for is told to `watch`, so that a watchdog can name it.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from saccade.core.trajectory import Stop
from saccade.rollout.pulse import Pulse

Value = TypeVar("Value")
TICK_S = 1e-3
"""What is left of a deadline that counts as nothing."""


class Late(TimeoutError):
    """A wait took longer than its own deadline. `away_s`: how long our event loop was away meanwhile, not counted there."""

    def __init__(self, text: str, away_s: float = 0.0) -> None:
        super().__init__(text)
        self.away_s = away_s


class Stopped(Exception):
    """Ends an attempt with a typed stop. Passes through the episode, whose `finally` blocks run."""

    def __init__(self, stop: Stop, note: str = "") -> None:
        super().__init__(note or stop.value)
        self.stop, self.note = stop, note


@dataclass(slots=True, kw_only=True)
class Clock:
    """Deadlines of an attempt. `stopped` is set when one of them cut a wait short.

    until:  end of the attempt's budget of seconds, by `now`; abort: end of the rollout, in the event loop's own time
    watch:  called with what is waited for, and with an empty text when the wait is over
    pulse:  knows how long the loop was away; without one it never is
    """

    until: float = math.inf
    abort: float = math.inf
    watch: Callable[[str], None] = lambda what: None
    pulse: Pulse | None = None
    stopped: Stopped | None = None

    def now(self) -> float:
        """The loop's time without that in which it was away: nobody else's deadline runs meanwhile."""
        return asyncio.get_running_loop().time() - self.away_s()

    def away_s(self) -> float:
        return 0.0 if self.pulse is None else self.pulse.away_s

    def check(self) -> None:
        """Raise `Stopped` where the attempt's seconds have run out between two waits."""
        if self.now() >= self.until:
            self.stopped = Stopped(Stop.TIMEOUT, "the attempt's seconds ran out")
            raise self.stopped

    async def wait(
        self, work: Awaitable[Value], what: str, *, seconds: float = math.inf, grace_s: float = 0.0, paused: bool = False
    ) -> Value:
        """Await `work`, at most `seconds`. Raises `Late` naming `what`, or `Stopped`.

        `grace_s` lets waits inside this one meet the attempt's deadline first, so that they are named and recorded.
        `paused` stops the attempt's own clock meanwhile: how long an engine is busy with others is not the model's doing.
        """
        loop = asyncio.get_running_loop()
        began, away = self.now(), self.away_s()
        until, abort = math.inf if paused else self.until + grace_s, self.abort + grace_s
        first = min(began + seconds, until)
        timer: asyncio.TimerHandle | None = None

        def guard() -> None:
            """At the deadline by the loop's time; where the loop was away something is left, and what came is taken."""
            nonlocal timer
            left = first - self.now()
            if left > TICK_S:
                timer = loop.call_later(left, guard)
            elif not scope.expired():
                scope.reschedule(loop.time())

        self.watch(what)
        try:
            async with asyncio.timeout_at(None if math.isinf(abort) else abort) as scope:
                if not math.isinf(first):
                    timer = loop.call_later(max(0.0, first - began), guard)
                return await work
        except TimeoutError:
            if not scope.expired():  # raised by the work itself
                raise
            if loop.time() >= abort:
                self.stopped = Stopped(Stop.ABORT, f"the rollout's deadline passed while waiting for {what}")
            elif first == until:
                self.stopped = Stopped(Stop.TIMEOUT, f"the attempt's seconds ran out while waiting for {what}")
            else:
                raise Late(f"{what} gave nothing within {seconds:g} s", self.away_s() - away) from None
            raise self.stopped from None
        finally:
            if timer is not None:
                timer.cancel()
            self.watch("")
            if paused:
                self.until += self.now() - began


async def in_thread(work: Callable[[], Value]) -> Value:
    """Run a blocking function in a daemon thread of its own.

    Not a pool: a hanging tool can be abandoned but not killed, and must neither use up the threads of the others nor
    hold up the end of the process.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Value] = loop.create_future()

    def settle(value: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    def run() -> None:
        value, error = None, None
        try:
            value = work()
        except Exception as raised:
            error = RuntimeError(f"raised StopIteration {raised}") if isinstance(raised, StopIteration) else raised
        except BaseException as raised:  # SystemExit of a tool ends the tool, not the run
            error = RuntimeError(f"raised {type(raised).__name__} {raised}")
        try:
            loop.call_soon_threadsafe(settle, value, error)
        except RuntimeError:  # the loop has closed: nobody waits any more
            return

    threading.Thread(target=run, daemon=True, name="saccade-work").start()
    return await future
