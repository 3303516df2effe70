"""Attempts of two kinds at every sample: at its question, and at a checklist about its picture (PEARL, arXiv 2511.18437).

The checklist attempts are members of the same group, of origin ``probe`` and branch ``probe``; the episode asks them their
own question (`episodes.by_branch`). Credit compares each kind with its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from saccade.core.run import Explorer
from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """n: attempts at the question; probes: attempts at the checklist, made where `applies` to the sample."""

    n: int
    probes: int
    applies: Callable[[Sample], bool]

    async def __call__(self, sample: Sample, attempt: Callable[..., Awaitable[Trajectory]]) -> Group:
        count = self.probes if self.applies(sample) else 0
        kinds = [""] * self.n + ["probe"] * count
        made = await asyncio.gather(*(attempt(index, branch) for index, branch in enumerate(kinds)))
        return Group(sample=sample, trajectories=tuple(
            replace(each, origin="probe") if branch else each for each, branch in zip(made, kinds, strict=True)))


def asked(sample: Sample) -> bool:
    """Whether the sample has a checklist in its meta."""
    return bool(sample.meta.get("checklist"))


def probing(*, n: int = 8, probes: int = 8, applies: Callable[[Sample], bool] = asked) -> Explorer:
    """Make the explorer."""
    if n < 1 or probes < 0:
        raise ValueError(f"probing: at least one attempt and no fewer than 0 probes, not {n} and {probes}")
    return Probing(n=n, probes=probes, applies=applies)
