"""How many calls of one tool run at once, over all trajectories of a rollout.

A detector on one card or a search service takes so many at a time. Who waits for a place does so on our time, not on the
model's; and a tool that is slow or dead holds up only those that ask for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from saccade.core.tool import Tool
from saccade.rollout.waiting import Clock, Late


class Busy(RuntimeError):
    """No place became free in time."""


class Gates:
    """Places by the name of the tool; `Tool.concurrency` says how many. One object a rollout, in one event loop."""

    def __init__(self) -> None:
        self._places: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def place(self, tool: Tool, clock: Clock, seconds: float) -> AsyncIterator[None]:
        """Hold a place at the tool. Raises Busy where none is free within `seconds`."""
        if tool.concurrency is None:
            yield
            return
        places = self._places.setdefault(tool.name, asyncio.Semaphore(tool.concurrency))
        try:
            await clock.wait(places.acquire(), f"a place at tool {tool.name}", seconds=seconds, paused=True)
        except Late as late:
            raise Busy(f"{late}; it takes {tool.concurrency} calls at once") from late
        try:
            yield
        finally:
            places.release()
