"""Which rows come next: every row once per epoch, in an order drawn from the seed.

A function of the update alone, so a resumed run proposes what the uninterrupted one would have.
"""

from __future__ import annotations

from collections.abc import Sequence

from saccade.core.seed import generator

ENDLESS = 1 << 40
"""Sources without a length, or longer than this, are walked in their own order."""


def proposed(count: int, size: int, update: int, seed: int) -> Sequence[int]:
    """`count` indices of a source of `size` rows for this update (0, 1, ...)."""
    first = update * count
    if size >= ENDLESS:
        return range(first, first + count)
    out: list[int] = []
    while len(out) < count:
        epoch, at = divmod(first + len(out), size)
        order = generator(seed, "order", epoch).permutation(size)
        out.extend(order[at : at + count - len(out)].tolist())
    return out
