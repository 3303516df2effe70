"""Who is alive and who waits for what: slots, the engines' barrier, and the watchdog's answer to "why is nothing moving".

A batching engine that wants reproducible batches waits until every live trajectory waits for it, so it must be told
exactly how many there are. Slots are handed on without the count ever dropping in between, and a search that has just
ended one attempt still counts as alive until it has asked for the next or returned.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Search:
    """One sample's explorer: how many of its attempts run and how many wait for a slot."""

    running: int = 0
    queued: int = 0
    over: bool = False

    @property
    def alive(self) -> int:
        """Attempts that may ask an engine. A search that is between two attempts counts as one."""
        return self.running or int(not self.queued and not self.over)


@dataclass(slots=True, kw_only=True)
class Presence:
    """`slots` attempts at once. `waits` says since when each running attempt waits for what."""

    slots: int
    engines: Sequence[Any] = ()
    searches: list[Search] = field(default_factory=list)
    waits: dict[tuple[str, int, str], tuple[str, float]] = field(default_factory=dict)
    changed: float = field(default_factory=time.monotonic)
    _at: dict[tuple[str, int, str], str] = field(default_factory=dict)
    _queue: deque[tuple[Search, asyncio.Future[None]]] = field(default_factory=deque)
    _told: dict[int, int] = field(default_factory=dict)

    async def enter(self, search: Search) -> None:
        """Wait for a slot, first come first served."""
        if sum(each.running for each in self.searches) >= self.slots:
            ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            search.queued += 1
            self._queue.append((search, ready))
            self.tell()
            await ready  # whoever leaves has counted us in already
        else:
            search.running += 1
            self.tell()

    def leave(self, search: Search) -> None:
        search.running -= 1
        while self._queue:
            other, ready = self._queue.popleft()
            other.queued -= 1
            if not ready.done():
                other.running += 1
                ready.set_result(None)
                break
        self.tell()

    def end(self, search: Search) -> None:
        search.over = True
        self.tell()

    def waits_for(self, key: tuple[str, int, str], what: str) -> None:
        """An attempt waits for something, or (empty text) for nothing any more."""
        self.changed = time.monotonic()
        if what:
            self.waits[key] = (what, self.changed)
        else:
            self.waits.pop(key, None)
        if len(self.engines) > 1:
            self._at[key] = what
            self.tell()

    def tell(self) -> None:
        """Tell every engine how many trajectories may still ask it before it should go ahead."""
        alive = sum(search.alive for search in self.searches)
        for place, (name, engine) in enumerate(self.engines):
            elsewhere = sum(
                what == f"engine of {other}" for what in self._at.values() for other, _ in self.engines if other != name
            )
            wanted = max(alive - elsewhere, 0)
            change = wanted - self._told.get(place, 0)
            if change:
                self._told[place] = wanted
                engine.live(change)

    def close(self) -> None:
        """Take back everything that was told."""
        for search in self.searches:
            search.running, search.queued, search.over = 0, 0, True
        self._at.clear()
        self.tell()

    def report(self) -> str:
        """Which attempts wait for what, longest first."""
        now = time.monotonic()
        waits = sorted(self.waits.items(), key=lambda item: item[1][1])
        lines = [
            f"{sample} attempt {index}{f' ({branch})' if branch else ''} waits for {what} since {now - since:.0f} s"
            for (sample, index, branch), (what, since) in waits
        ]
        return "; ".join(lines[:8]) + (f"; and {len(lines) - 8} more" if len(lines) > 8 else "")
