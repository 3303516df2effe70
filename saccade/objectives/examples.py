"""Signals from short lists: what the `EXAMPLES` of an objective are written in, and what its contract test reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from saccade.core.signals import Signals, ViewSignals, Weighted


def signals_of(
    *,
    logp: Sequence[float],
    old_logp: Sequence[float] | None = None,
    credit: Sequence[float] | None = None,
    ref_logp: Sequence[float] | None = None,
    own_logp: Sequence[float] | None = None,
    entropy: Sequence[float] | None = None,
    trainable: Sequence[bool] | None = None,
    row: Sequence[int] | None = None,
    step: Sequence[int] | None = None,
    group: Sequence[int] | None = None,
    origin: Sequence[str] | None = None,
    view: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    progress: float = 0.0,
) -> Signals:
    """Signals of T = len(logp) tokens in float64; what is not given is its plainest value (one row, all trainable).

    view: by name, lists of ``logp``, ``entropy`` and ``divergence``
    """
    size = len(logp)

    def numbers(values: Sequence[float] | None) -> torch.Tensor | None:
        return None if values is None else torch.tensor(values, dtype=torch.float64)

    row_T = torch.tensor(row or [0] * size)
    num_rows = int(row_T.max()) + 1 if size else 0
    logp_T = torch.tensor(logp, dtype=torch.float64, requires_grad=True)
    old_logp_T = numbers(old_logp)
    return Signals(
        logp_T=logp_T,
        old_logp_T=logp_T.detach().clone() if old_logp_T is None else old_logp_T,
        trainable_T=torch.ones(size, dtype=torch.bool) if trainable is None else torch.tensor(trainable),
        token_T=torch.zeros(size, dtype=torch.long),
        row_T=row_T,
        step_T=torch.tensor(step or [0] * size),
        group_T=torch.tensor(group or [0] * size),
        num_rows=num_rows,
        origin_R=tuple(origin or ["policy"] * num_rows),
        speaker_R=("policy",) * num_rows,
        credit_T=numbers(credit),
        ref_logp_T=numbers(ref_logp),
        own_logp_T=numbers(own_logp),
        entropy_T=numbers(entropy),
        view={
            name: ViewSignals(
                logp_T=torch.tensor(seen["logp"], dtype=torch.float64), entropy_T=numbers(seen.get("entropy")),
                divergence_T=numbers(seen.get("divergence")),
            )
            for name, seen in (view or {}).items()
        },
        progress=progress,
    )


def holds(made: Weighted, example: dict[str, Any], expected: Sequence[float | None]) -> None:
    """Raise ValueError unless the term gives `expected` on this example; None stands for "no member"."""
    out = made.term.function(signals_of(**example))
    got = [
        float(value) if member else None
        for value, member in zip(out.value.detach().tolist(), out.member.tolist(), strict=True)
    ]
    for left, right in zip(got, expected, strict=True):
        if (left is None) != (right is None) or (left is not None and abs(left - right) > 1e-6):
            raise ValueError(f"objective {made.term.name!r} gives {got} on {example}, its EXAMPLES say {expected}")
