"""Rows are cut into micro-batches by a token budget, image tokens included, in an order that depends on the rows alone.

Rows of a group stand beside each other, for they begin alike and the forward pass runs their beginning once; groups of
like length share a micro-batch, so that little is padding. What must be seen together stays so, even above the budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from saccade.learn.rows import Row

Together = Literal["pair", "group", "batch"] | None


def micro_batches(rows: Sequence[Row], budget: int, *, together: Together = None) -> list[list[int]]:
    """Indices of rows per micro-batch, longest groups first (the first one shows whether memory suffices).

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
    tallest: dict[int, int] = {}
    for row in rows:
        tallest[row.group] = max(tallest.get(row.group, 0), row.size)

    def place(unit: list[int]) -> tuple[int, int, int, list[int]]:
        group = rows[unit[0]].group
        return -tallest[group], group, -max(rows[index].size for index in unit), unit

    for unit in sorted(units(rows, together), key=place):
        longest = max(rows[index].size for index in unit)
        if batches and (len(batches[-1]) + len(unit)) * max(width, longest) <= budget:
            batches[-1].extend(unit)
            width = max(width, longest)
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
