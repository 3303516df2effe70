"""One part of the data after the other, shuffled within each: by difficulty, by answer form, by skill.

The data is a chain of sources (`sc.chain`), easiest first or however the method orders them (Curr-ReFT, arXiv 2503.07065:
judge, choose, produce; RewardMap, arXiv 2510.02240: judgements, counts, planning). The same parts in another order, or all
at once, are the arms such a claim is tested with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from saccade.core.order import shuffled
from saccade.core.run import Selector
from saccade.core.seed import seed_of
from saccade.core.trajectory import Group


def curriculum(*, sizes: Sequence[int] = (), updates: Sequence[int] = (), order: Sequence[int] | None = None) -> Selector:
    """Make the selector.

    sizes:   rows of each part of the chain, in the chain's order; none: the whole data is one part
    updates: batches of rollouts each part gets; after the last, the last part goes on
    order:   parts in the order they are walked; default as they stand
    Raises ValueError when the numbers do not fit each other.
    """
    walk = tuple(range(len(sizes))) if order is None else tuple(order)
    if (
        len(sizes) != len(updates)
        or sorted(walk) != list(range(len(sizes)))
        or any(each < 1 for each in (*sizes, *updates))
    ):
        raise ValueError(
            f"curriculum: as many updates as parts, all at least 1, and an order of the parts; not sizes={sizes}, "
            f"updates={updates}, order={order}"
        )
    return Curriculum(sizes=tuple(sizes), updates=tuple(updates), walk=walk)


class Curriculum:
    """No state: batch k is a function of (seed, k)."""

    def __init__(self, *, sizes: tuple[int, ...], updates: tuple[int, ...], walk: tuple[int, ...]) -> None:
        self.sizes, self.updates, self.walk = sizes, updates, walk
        self.part = 0

    def propose(self, count: int, size: int, update: int, seed: int) -> Sequence[int]:
        if not self.sizes:
            return shuffled(count, size, update, seed)
        if sum(self.sizes) != size:
            raise ValueError(f"curriculum: its parts have {sum(self.sizes)} rows, the data has {size}")
        left = update
        for part in self.walk:
            self.part = part
            if left < self.updates[part] or part == self.walk[-1]:
                break
            left -= self.updates[part]
        start = sum(self.sizes[: self.part])
        return [start + index for index in shuffled(count, self.sizes[self.part], left, seed_of(seed, "part", self.part))]

    def observe(self, groups: Sequence[Group]) -> None:
        return

    def admit(self, groups: Sequence[Group]) -> Sequence[Group]:
        return groups

    def metrics(self) -> dict[str, float]:
        """Which part the last batch came from."""
        return {"part": float(self.part)}

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        return
