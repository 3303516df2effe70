"""Which rank scores which rows: loads as equal as they get, and rows that begin alike on one rank.

A row costs its tokens, image tokens included. Rows of a group begin alike and on one rank their beginning runs once
(`models.plan`), so a rank pays for the beginning of every group it has rows of, and for what follows it in each. A group is
cut only where it is more than a rank's fair share; because finer pieces fill the ranks better and pay for more beginnings,
some grains are tried. The shares follow from the rows alone, and every rank computes all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from saccade.learn.batches import Together, units
from saccade.learn.rows import Row
from saccade.models.plan import beginning

GRAINS = (1, 2, 4)
"""Pieces are at most a rank's fair share over one of these, where they can be cut."""


def shares(rows: Sequence[Row], size: int, *, together: Together = None) -> list[list[int]]:
    """Row indices per rank, ascending; every row once. `together` is what may not be split (`batches.units`).

    Heaviest pieces first, each where it leads to the least load: the heaviest rank has at most the mean load and one piece
    more. A rank has no rows where there are fewer pieces than ranks.
    """
    if size == 1:
        return [list(range(len(rows)))]
    heads = beginnings(rows)
    tried = [spread(rows, heads, cut(rows, heads, size * grain, together), size) for grain in GRAINS]
    return min(tried, key=lambda found: max(load(rows, heads, part) for part in found))


def beginnings(rows: Sequence[Row]) -> dict[int, int]:
    """Tokens that the rows of each group begin with; 0 for a group of one."""
    groups = units(rows, "group")
    return {rows[part[0]].group: beginning([rows[i].prompt for i in part]) if len(part) > 1 else 0 for part in groups}


def load(rows: Sequence[Row], heads: Mapping[int, int], part: Iterable[int], here: frozenset[int] = frozenset()) -> int:
    """Tokens that run for these rows on a rank that has rows of the groups `here` already."""
    chosen = [rows[index] for index in part]
    return sum(row.size - heads[row.group] for row in chosen) + sum(
        heads[group] for group in {row.group for row in chosen} - here
    )


def spread(rows: Sequence[Row], heads: Mapping[int, int], pieces: Sequence[list[int]], size: int) -> list[list[int]]:
    """Pieces over ranks, heaviest first."""
    loads, here = [0] * size, [frozenset[int]()] * size
    found: list[list[int]] = [[] for _ in range(size)]
    for piece in sorted(pieces, key=lambda piece: (-load(rows, heads, piece), piece)):
        after = [before + load(rows, heads, piece, known) for before, known in zip(loads, here, strict=True)]
        rank = after.index(min(after))
        loads[rank], here[rank] = after[rank], here[rank] | {rows[index].group for index in piece}
        found[rank] += piece
    return [sorted(part) for part in found]


def cut(rows: Sequence[Row], heads: Mapping[int, int], parts: int, together: Together) -> list[list[int]]:
    """Groups, those above one of `parts` equal parts cut in halves until they are not, or until halves save nothing."""
    if together in ("group", "batch"):
        return units(rows, together)
    unit_of = {index: tuple(unit) for unit in units(rows, together) for index in unit}
    found = units(rows, "group")
    while True:
        limit = sum(load(rows, heads, piece) for piece in found) / parts
        for piece in sorted(found, key=lambda piece: (-load(rows, heads, piece), piece)):
            if load(rows, heads, piece) <= limit:
                return found
            inside = list(dict.fromkeys(unit_of[index] for index in piece))
            middle = len(inside) // 2
            halves = [[index for unit in half for index in unit] for half in (inside[:middle], inside[middle:])]
            if all(halves) and max(load(rows, heads, half) for half in halves) < load(rows, heads, piece):
                found.remove(piece)
                found += halves
                break
        else:
            return found
