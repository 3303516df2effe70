"""Attempts at a hard question count more: totals times a weight of the sample (RewardMap, arXiv 2510.02240).

A constant factor on all totals of a group is lost again when credit is divided by the group's spread, so use a credit
without one; that is the default.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from saccade.core.sample import Sample
from saccade.core.signals import Assigned, Credit
from saccade.core.trajectory import Group
from saccade.credit._parts import centred, retotalled


def noted(sample: Sample) -> float:
    """The weight that stands in ``sample.meta["weight"]``, 1 where there is none."""
    return float(sample.meta.get("weight", 1.0))


def difficulty_weight(*, of: Credit | None = None, weight: Callable[[Sample], float] = noted) -> Credit:
    """Multiply totals by `weight(sample)`, then credit `of` (default: minus the mean)."""
    inner = of or centred

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        return inner([
            retotalled(group, list(group.totals() * weight(group.sample))) if group.members else group for group in groups
        ])

    return credit


EXAMPLES = [
    ([1.0, 0.0], [0.5, -0.5]),
    ([1.0, None, 0.0], [0.5, None, -0.5]),
    ([1.0, 0.0], [1.0, -1.0], {"weight": lambda sample: 2.0}),
]
