"""Trajectories become rows: one token sequence, which of its tokens are trained, and what is known about each of those.

A row is a path from root to leaf, so a branching attempt gives several; a step shared by two paths is trained in the first
only. Nothing is rendered or tokenised here: tokens are those the engine saw, and only `Step.sampled` is ever trained.

T: tokens of a row, S: its trainable tokens in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from saccade.core.engine import Prompt
from saccade.core.signals import Assigned
from saccade.core.trajectory import Group, Step, Trajectory, concatenate


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One sequence to train on.

    prompt:      all its tokens int32[T] and media spans
    trainable_T: bool[T], tokens the policy wrote; the first token is never one, for nothing predicts it
    old_logp_S:  float32[S] of the sampler; NaN where it gave none
    known:       False where no sampler exists (labels, expert traces): the learner's own score stands in
    credit_S:    float32[S], NaN where unassigned
    step_S:      int32[S], the step of the trajectory a token belongs to
    group, pair: numbered over the update; pair is -1 outside preference learning
    extra:       float32[S] by name: what probes left (``reference`` is the reference policy's log-probability)
    source:      sample and attempt, for messages
    record:      the path of steps this row was made of, for checks; None for supervised rows
    """

    prompt: Prompt
    trainable_T: np.ndarray
    old_logp_S: np.ndarray
    credit_S: np.ndarray
    step_S: np.ndarray
    known: bool = True
    group: int = 0
    pair: int = -1
    origin: str = "policy"
    speaker: str = "policy"
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)
    source: str = ""
    record: tuple[Step, ...] | None = None

    @property
    def size(self) -> int:
        return len(self.prompt.tokens)

    @property
    def num_trainable(self) -> int:
        return len(self.old_logp_S)


def trainable_of(steps: Sequence[Step], fresh: Sequence[bool], *, speaker: str = "policy") -> np.ndarray:
    """bool over the tokens of a path: those this speaker sampled, in steps that no earlier row trains."""
    return np.concatenate(
        [
            step.sampled & (new and step.speaker == speaker)  # type: ignore[operator]
            for step, new in zip(steps, fresh, strict=True)
        ]
    )


def path_indices(trajectory: Trajectory, leaf: int) -> list[int]:
    """Indices of the steps from the root to a leaf."""
    chain: list[int] = []
    at: int | None = leaf
    while at is not None:
        chain.append(at)
        at = trajectory.steps[at].parent
    return chain[::-1]


def trajectory_rows(
    trajectory: Trajectory, credit: Assigned, *, group: int = 0, speaker: str = "policy"
) -> list[Row]:
    """Rows of one attempt, one per leaf that adds something to train on.

    credit: a number for every trainable token, float[S] over all sampled tokens in order of steps, or None
    Raises ValueError when an array of credit or of a probe does not fit, naming the sample.
    """
    name = f"{trajectory.sample.id}, attempt {trajectory.attempt}"
    bounds = np.cumsum([0, *(0 if step.sampled is None else int(step.sampled.sum()) for step in trajectory.steps)])
    probes = {
        key.removeprefix("probe/"): values
        for key, values in trajectory.aux.items()
        if key.startswith("probe/") and isinstance(values, Mapping)
    }
    streams = {
        (probe if key == probe else f"{probe}/{key}"): np.asarray(values, dtype=np.float32)
        for probe, found in probes.items()
        for key, values in found.items()
    }
    streams["credit"] = widen(credit, int(bounds[-1]), name)
    for key, values in streams.items():
        if len(values) != bounds[-1]:
            raise ValueError(f"{name}: {len(values)} values of {key!r} for {bounds[-1]} sampled tokens")
    rows: list[Row] = []
    trained: set[int] = set()
    for leaf in trajectory.leaves():
        indices = path_indices(trajectory, leaf)
        steps = [trajectory.steps[index] for index in indices]
        fresh = [index not in trained for index in indices]
        wanted = [index for index, new in zip(indices, fresh, strict=True) if new and trains(trajectory, index, speaker)]
        trained.update(indices)
        if not wanted:
            continue
        where_S = np.concatenate([np.arange(bounds[index], bounds[index + 1]) for index in wanted])
        known = all(trajectory.steps[index].logp is not None for index in wanted)
        rows.append(
            Row(
                prompt=concatenate(steps),
                trainable_T=trainable_of(steps, fresh, speaker=speaker),
                old_logp_S=np.concatenate([logp_of(trajectory.steps[index]) for index in wanted]),
                credit_S=streams["credit"][where_S],
                step_S=np.concatenate([np.full(bounds[index + 1] - bounds[index], index) for index in wanted]),
                known=known,
                group=group,
                origin=trajectory.origin,
                speaker=speaker,
                extra={key: values[where_S] for key, values in streams.items() if key != "credit"},
                source=name,
                record=tuple(steps),
            )
        )
    return rows


def trains(trajectory: Trajectory, index: int, speaker: str) -> bool:
    step = trajectory.steps[index]
    return step.sampled is not None and step.speaker == speaker and bool(step.sampled.any())


def logp_of(step: Step) -> np.ndarray:
    assert step.sampled is not None
    size = int(step.sampled.sum())
    return np.full(size, np.nan, np.float32) if step.logp is None else np.asarray(step.logp, dtype=np.float32)


def widen(credit: Assigned, size: int, name: str) -> np.ndarray:
    """Credit as float32[size]; None becomes NaN."""
    if credit is None:
        return np.full(size, np.nan, np.float32)
    if isinstance(credit, np.ndarray):
        if len(credit) != size:
            raise ValueError(f"{name}: credit has {len(credit)} entries for {size} sampled tokens")
        return credit.astype(np.float32)
    return np.full(size, credit, np.float32)


def group_rows(groups: Sequence[Group], credits: Sequence[Sequence[Assigned]]) -> list[Row]:
    """Rows of all attempts that can teach something: not failed on our side, and either credited or not ours
    (labels and expert traces are trained without credit)."""
    return [
        row
        for number, (group, assigned) in enumerate(zip(groups, credits, strict=True))
        for trajectory, credit in zip(group.trajectories, assigned, strict=True)
        if not trajectory.stop.failed and (credit is not None or trajectory.origin != "policy")
        for row in trajectory_rows(trajectory, credit, group=number)
    ]


def with_extra(row: Row, name: str, values_S: np.ndarray) -> Row:
    if len(values_S) != row.num_trainable:
        raise ValueError(f"{row.source}: {len(values_S)} values of {name!r} for {row.num_trainable} trainable tokens")
    return replace(row, extra={**row.extra, name: values_S})
