"""Other places for a run's metrics: trackio (local) and wandb. ``metrics.jsonl`` stays the truth; a tracker is only told.

A tracker that cannot be opened stops the run before it begins, one that fails later is left out with a message: nobody loses
a run to a dashboard. The configuration comes from the run folder's own file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = "saccade"


@dataclass(slots=True, kw_only=True)
class Tracker:
    """`send` takes metrics and the update, `close` ends the run there. Numbers only; the update is the step."""

    name: str
    send: Callable[[dict[str, float], int], Any]
    close: Callable[[], Any]
    broken: bool = False

    def log(self, line: Mapping[str, Any]) -> None:
        if self.broken:
            return
        numbers = {
            key: float(value)
            for key, value in line.items()
            if isinstance(value, int | float) and not isinstance(value, bool) and key != "update"
        }
        try:
            self.send(numbers, int(line.get("update", 0)))
        except Exception as error:  # a dashboard may fail in any way, the run goes on
            self.broken = True
            print(
                f"{self.name} takes no more metrics ({type(error).__name__}: {error}); metrics.jsonl goes on",
                file=sys.stderr,
            )


def open_tracker(name: str, run: str, folder: Path) -> Tracker:
    """Open one by name, to go on with the run of this folder where it has it. Raises ValueError for an unknown name,
    ModuleNotFoundError where its package is not installed."""
    if name not in OPEN:
        raise ValueError(f"there is no tracker {name!r}; there are {', '.join(OPEN)}")
    recorded = folder / "config.json"
    config = json.loads(recorded.read_text(encoding="utf-8")) if recorded.is_file() else {}
    return OPEN[name](run, folder, config)


def trackio(run: str, folder: Path, config: Mapping[str, Any]) -> Tracker:
    import trackio as there

    there.init(project=PROJECT, name=f"{run}-{folder.resolve().name}", config=dict(config), resume="allow")
    return Tracker(name="trackio", send=lambda numbers, update: there.log(numbers, step=update), close=there.finish)


def wandb(run: str, folder: Path, config: Mapping[str, Any]) -> Tracker:
    import wandb as there

    from saccade.core.run import digest

    begun = there.init(
        project=PROJECT,
        name=run,
        id=digest(str(folder.resolve())),
        config=dict(config),
        dir=str(folder),
        resume="allow",
    )
    return Tracker(name="wandb", send=lambda numbers, update: begun.log(numbers, step=update), close=begun.finish)


OPEN: dict[str, Callable[[str, Path, Mapping[str, Any]], Tracker]] = {"trackio": trackio, "wandb": wandb}


def close_all(trackers: Iterable[Tracker]) -> None:
    for tracker in trackers:
        try:
            tracker.close()
        except Exception as error:
            print(f"{tracker.name} did not end well ({type(error).__name__}: {error})", file=sys.stderr)
