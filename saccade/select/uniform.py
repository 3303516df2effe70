"""Every sample equally often, in shuffled epochs; every group admitted. What a run does when it selects nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from saccade.core.order import shuffled
from saccade.core.run import Selector
from saccade.core.trajectory import Group


def uniform() -> Selector:
    """Make the selector. It has no state: batch k is a function of (seed, k)."""
    return Uniform()


class Uniform:
    def propose(self, count: int, size: int, update: int, seed: int) -> Sequence[int]:
        return shuffled(count, size, update, seed)

    def observe(self, groups: Sequence[Group]) -> None:
        return

    def admit(self, groups: Sequence[Group]) -> Sequence[Group]:
        return groups

    def metrics(self) -> dict[str, float]:
        return {}

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        return
