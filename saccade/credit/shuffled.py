"""A control: credit handed out within the group by lot, so that nothing can be learned from it.

The numbers are those of another credit; which attempt gets which is drawn from the sample's name and the version of the
weights. A run that improves under it owes the improvement to something else.
"""

from __future__ import annotations

from collections.abc import Sequence

from saccade.core.seed import generator
from saccade.core.signals import Assigned, Credit, per_group
from saccade.core.trajectory import Group


def shuffled(*, of: Credit | None = None, seed: int = 0) -> Credit:
    """Permute the credit `of` (default: total minus the group's mean) among the attempts of each group that have any."""
    inner = of or per_group(lambda group: group.totals() - group.totals().mean())

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        return [dealt(group, row, seed) for group, row in zip(groups, inner(groups), strict=True)]

    return credit


def dealt(group: Group, row: list[Assigned], seed: int) -> list[Assigned]:
    """The same entries in another order; None stays where it is. Numbers only: an array belongs to its tokens."""
    places = [index for index, value in enumerate(row) if value is not None]
    if any(not isinstance(row[index], (int, float)) for index in places):
        raise ValueError("shuffled needs a credit that gives one number per attempt, not one per token")
    version = max((each.version for each in group.trajectories), default=0)
    order = generator("shuffled", seed, group.sample.id, version).permutation(len(places))
    out = list(row)
    for place, source in zip(places, order, strict=True):
        out[place] = row[places[int(source)]]
    return out


EXAMPLES = [
    ([1.0, 1.0], [0.0, 0.0]),
    ([3.0, None], [0.0, None]),
]
