"""An event loop whose clock jumps to the next timer when nothing is ready: waiting is counted exactly, on any machine.

How attempts are scheduled is a matter of waiting alone, and measured on a busy machine it says more about the machine.
Here 0.2 s of a tool that sleeps are 0.2 s whatever else runs, and take no time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Value = TypeVar("Value")


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` counts timers only. Work in threads does not hold the clock up: use coroutines."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def time(self) -> float:
        return self.now_s

    def _run_once(self) -> None:
        if not self._ready:  # type: ignore[attr-defined]
            timers = (each._when for each in self._scheduled if not each._cancelled)  # type: ignore[attr-defined]
            self.now_s = max(self.now_s, min(timers, default=self.now_s))
        super()._run_once()  # type: ignore[misc]


def run_virtually(work: Coroutine[Any, Any, Value]) -> tuple[Value, float]:
    """What the coroutine gives, and how many seconds it waited. For a thread without a running event loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work), runner.get_loop().time()
