"""What an update knew about each token, kept beside the attempts: credit, the learner's own log-probability, entropy, and
its log-probability with the pictures changed. The viewer shades tokens by it; nothing is computed for its sake.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from saccade.core.signals import Signals
from saccade.core.trajectory import Group, Trajectory
from saccade.learn.learner import split
from saccade.learn.ranks import Ranks
from saccade.learn.rows import Row
from saccade.learn.split import gathered_streams

TOKENS = "tokens"
"""Entry of `Trajectory.aux`: lists over its sampled tokens in order of steps, null where nothing is known."""

DIGITS = 5


@dataclass(slots=True)
class Heard:
    """float32[S] by row of the update and name, as its first pass saw them."""

    by_row: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)

    def take(self, chosen: Sequence[int], rows: Sequence[Row], signals: Signals) -> None:
        """`rows` are those of a micro-batch, `chosen` their places in the update."""
        said = {"learner": signals.logp_T, "entropy": signals.entropy_T}
        said |= {f"view/{name}": view.logp_T for name, view in signals.view.items()}
        for name, values_N in said.items():
            if values_N is not None:
                for index, values_S in zip(chosen, split(rows, values_N), strict=True):
                    self.by_row.setdefault(index, {}).setdefault(name, values_S)

    def join(self, ranks: Ranks, count: int) -> None:
        """Add what the other ranks heard; `count` rows are in the update."""
        if ranks.size > 1:
            self.by_row = dict(enumerate(gathered_streams(ranks, self.by_row, count)))


def told(groups: Iterable[Group], rows: Sequence[Row], heard: Heard) -> list[Group]:
    """The groups with ``aux["tokens"]`` of every attempt a row was made of."""
    of_step: dict[int, list[tuple[Row, dict[str, np.ndarray]]]] = {}
    for index, row in enumerate(rows):
        for step in row.record or ():
            of_step.setdefault(id(step), []).append((row, {"credit": row.credit_S, **heard.by_row.get(index, {})}))
    return [
        replace(group, trajectories=tuple(annotated(each, of_step) for each in group.trajectories)) for group in groups
    ]


def annotated(trajectory: Trajectory, of_step: dict[int, list[tuple[Row, dict[str, np.ndarray]]]]) -> Trajectory:
    bounds = np.cumsum([0, *(0 if step.sampled is None else int(step.sampled.sum()) for step in trajectory.steps)])
    kept: dict[str, np.ndarray] = {}
    for at, step in enumerate(trajectory.steps):
        for row, streams in of_step.get(id(step), ()):
            mine_S = row.step_S == at
            if int(mine_S.sum()) != bounds[at + 1] - bounds[at]:
                continue  # trained in another row of the same attempt
            for name, values_S in streams.items():
                whole = kept.setdefault(name, np.full(bounds[-1], np.nan, np.float32))
                whole[bounds[at] : bounds[at + 1]] = values_S[mine_S]
    found = {
        name: values.astype(float).round(DIGITS).tolist() for name, values in kept.items() if not np.isnan(values).all()
    }
    return replace(trajectory, aux={**trajectory.aux, TOKENS: found}) if found else trajectory
