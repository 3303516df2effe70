"""Shuffled epochs, as a function of (seed, update): no state, so a resumed run goes on where it was."""

from __future__ import annotations

from saccade.core.seed import generator

ENDLESS = 1 << 40
"""Sources of this length or more (worlds without an end) are walked in their own order."""


def shuffled(count: int, size: int, update: int, seed: int) -> list[int]:
    """Indices of batch `update`. Every epoch is a new permutation; what does not fill a batch at its end is left out (of
    this epoch only), so that no batch holds a sample twice unless it is larger than the data.

    Raises ValueError for a source without samples.
    """
    if size < 1 or count < 1:
        raise ValueError(f"cannot choose {count} of {size} samples")
    if size >= ENDLESS:
        return list(range(update * count, (update + 1) * count))
    if count >= size:
        whole = [generator(seed, "order", update, again).permutation(size).tolist() for again in range(-(-count // size))]
        return [index for permutation in whole for index in permutation][:count]
    epoch, batch = divmod(update, size // count)
    return generator(seed, "order", epoch).permutation(size)[batch * count : (batch + 1) * count].tolist()
