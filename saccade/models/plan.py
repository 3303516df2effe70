"""What is run together: which beginnings are computed once, and which rows share a padded pass. Read it in a minute.

Rows that begin alike (the same tokens, the same images) need their beginning only once. Rows of one pass are padded to the
longest. Both choices follow from lengths alone, in tokens: sharing a beginning of L tokens among n rows saves (n - 1) L and
costs one more pass, and so does every cut between rows of different length. The plain way, every row whole and alone, is
what the equality tests compare with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from saccade.core.engine import Prompt

PASS = {"cpu": 96}
"""Tokens that take as long as the fixed cost of one more pass through the model."""
PASS_ELSEWHERE = 1024

SHORTEST = 16
"""Beginnings of fewer tokens are never run apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """heads: (a row that begins with it, its length); head_R: the head of each row, -1 for none; start_R: its length."""

    heads: tuple[tuple[int, int], ...]
    head_R: tuple[int, ...]

    @property
    def start_R(self) -> list[int]:
        return [self.heads[head][1] if head >= 0 else 0 for head in self.head_R]


@dataclass(slots=True, kw_only=True)
class Work:
    """What was chosen, for the log: tokens of the rows one by one, tokens that ran, padding among them, heads and passes."""

    apart: int = 0
    ran: int = 0
    padding: int = 0
    heads: int = 0
    passes: int = 0

    def metrics(self) -> dict[str, float]:
        return {"plan/apart": float(self.apart), "plan/ran": float(self.ran), "plan/heads": float(self.heads),
                "plan/passes": float(self.passes), "plan/padding": float(self.padding)}


@dataclass(frozen=True, slots=True)
class _Cut:
    """Rows lo..hi of the sorted order, cut at depth; saved counts tokens."""

    saved: int = 0
    heads: tuple[tuple[int, int, int], ...] = field(default=())


def shared(prompts: Sequence[Prompt], stops: Sequence[int], *, device: str) -> Plan:
    """Which beginnings of ``tokens[:stops[r]]`` to run once. Every row keeps at least one token of its own.

    Of the prefix tree of the rows one cut is taken, the one that saves most; heads that begin alike themselves are found
    when they are planned in turn.
    """
    key_RT = keys(prompts, stops)
    order = sorted(range(len(prompts)), key=lambda row: key_RT[row].tobytes())
    alike = [_common(key_RT[a], key_RT[b]) for a, b in pairwise(order)]
    room = [stops[row] - 1 for row in order]
    cut = _best(alike, room, 0, len(order))
    head_R = [-1] * len(prompts)
    heads = []
    if cut.saved >= PASS.get(device, PASS_ELSEWHERE):
        for lo, hi, length in cut.heads:
            for place in range(lo, hi):
                head_R[order[place]] = len(heads)
            heads.append((order[lo], length))
    return Plan(heads=tuple(heads), head_R=tuple(head_R))


def keys(prompts: Sequence[Prompt], stops: Sequence[int]) -> list[np.ndarray]:
    """Big-endian int64 a row: token ids, with every image's stretch replaced by a number of its own, so that a common
    beginning never ends inside an image."""
    numbers: dict[str, int] = {}
    out = []
    for prompt, stop in zip(prompts, stops, strict=True):
        key_T = prompt.tokens.astype(">i8")
        for span in prompt.media:
            number = numbers.setdefault(span.ref, len(numbers))
            key_T[span.start : span.start + span.length] = (1 << 40) + number
        out.append(key_T[:stop])
    return out


def beginning(prompts: Sequence[Prompt]) -> int:
    """Tokens that all of these begin with, images included; 0 where that is less than is ever run apart."""
    first, *others = keys(prompts, [len(prompt.tokens) for prompt in prompts])
    length = min((_common(first, other) for other in others), default=len(first))
    return length if length >= SHORTEST else 0


def _common(left: np.ndarray, right: np.ndarray) -> int:
    size = min(len(left), len(right))
    differ = np.flatnonzero(left[:size] != right[:size])
    return int(differ[0]) if len(differ) else size


def _best(alike: Sequence[int], room: Sequence[int], lo: int, hi: int) -> _Cut:
    """The cut of rows lo..hi (sorted) that saves most: all of them together, or every child on its own."""
    if hi - lo < 2:
        return _Cut()
    depth = min(alike[lo : hi - 1])
    length = min(depth, min(room[lo:hi]))
    here = _Cut((hi - lo - 1) * length, ((lo, hi, length),)) if length >= SHORTEST else _Cut()
    saved, heads, begin = 0, [], lo
    for place in [*(each for each in range(lo, hi - 1) if alike[each] == depth), hi - 1]:
        if place + 1 - begin < hi - lo:
            child = _best(alike, room, begin, place + 1)
            saved, begin = saved + child.saved, place + 1
            heads += child.heads
    return here if here.saved >= saved else _Cut(saved, tuple(heads))


def batches(lengths: Sequence[int], *, max_tokens: int, device: str = "cpu") -> list[list[int]]:
    """Row indices by pass, longest first: cuts between lengths where the padding they save is worth another pass.

    A pass holds at most `max_tokens` padded tokens; one row alone may exceed it.
    """
    order = sorted(range(len(lengths)), key=lambda row: (-lengths[row], row))
    sizes = [lengths[row] for row in order]
    price = PASS.get(device, PASS_ELSEWHERE)
    starts = [0] + [place for place in range(1, len(sizes)) if sizes[place] != sizes[place - 1]] + [len(sizes)]
    # best[i]: least cost of rows starts[i]..end, and where the first pass of them ends
    best: list[tuple[int, int]] = [(0, 0)] * len(starts)
    for first in range(len(starts) - 2, -1, -1):
        begin, size = starts[first], sizes[starts[first]]
        options = []
        for last in range(first + 1, len(starts)):
            rows = starts[last] - begin
            each_pass = max(1, max_tokens // max(size, 1))
            options.append((rows * size + price * -(-rows // each_pass) + best[last][0], last))
        best[first] = min(options)
    groups: list[list[int]] = []
    at = 0
    while at < len(starts) - 1:
        end = best[at][1]
        rows = order[starts[at] : starts[end]]
        most = max(1, max_tokens // max(lengths[rows[0]], 1))
        groups += [rows[place : place + most] for place in range(0, len(rows), most)]
        at = end
    return groups
