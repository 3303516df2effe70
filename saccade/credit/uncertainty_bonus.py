"""A bonus for attempts whose words would change if the picture were disturbed: exploration by the eye (VOGUE, 2510.01444).

Uncertainty U of an attempt is the mean over its tokens of the divergence between clean and noised picture; H is the
entropy of each token. Both are added to credit, each capped at a share of its size, so that neither alone can turn bad
into good. The capped form follows from the published constants; the share of groups that get it (1/2 falling to 0) is
proposed here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saccade.core.seed import generator
from saccade.core.signals import Assigned, Credit
from saccade.core.trajectory import Group
from saccade.credit._parts import centred, stream


def uncertainty_bonus(
    *, of: Credit | None = None, probe: str = "dependence", visual: float = 1.0, entropy: float = 0.4,
    visual_cap: float = 2.0, entropy_cap: float = 2.0, share: tuple[float, float] = (0.5, 0.0), updates: int = 200,
    seed: int = 0,
) -> Credit:
    """Credit A becomes ``A + min(visual * U, |A| / visual_cap) + min(entropy * H, |A| / entropy_cap)`` in some groups.

    probe:  left ``value`` float[S] (per token divergence) and, where `entropy` is not 0, ``entropy`` float[S]
    share:  of groups with the bonus, at the first update and after `updates`, linear between; drawn by name
    Raises ValueError when the probe is missing.
    """
    inner = of or centred

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        return [
            [raised(group, index, value) for index, value in enumerate(row)] if chosen(group) else list(row)
            for group, row in zip(groups, inner(groups), strict=True)
        ]

    def chosen(group: Group) -> bool:
        version = max((each.version for each in group.trajectories), default=0)
        left = min(version / updates, 1.0)
        odds = share[0] + (share[1] - share[0]) * left
        return bool(generator("uncertainty", seed, group.sample.id, version).random() < odds)

    def raised(group: Group, index: int, value: Assigned) -> Assigned:
        trajectory = group.trajectories[index]
        if value is None or not trajectory.num_sampled:
            return value
        bonus = capped(visual * float(stream(trajectory, probe, "value").mean()), value, visual_cap)
        if entropy:
            bonus = bonus + capped(entropy * stream(trajectory, probe, "entropy"), value, entropy_cap)
        return value + bonus

    return credit


def capped(bonus: float | np.ndarray, value: float | np.ndarray, cap: float) -> float | np.ndarray:
    """At most a share of the size of the credit."""
    least = np.minimum(bonus, np.abs(value) / cap)
    return least if isinstance(least, np.ndarray) and least.ndim else float(least)


EXAMPLES = [
    ([1.0, 0.0], [0.5, -0.5]),
    ([1.0, None, 0.0], [0.5, None, -0.5]),
]
