"""Work split over ranks and put together again: attempts by sample, scores by row.

What comes back is the same on every rank, bit for bit, for all of them read the same bytes, their own included.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from saccade.core.record import plain, trajectory_from
from saccade.core.sample import Sample
from saccade.core.trajectory import Group
from saccade.learn.balance import shares
from saccade.learn.ranks import Ranks
from saccade.learn.rows import Row

Streams = dict[str, np.ndarray]
"""Arrays over a row's trainable tokens, by name."""


def part_of(ranks: Ranks, samples: Sequence[Sample]) -> Sequence[Sample]:
    """Those that this rank rolls out: r, r + n, ... of n ranks."""
    return samples[ranks.rank :: ranks.size]


def together(ranks: Ranks, samples: Sequence[Sample], mine: Sequence[Group]) -> list[Group]:
    """One group a sample, in order, every rank having made those of its part, in order."""
    if ranks.size == 1:
        return list(mine)
    told = json.dumps([told_group(each) for each in mine])
    parts = [json.loads(part) for part in ranks.gather(told.encode())]
    return [
        heard_group(parts[index % ranks.size][index // ranks.size], sample) for index, sample in enumerate(samples)
    ]


def told_group(group: Group) -> dict[str, Any]:
    total = None if group.total is None else group.total.tolist()
    return {"trajectories": [plain(each) for each in group.trajectories], "total": total}


def heard_group(told: dict[str, Any], sample: Sample) -> Group:
    """The inverse; attempts at the sample that was asked about get this rank's own, whose pictures may be open."""
    made = [trajectory_from(each) for each in told["trajectories"]]
    total = None if told["total"] is None else np.array(told["total"], dtype=np.float64)
    return Group(
        sample=sample,
        trajectories=tuple(replace(each, sample=sample) if each.sample.id == sample.id else each for each in made),
        total=total,
    )


def split_rows(ranks: Ranks, rows: Sequence[Row], ask: Callable[[Sequence[Row]], Sequence[Streams]]) -> list[Streams]:
    """What `ask` says of every row, in order; each rank asks about its share."""
    if ranks.size == 1 or not rows:
        return list(ask(rows))
    mine = shares(rows, ranks.size)[ranks.rank]
    said = zip(mine, ask([rows[index] for index in mine]), strict=True) if mine else ()
    return gathered_streams(ranks, dict(said), len(rows))


def gathered_streams(ranks: Ranks, mine: dict[int, Streams], count: int) -> list[Streams]:
    """Streams by row from all ranks, as a list; a row nobody spoke of has none."""
    out: list[Streams] = [{} for _ in range(count)]
    told = save({f"{index}/{name}": values for index, found in mine.items() for name, values in found.items()})
    for part in ranks.gather(told):
        for key, values in load(part).items():
            index, _, name = key.partition("/")
            out[int(index)][name] = values
    return out
