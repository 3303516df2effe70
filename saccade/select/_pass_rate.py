"""The share of attempts at a sample that succeeded: what every filter and curriculum by difficulty is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from saccade.core.sample import Picked, Source
from saccade.core.trajectory import Group


def pass_rate(group: Group, *, passed: float = 0.5) -> float | None:
    """Share of the policy's attempts with a total of at least `passed`; None where none counts."""
    if group.total is None:
        raise ValueError(f"group {group.sample.id}: rewards are not computed yet")
    own = [index for index in group.members if group.trajectories[index].origin == "policy"]
    return float(np.mean(group.total[own] >= passed)) if own else None


def in_band(source: Source, rates: Mapping[int, float], *, low: float, high: float) -> Picked:
    """The samples whose pass rate, estimated beforehand, lies in [low, high], in the order of the source."""
    return Picked(source=source, indices=tuple(index for index in sorted(rates) if low <= rates[index] <= high))


def buckets(rates: Mapping[int, float], edges: Sequence[float]) -> list[tuple[int, ...]]:
    """Indices by pass rate, hardest first: below edges[0], between each two, from edges[-1] on."""
    order = np.digitize([rates[index] for index in sorted(rates)], edges)
    return [tuple(index for index, place in zip(sorted(rates), order, strict=True) if place == each)
            for each in range(len(edges) + 1)]
