"""An expert is heard only while the policy fails (AHPO, arXiv 2510.08540).

The expert's answer stands in the group as a member of origin ``expert`` but is not compared with the attempts: it gets
credit 1 while fewer than `least` of them succeed, and 0 after, which `objectives.sft(weighted=True)` reads as the weight
of its likelihood. The threshold is not published; 2 of 8 is proposed here.
"""

from __future__ import annotations

from collections.abc import Sequence

from saccade.core.signals import Assigned, Credit
from saccade.core.trajectory import Group
from saccade.credit._parts import among, centred


def expert_gate(
    *, of: Credit | None = None, least: int = 2, passed: float = 1.0, origins: tuple[str, ...] = ("expert",)
) -> Credit:
    """Credit `of` (default: minus the mean) among the attempts; 1 or 0 for experts.

    least:  successes in the group from which the expert is silent; a large number never silences it
    passed: total from which an attempt succeeds
    """
    inner = of or centred

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        return [gated(group) for group in groups]

    def gated(group: Group) -> list[Assigned]:
        experts = [index for index in group.members if group.trajectories[index].origin in origins]
        own = [index for index in group.members if index not in experts]
        row = among(inner, group, own)
        assert group.total is not None or not own
        successes = sum(float(group.total[index]) >= passed for index in own) if group.total is not None else 0
        for index in experts:
            row[index] = float(successes < least)
        return row

    return credit


EXAMPLES = [
    ([1.0, 0.0], [0.5, -0.5]),
    ([1.0, None, 0.0], [0.5, None, -0.5]),
]
