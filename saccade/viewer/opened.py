"""The runs that somebody looks at: their rows, curves and pictures, taken in as they grow."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from saccade.core.store import Cache
from saccade.viewer.album import Folder, Served
from saccade.viewer.metrics import Metrics
from saccade.viewer.places import Place, places
from saccade.viewer.reading import Reading, reading_of
from saccade.viewer.rows import Rows

LOOK_S = 2.0
FIRST_S = 0.15


class NotFound(ValueError):
    """What was asked for is not there; the message is shown."""


@dataclass(slots=True, kw_only=True)
class Opened:
    """A run that somebody looks at: its rows, curves and pictures, taken in as they grow."""

    place: Place
    rows: Rows
    metrics: Metrics
    pictures: Folder
    looked: float = 0.0
    working: bool = False
    reading: Reading | None = None

    def fresh(self) -> None:
        """Take in what was written; at most every `LOOK_S` seconds, long work in the background."""
        now = time.monotonic()
        if self.working or now - self.looked < LOOK_S:
            return
        self.looked = now
        if not self.rows.grow(FIRST_S):
            self.working = True
            threading.Thread(target=self._rest, daemon=True).start()

    def _rest(self) -> None:
        try:
            while not self.rows.grow(0.2):
                time.sleep(0.01)  # requests go first
        finally:
            self.working = False

    @property
    def album(self) -> Served:
        return Served(self.pictures, self.place.name)

    @property
    def words(self) -> Reading:
        if self.reading is None or not self.reading.pieces:
            self.reading = reading_of(self.place.folder)
        return self.reading


@dataclass(slots=True)
class Viewer:
    """Everything the server knows: the folders it was given and the runs below them."""

    folders: Sequence[Path]
    runs: dict[str, Place] = field(default_factory=dict)
    opened: dict[str, Opened] = field(default_factory=dict)
    looked: float = -1e9
    cache: Cache = field(default_factory=lambda: Cache(1 << 29))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def found(self) -> dict[str, Place]:
        with self.lock:
            if time.monotonic() - self.looked > LOOK_S:
                self.runs, self.looked = places(self.folders), time.monotonic()
            return self.runs

    def run(self, name: str) -> Opened:
        with self.lock:
            if name not in self.opened:
                place = self.found().get(name)
                if place is None:
                    raise NotFound(f"there is no run {name[:80]!r}")
                self.opened[name] = Opened(
                    place=place,
                    rows=Rows(place.folder),
                    metrics=Metrics(place.folder / "metrics.jsonl"),
                    pictures=Folder(place.media, cache=self.cache),
                )
            run = self.opened[name]
            run.fresh()
            return run
