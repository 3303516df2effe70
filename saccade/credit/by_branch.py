"""Credit within each forced mode of a group, so that attempts which had to look are not compared with those which might not.

(Look Less, Reason More, October 2025.) The same serves any split of a group that `Trajectory.branch` names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from saccade.core.signals import Assigned, Credit, per_group
from saccade.core.trajectory import Group


def by_branch(*, of: Credit | None = None) -> Credit:
    """Apply the credit `of` (default: total minus the mean) to each branch as if it were a group of its own."""
    inner = of or per_group(lambda group: group.totals() - group.totals().mean())

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        return [split(group) for group in groups]

    def split(group: Group) -> list[Assigned]:
        out: list[Assigned] = [None] * len(group.trajectories)
        for branch in dict.fromkeys(each.branch for each in group.trajectories):
            places = [at for at, each in enumerate(group.trajectories) if each.branch == branch]
            part = replace(
                group, trajectories=tuple(group.trajectories[at] for at in places),
                total=None if group.total is None else group.total[places],
            )
            for at, value in zip(places, inner([part])[0], strict=True):
                out[at] = value
        return out

    return credit


EXAMPLES = [
    ([1.0, 0.0, 0.0, 1.0], [0.5, -0.5, -0.5, 0.5]),
    ([1.0, None, 0.0], [0.5, None, -0.5]),
]
