"""Credit for some members of a group, and of a group with other totals: what credits that build on another one share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from saccade.core.signals import Assigned, Credit, per_group
from saccade.core.trajectory import Group, Trajectory

centred: Credit = per_group(lambda group: group.totals() - group.totals().mean())
"""Total minus the group's mean: what a credit builds on when it is not told otherwise."""


def among(of: Credit, group: Group, chosen: Sequence[int], totals: Sequence[float] | None = None) -> list[Assigned]:
    """Credit `of` the chosen members as if they were a group of their own; None for the others.

    totals: of the chosen, where they are not those of the group
    """
    row: list[Assigned] = [None] * len(group.trajectories)
    if not chosen:
        return row
    known = group.total if totals is None else None
    part = replace(
        group,
        trajectories=tuple(group.trajectories[index] for index in chosen),
        total=known[list(chosen)] if known is not None else np.asarray(totals, dtype=float),
    )
    for index, value in zip(chosen, of([part])[0], strict=True):
        row[index] = value
    return row


def retotalled(group: Group, totals: Sequence[float]) -> Group:
    """The group with other totals for the members that count, in their order."""
    total = np.full(len(group.trajectories), np.nan)
    total[list(group.members)] = totals
    return replace(group, total=total)


def value_of(trajectory: Trajectory, reward: str) -> float | None:
    """The raw value of a reward by name; None where it does not apply or was not computed."""
    score = trajectory.rewards.get(reward)
    return None if score is None else score.value


def stream(trajectory: Trajectory, probe: str, name: str) -> np.ndarray:
    """float[S]: what a probe left over the sampled tokens. Raises ValueError naming the probe that is missing."""
    found = trajectory.aux.get(f"probe/{probe}", {}).get(name)
    if found is None:
        raise ValueError(
            f"{trajectory.sample.id}, attempt {trajectory.attempt}: no probe {probe!r} left {name!r}; add the probe to "
            f"Run.probes (saccade.models.probes)"
        )
    return np.asarray(found, dtype=float)
