"""Reasoning is credited only as far as the picture was perceived (PEARL, arXiv 2511.18437).

Beside its attempts a group holds probe attempts, which answer a checklist about the picture. Each kind is compared with
its own. If no checklist item is ever right, the reasoning attempts are unassigned: nothing is learned from lucky answers.
Otherwise their credit is weighted by the mean checklist score, at least `floor` (the released code's reading; another
description has it as a cap).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saccade.core.signals import Assigned, Credit
from saccade.core.trajectory import Group
from saccade.credit._parts import among, centred, value_of


def gated_perception(
    *, of: Credit | None = None, reward: str = "checklist", floor: float = 0.5, closed: float = 0.01, weighs: bool = True
) -> Credit:
    """Credit `of` the attempts by totals and, apart, of the probe attempts (origin ``probe``) by the checklist reward.

    floor:  least weight of reasoning credit
    closed: mean checklist score up to which reasoning gets nothing; negative for no gate
    weighs: False leaves the credit of gated groups unweighted
    A group without probe attempts is credited as it is.
    """
    inner = of or centred

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        return [gated(group) for group in groups]

    def gated(group: Group) -> list[Assigned]:
        probes = [index for index in group.members if group.trajectories[index].origin == "probe"]
        if not probes:
            return inner([group])[0]
        scores = [value_of(group.trajectories[index], reward) or 0.0 for index in probes]
        row = among(inner, group, probes, scores)
        perceived = float(np.mean(scores))
        if perceived <= closed:
            return row
        weight = max(perceived, floor) if weighs else 1.0
        others = [index for index in group.members if index not in probes]
        reasoned = among(inner, group, others)
        return [mine if value is None else value * weight for mine, value in zip(row, reasoned, strict=True)]

    return credit


EXAMPLES = [
    ([1.0, 0.0], [0.5, -0.5]),
    ([1.0, None, 0.0], [0.5, None, -0.5]),
]
