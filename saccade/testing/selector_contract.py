"""What every selector must keep to: valid proposals, admitted groups that it was given, and a state that resumes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from saccade.core.run import Selector
from saccade.core.sample import Sample
from saccade.core.seed import generator
from saccade.core.trajectory import Group, Stop, Trajectory

SIZE, COUNT = 23, 5


def played(index: int, update: int) -> Group:
    """A group of four attempts at sample `index` with totals that depend on it: never, sometimes, always right; failed."""
    sample = Sample(id=f"s{index}", prompt=())
    totals = {0: [0.0] * 4, 1: [1.0] * 4, 2: [np.nan] * 4}.get(
        index % 5, generator("played", index, update).integers(0, 2, 4).astype(float).tolist())
    stops = [Stop.ERROR if np.isnan(total) else Stop.DONE for total in totals]
    attempts = tuple(Trajectory(sample=sample, attempt=index, stop=stop) for index, stop in enumerate(stops))
    return Group(sample=sample, trajectories=attempts, total=np.asarray(totals))


def rounds(selector: Selector, first: int, last: int) -> Iterator[tuple[tuple[int, ...], tuple[str, ...]]]:
    """What is proposed and admitted in updates first..last-1."""
    for update in range(first, last):
        proposed = tuple(int(index) for index in selector.propose(COUNT, SIZE, update, 7))
        groups = [played(index, update) for index in proposed]
        selector.observe(groups)
        yield proposed, tuple(group.sample.id for group in selector.admit(groups))


def selector_faults(factory: Any, examples: list[Any]) -> Iterator[str]:
    """No EXAMPLES are needed: a selector is played against groups whose totals are known."""
    straight = list(rounds(factory(), 0, 12))
    for proposed, admitted in straight:
        if len(proposed) < COUNT or not all(0 <= index < SIZE for index in proposed):
            yield f"proposes {proposed} where at least {COUNT} of {SIZE} are wanted"
        if len(set(proposed)) != len(proposed):
            yield f"proposes a sample twice in one batch: {proposed}"
        if not set(admitted) <= {f"s{index}" for index in proposed}:
            yield f"admits {admitted}, which it was not given"
    if straight != list(rounds(factory(), 0, 12)):
        yield "chooses otherwise the second time; derive randomness from the seed and the update"
    stopped, resumed = factory(), factory()
    list(rounds(stopped, 0, 5))
    resumed.restore(json.loads(json.dumps(stopped.state())))
    if list(rounds(resumed, 5, 12)) != straight[5:]:
        yield "goes on otherwise after its state was saved and restored"
    if factory().propose(SIZE + 2, SIZE, 0, 7) is None or len(factory().propose(SIZE + 2, SIZE, 0, 7)) != SIZE + 2:
        yield f"cannot propose {SIZE + 2} of {SIZE} samples; a batch larger than the data repeats samples"
