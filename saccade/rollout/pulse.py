"""How long an event loop was away: a beat that comes late says so.

Everything in a rollout shares one loop. Where other work of this process holds it up (a decoder, a garbage collection, a
thread that keeps the interpreter), a deadline passes although nobody was slow, and an answer that is there already has not
been taken. Waits therefore count time by this clock, which stands still while the loop is away.
"""

from __future__ import annotations

import asyncio
from typing import Self

BEAT_S = 0.02
SLACK_S = 0.01
"""Lateness that is no lateness: timers are never exact."""


class Pulse:
    """Beats on the running loop from `start` to `stop`. `away_s` only grows."""

    def __init__(self) -> None:
        self._lost_s, self._due = 0.0, 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._next(self._loop.time())
        return self

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    @property
    def away_s(self) -> float:
        """Seconds the loop was away since the start; a beat that is overdue counts although it has not come yet."""
        return self._lost_s + self._late()

    def _late(self) -> float:
        return max(0.0, self._loop.time() - self._due - SLACK_S) if self._loop is not None else 0.0

    def _beat(self) -> None:
        assert self._loop is not None
        self._lost_s += self._late()
        self._next(self._loop.time())

    def _next(self, now: float) -> None:
        assert self._loop is not None
        self._due = now + BEAT_S
        self._timer = self._loop.call_at(self._due, self._beat)
