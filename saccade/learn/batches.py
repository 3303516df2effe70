"""Rows are cut into micro-batches by a token budget, image tokens included, in an order that depends on the rows alone.

Rows of like length share a micro-batch, so that little is padding. What must be seen together (a pair, a group) stays
together, even above the budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from saccade.learn.rows import Row

Together = Literal["pair", "group", "batch"] | None


def micro_batches(rows: Sequence[Row], budget: int, *, together: Together = None) -> list[list[int]]:
    """Indices of rows per micro-batch, longest first (the first one shows whether memory suffices).

    A micro-batch of n rows costs n times its longest row, padding counted. Raises ValueError for a single row above the
    budget, because nothing can be cut from a sequence without changing what it means.
    """
    long = max(rows, key=lambda row: row.size, default=None)
    if long is not None and long.size > budget:
        raise ValueError(
            f"{long.source}: a row of {long.size} tokens does not fit into micro_tokens={budget}; raise "
            "schedule.micro_tokens, or lower limits.tokens or policy.max_pixels"
        )
    batches: list[list[int]] = []
    width = 0
    for unit in sorted(units(rows, together), key=lambda unit: (-max(rows[index].size for index in unit), unit)):
        longest = max(rows[index].size for index in unit)
        if batches and (len(batches[-1]) + len(unit)) * max(width, longest) <= budget:
            batches[-1].extend(unit)
        else:
            batches.append(list(unit))
            width = longest
    return batches


def units(rows: Sequence[Row], together: Together) -> list[list[int]]:
    """What may not be split, as lists of row indices."""
    if together == "batch":
        return [list(range(len(rows)))] if rows else []
    gathered: dict[int, list[int]] = {}
    for index, row in enumerate(rows):
        key = {"pair": row.pair, "group": row.group, None: index}[together]
        gathered.setdefault(key, []).append(index)
    return list(gathered.values())


def strictest(wishes: Sequence[Together]) -> Together:
    """One demand that satisfies all: batch over group over pair. (Both attempts of a pair belong to one group.)"""
    for each in ("batch", "group", "pair"):
        if each in wishes:
            return each
    return None
