"""Credit within each forced mode of a group, so that attempts which had to look are not compared with those which might not.

(Look Less, Reason More, October 2025.) The same serves any split of a group that `Trajectory.branch` names.
"""

from __future__ import annotations

from collections.abc import Sequence

from saccade.core.signals import Assigned, Credit
from saccade.core.trajectory import Group
from saccade.credit._parts import among, centred


def by_branch(*, of: Credit | None = None) -> Credit:
    """Apply the credit `of` (default: total minus the mean) to each branch as if it were a group of its own."""
    inner = of or centred

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        return [split(group) for group in groups]

    def split(group: Group) -> list[Assigned]:
        out: list[Assigned] = [None] * len(group.trajectories)
        for branch in dict.fromkeys(each.branch for each in group.trajectories):
            places = [at for at in group.members if group.trajectories[at].branch == branch]
            for at, value in enumerate(among(inner, group, places)):
                out[at] = value if at in places else out[at]
        return out

    return credit


EXAMPLES = [
    ([1.0, 0.0, 0.0, 1.0], [0.5, -0.5, -0.5, 0.5]),
    ([1.0, None, 0.0], [0.5, None, -0.5]),
]
