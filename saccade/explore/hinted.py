"""Some attempts are made with a hint in the prompt and learned from as if there had been none (after MPCC, 2510.21807).

The hint makes success likely where the policy alone never succeeds. Afterwards the attempt stands under the plain prompt,
its log-probabilities unset, so the learner's own score of it there takes their place. How the published Prior Sampling
does it is not known; this form, and its share falling over the run, are proposed here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from saccade.core.run import Explorer
from saccade.core.sample import Sample
from saccade.core.seed import generator
from saccade.core.trajectory import Group, Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class Hinted:
    """Attempts of branch ``hint`` are drawn by lot from the sample's name, the version of the weights and their index."""

    n: int
    share: tuple[float, float]
    updates: int
    seed: int

    async def __call__(self, sample: Sample, attempt: Callable[..., Awaitable[Trajectory]]) -> Group:
        first = await attempt(0, "")  # always plain: its prompt is the one the others are moved to
        left = min(first.version / max(self.updates, 1), 1.0)
        odds = self.share[0] + (self.share[1] - self.share[0]) * left
        lot = generator("hinted", self.seed, sample.id, first.version).random(self.n)
        kinds = ["hint" if lot[index] < odds else "" for index in range(1, self.n)]
        rest = await asyncio.gather(*(attempt(index, branch) for index, branch in enumerate(kinds, start=1)))
        moved = [plain(each, first) if branch else each for each, branch in zip(rest, kinds, strict=True)]
        return Group(sample=sample, trajectories=(first, *moved))


def plain(made: Trajectory, sibling: Trajectory) -> Trajectory:
    """The attempt under its sibling's prompt. One that failed, or whose sibling did, or that says nothing, stays."""
    first, other = beginning(made), beginning(sibling)
    if made.stop.failed or sibling.stop.failed or first is None or other is None:
        return made
    shift = other - first
    own = (
        replace(step, logp=None, parent=None if step.parent is None else step.parent + shift) for step in made.steps[first:]
    )
    events = tuple(replace(event, step=event.step + shift) for event in made.events)
    return replace(made, steps=(*sibling.steps[:other], *own), events=events, origin="hinted")


def beginning(made: Trajectory) -> int | None:
    """Index of the first step the policy sampled."""
    sampled = (index for index, step in enumerate(made.steps) if step.sampled is not None and step.sampled.any())
    return next(sampled, None)


def hinted(*, n: int = 8, share: tuple[float, float] = (0.25, 0.0), updates: int = 100, seed: int = 0) -> Explorer:
    """Make the explorer. share: of hinted attempts at the first update and after `updates`, linear between; the episode
    shows the hint to branch ``hint`` (`episodes.by_branch`)."""
    if n < 1 or not all(0 <= each <= 1 for each in share):
        raise ValueError(f"hinted: at least one attempt and shares between 0 and 1, not {n} and {share}")
    return Hinted(n=n, share=share, updates=updates, seed=seed)
