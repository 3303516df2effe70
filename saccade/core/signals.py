"""What credit writes and what an objective sees. Types only: tensors are named in annotations, torch is not imported.

T: tokens of a packed row batch, R: rows, L: latent steps, D: hidden size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from saccade.core.trajectory import Group, Trajectory

if TYPE_CHECKING:
    from torch import Tensor

Ramp = Callable[[float], float]
"""A coefficient as a function of training progress in [0, 1]."""

Assigned = float | np.ndarray | None
"""Credit of one trajectory: a number for all its trainable tokens, an array float[S] over them, or None: unassigned."""

Credit = Callable[[Sequence[Group]], list[list[Assigned]]]
"""Groups to credit, per group and trajectory."""


def value_at(value: float | Ramp, progress: float) -> float:
    return float(value(progress)) if callable(value) else float(value)


def per_group(function: Callable[[Group], Sequence[Assigned] | np.ndarray]) -> Credit:
    """Make a credit of a function of one group that returns one entry per member that counts (`Group.members`).

    Failed attempts get None: unassigned, not zero. The number of entries is checked.
    """

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        out: list[list[Assigned]] = []
        for group in groups:
            row: list[Assigned] = [None] * len(group.trajectories)
            members = group.members
            values = list(function(group)) if members else []
            if len(values) != len(members):
                raise ValueError(
                    f"credit returned {len(values)} values for {len(members)} attempts at {group.sample.id}"
                )
            for index, value in zip(members, values, strict=True):
                row[index] = value if value is None or isinstance(value, np.ndarray) else float(value)
            out.append(row)
        return out

    return credit


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A named extra forward pass before credit.

    `run(trajectories, learner)` returns, per trajectory, arrays float32[S] over its sampled tokens by name; they are
    stored in ``Trajectory.aux["probe/<name>"]``. Examples: reference log-probs, log-probs under a view, values.
    """

    name: str
    run: Callable[[Sequence[Trajectory], Any], Sequence[Mapping[str, np.ndarray]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The same row with other media, aligned on trainable tokens.

    change:     (PIL image, rng) -> a PIL image of the same size
    gradient:   whether the loss flows through this forward; otherwise only the pass as it was recorded moves
    divergence: between the two distributions at every token, over the whole vocabulary, in nats: ``kl`` of the recorded
                from this one, ``reverse`` the other way, ``symmetric`` their mean, ``jsd``; ``""`` where none is needed
    together:   change sees all pictures at once, as a dict by ref, and returns one (a swap needs two)
    """

    name: str
    change: Callable[[Any, np.random.Generator], Any]
    gradient: bool = False
    divergence: Literal["", "kl", "reverse", "symmetric", "jsd"] = ""
    together: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSignals:
    """What a view says of the same tokens; `divergence_T` where the view names one."""

    logp_T: Tensor
    entropy_T: Tensor | None = None
    divergence_T: Tensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What a term sees of one micro-batch, flattened to T positions that predict a token.

    Entry t belongs to the token predicted there: `logp_T[t]` is the learner's log-probability of `token_T[t]`.
    old_logp_T:  the sampler's (or the learner's own score where no sampler exists); NaN where unknown
    own_logp_T:  the learner's before the first pass over the batch; None in a single pass, where `logp_T` is it
    trainable_T: bool, tokens the policy wrote (and labels, expert traces); never tool results or scaffold
    credit_T:    NaN where unassigned
    row_T, step_T, group_T: int, which row, step of its trajectory, and group a position belongs to
    origin_R:    origin of each row; progress: of the run, 0..1
    """

    logp_T: Tensor
    old_logp_T: Tensor
    trainable_T: Tensor
    token_T: Tensor
    row_T: Tensor
    step_T: Tensor
    group_T: Tensor
    num_rows: int
    origin_R: tuple[str, ...] = ()
    speaker_R: tuple[str, ...] = ()
    credit_T: Tensor | None = None
    weight_T: Tensor | None = None
    ref_logp_T: Tensor | None = None
    own_logp_T: Tensor | None = None
    entropy_T: Tensor | None = None
    view: Mapping[str, ViewSignals] = field(default_factory=dict)
    latent_LD: Tensor | None = None
    latent_target_LD: Tensor | None = None
    pair_R: Tensor | None = None
    progress: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TermOut:
    """value: [T] (or [R] for terms over whole rows), member: bool of the same shape, metrics: tensors of that shape.

    The term's scalar is the sum of value over members, divided by its normaliser counted over the whole update.
    """

    value: Tensor
    member: Tensor
    metrics: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A part of an objective. `needs` names extra signals: ``entropy``, ``reference``, ``own``, or views.

    `together` says which rows must share a micro-batch: None, ``pair``, ``group`` or ``batch``.
    """

    name: str
    function: Callable[[Signals], TermOut]
    needs: tuple[str, ...] = ()
    views: tuple[View, ...] = ()
    together: Literal["pair", "group", "batch"] | None = None


Normaliser = Literal["tokens", "rows", "steps", "row_steps", "groups"] | float
"""What a term's sum is divided by, counted over the whole update and not the micro-batch.

``tokens``: member tokens (DAPO); ``rows``: mean over rows of the mean over member tokens (GRPO); ``steps``: the same over
steps; ``row_steps``: mean over rows of the mean over their steps of the mean over tokens (MindWatcher, December 2025);
``groups``: over groups; a number: that constant times the number of rows (Dr. GRPO).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """A term with its coefficient and its own normaliser: terms never dilute each other."""

    term: Term
    coefficient: float | Ramp = 1.0
    normaliser: Normaliser = "tokens"


Objective = tuple[Weighted, ...]


def term(
    *,
    needs: tuple[str, ...] = (),
    views: tuple[View, ...] = (),
    together: Literal["pair", "group", "batch"] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Weighted]]:
    """Mark a factory whose inner function is (Signals) -> TermOut; the factory then gives a `Weighted`.

    Every such factory accepts `coefficient` and `normaliser` beside its own options. A `View` among those is one the term
    looks at.
    """

    def mark(factory: Callable[..., Callable[[Signals], TermOut]]) -> Callable[..., Weighted]:
        import functools

        @functools.wraps(factory)
        def make(
            *args: Any, coefficient: float | Ramp = 1.0, normaliser: Normaliser = "tokens", **options: Any
        ) -> Weighted:
            inner = factory(*args, **options)
            given = tuple(each for each in (*args, *options.values()) if isinstance(each, View))
            return Weighted(
                term=Term(name=factory.__name__, function=inner, needs=needs, views=(*views, *given), together=together),
                coefficient=coefficient,
                normaliser=normaliser,
            )

        return make

    return mark
