"""Group-relative credit: how much better was this attempt than its siblings? (GRPO, arXiv 2402.03300)

Dividing by the spread weighs easy and hard questions up against middling ones (arXiv 2503.20783 argues against it), so
it is off by default.
"""

from __future__ import annotations

import numpy as np

from saccade.core.signals import Credit, per_group
from saccade.core.trajectory import Group


def group_mean(*, by_std: bool = False, eps: float = 1e-4) -> Credit:
    """Centre total rewards within the group, optionally dividing by their spread (a sample's, n - 1)."""

    @per_group
    def credit(group: Group) -> np.ndarray:
        reward_G = group.totals()
        centred_G = reward_G - reward_G.mean()
        spread = reward_G.std(ddof=1) if by_std and len(reward_G) > 1 else 0.0
        return centred_G / (spread + eps) if spread > 0 else centred_G

    return credit


EXAMPLES = [
    ([1.0, 0.0, 0.0, 1.0], [0.5, -0.5, -0.5, 0.5]),
    ([1.0, None, 0.0], [0.5, None, -0.5]),
    ([2.0], [0.0]),
    ([1.0, 0.0, 0.0, 1.0], [0.8660254, -0.8660254, -0.8660254, 0.8660254], {"by_std": True, "eps": 0.0}),
]
