"""A control for preferences: the sign of a group's credit is turned by the toss of a coin, so that no side is the better.

Unlike `shuffled` it may be used where credit is given token by token. What still improves under it was not learned from
who won.
"""

from __future__ import annotations

from collections.abc import Sequence

from saccade.core.seed import generator
from saccade.core.signals import Assigned, Credit
from saccade.core.trajectory import Group
from saccade.credit._parts import centred


def mirrored(*, of: Credit | None = None, seed: int = 0) -> Credit:
    """The credit `of` (default: total minus the group's mean), times -1 in groups drawn by sample and version."""
    inner = of or centred

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        return [turned(group, row) for group, row in zip(groups, inner(groups), strict=True)]

    def turned(group: Group, row: list[Assigned]) -> list[Assigned]:
        version = max((each.version for each in group.trajectories), default=0)
        sign = 1.0 if generator("mirrored", seed, group.sample.id, version).random() < 0.5 else -1.0
        return [None if value is None else sign * value for value in row]

    return credit


EXAMPLES = [
    ([1.0, 1.0], [0.0, 0.0]),
    ([2.0, None], [0.0, None]),
]
