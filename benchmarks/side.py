"""One side of a case in a process of its own: makes itself ready, tells its numbers for the gate, runs when it is asked.

Commands are lines on standard input, answers are lines of JSON on what was standard output; whatever libraries print goes
to standard error. Peak memory is the kernel's high-water mark, set back before every run.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

THREADS = 2


@dataclass(slots=True, kw_only=True)
class Side:
    """run:   one timed run; a mapping it returns is what it measured itself (``seconds``, the wall clock, is added)
    outcome: arrays that both sides must agree on (`arena.disagreements`)
    before:  called before every run, outside the clock
    facts:   what is worth printing: configuration, counts; behaviours of the peer are asserted before they are told
    """

    run: Callable[[], Any]
    outcome: Callable[[], Mapping[str, np.ndarray]]
    before: Callable[[], object] = lambda: None
    facts: dict[str, Any] = field(default_factory=dict)


class Stopwatch:
    """When a block or a wrapped function was at work, be it nested or several times at once; adds up what that covers."""

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []

    @contextmanager
    def __call__(self):
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spans.append((began, time.perf_counter()))

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            with self():
                return function(*args, **options)

        return timed

    def reset(self) -> None:
        self.spans.clear()

    @property
    def seconds(self) -> float:
        return self.without(Stopwatch())

    def without(self, other: Stopwatch) -> float:
        """Seconds in which this was going on and the other was not."""
        edges = sorted([(at, change, 0) for span in self.spans for at, change in zip(span, (1, -1), strict=True)]
                       + [(at, 0, change) for span in other.spans for at, change in zip(span, (1, -1), strict=True)])
        seconds, mine, theirs, last = 0.0, 0, 0, 0.0
        for at, change, others in edges:
            if mine and not theirs:
                seconds += at - last
            mine, theirs, last = mine + change, theirs + others, at
        return seconds


def timed(side: Side) -> dict[str, float]:
    """One run: seconds, peak megabytes above what was held before, and what the run measured itself."""
    side.before()
    ctypes.CDLL(None).malloc_trim(0)
    held = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    began = time.perf_counter()
    measured = side.run()
    seconds = time.perf_counter() - began
    told = measured if isinstance(measured, Mapping) else {}
    return {"seconds": seconds, "peak_mb": max(0.0, memory("VmHWM") - held), **told}


def memory(name: str) -> float:
    """A line of /proc/self/status in megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise AssertionError(name)


def main(module: str, who: str, folder: str) -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import torch

    torch.set_num_threads(int(os.environ.get("BENCH_THREADS", THREADS)))
    case = importlib.import_module(module)
    side: Side = getattr(case, who)(Path(folder))

    def tell(value: Any) -> None:
        out.write(json.dumps(value) + "\n")
        out.flush()

    tell({"facts": side.facts})
    for line in sys.stdin:
        command = line.strip()
        if command == "outcome":
            path = Path(folder) / f"{who}.npz"
            np.savez(path, **{key.replace("/", "|"): value for key, value in side.outcome().items()})
            tell(str(path))
        elif command == "run":
            tell(timed(side))


if __name__ == "__main__":
    main(*sys.argv[1:])
