"""A right answer in the group that stops pulling once the policy is as good (ViSurf, arXiv 2510.10606).

The label stands among the attempts as one more member. When some attempt earns at least as much, the label's total
becomes the mean of the attempts', so that its credit is zero; until then it is credited like the best attempt.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saccade.core.signals import Assigned, Credit
from saccade.core.trajectory import Group
from saccade.credit._parts import centred, retotalled


def label_smoothing(*, of: Credit | None = None, origins: tuple[str, ...] = ("label",), smooth: bool = True) -> Credit:
    """Replace the totals of members of these origins where the policy has caught up, then credit `of`.

    smooth: False leaves the totals alone, so that the label goes on pulling
    """
    inner = of or centred

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        return inner([smoothed(group) if smooth and group.members else group for group in groups])

    def smoothed(group: Group) -> Group:
        total_G = group.totals().copy()
        label_G = np.array([group.trajectories[index].origin in origins for index in group.members])
        if not label_G.any() or label_G.all():
            return group
        own_G = total_G[~label_G]
        total_G[label_G & (total_G <= own_G.max())] = own_G.mean()
        return retotalled(group, list(total_G))

    return credit


EXAMPLES = [
    ([1.0, 0.0], [0.5, -0.5]),
    ([1.0, None, 0.0], [0.5, None, -0.5]),
]
