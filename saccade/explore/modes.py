"""Forced and free attempts side by side: some must use a tool, some must not, the others choose.

(Look Less, Reason More, October 2025.) The mode is the attempt's branch; `episodes.forced_modes` acts on it, rewards and
credit read it. Two pass rates of one question, with and without the tool, say whether the question needs it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """`must` and `never` attempts in those branches, `free` ones in none. `n` is their number."""

    must: int
    never: int
    free: int

    @property
    def n(self) -> int:
        return self.must + self.never + self.free

    async def __call__(self, sample: Sample, attempt: Callable[..., Awaitable[Trajectory]]) -> Group:
        import asyncio

        branches = ["must"] * self.must + ["never"] * self.never + [""] * self.free
        made: Any = await asyncio.gather(*(attempt(index, branch) for index, branch in enumerate(branches)))
        return Group(sample=sample, trajectories=tuple(made))


def modes(*, must: int = 4, never: int = 4, free: int = 8) -> Modes:
    """Make the explorer. Raises ValueError for fewer than one attempt or a negative number."""
    if min(must, never, free) < 0 or must + never + free < 1:
        raise ValueError(f"modes: must={must}, never={never} and free={free} make no group")
    return Modes(must=must, never=never, free=free)
