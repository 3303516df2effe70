"""Credit against the mean of the other attempts, an unbiased baseline (RLOO, arXiv 2402.14740).

Equal to group-mean credit times n / (n - 1). An attempt without siblings has no baseline and gets none: unassigned.
"""

from __future__ import annotations

from saccade.core.signals import Assigned, Credit, per_group
from saccade.core.trajectory import Group


def leave_one_out() -> Credit:
    """Total reward minus the mean of the siblings that count."""

    @per_group
    def credit(group: Group) -> list[Assigned]:
        reward_G = group.totals()
        if len(reward_G) < 2:
            return [None] * len(reward_G)
        return list(reward_G - (reward_G.sum() - reward_G) / (len(reward_G) - 1))

    return credit


EXAMPLES = [
    ([1.0, 0.0, 0.0], [1.0, -0.5, -0.5]),
    ([1.0, None, 0.0], [1.0, None, -1.0]),
    ([2.0], [None]),
]
