"""Rows and what the learner says about them become the `Signals` that objectives see.

N: trainable tokens of the rows, row by row; every array and tensor here is over them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from saccade.core.signals import Signals, ViewSignals
from saccade.learn.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is fixed about the trainable tokens of some rows before any forward pass; numpy, over N."""

    token_N: np.ndarray
    old_logp_N: np.ndarray
    credit_N: np.ndarray | None
    ref_logp_N: np.ndarray | None
    own_logp_N: np.ndarray | None
    weight_N: np.ndarray | None
    row_N: np.ndarray
    step_N: np.ndarray
    group_N: np.ndarray
    group_R: np.ndarray
    pair_R: np.ndarray
    origin_R: tuple[str, ...]
    speaker_R: tuple[str, ...]


def known_of(rows: Sequence[Row]) -> Known:
    """Gather. `extra` streams that only some rows carry are NaN in the others."""
    size_R = np.array([row.num_trainable for row in rows], dtype=np.int64)
    group_R = np.array([row.group for row in rows], dtype=np.int64)

    def stream(name: str) -> np.ndarray | None:
        if not any(name in row.extra for row in rows):
            return None
        missing = [np.full(row.num_trainable, np.nan, np.float32) for row in rows]
        return np.concatenate([row.extra.get(name, blank) for row, blank in zip(rows, missing, strict=True)])

    credit_N = np.concatenate([row.credit_S for row in rows])
    return Known(
        token_N=np.concatenate([row.prompt.tokens[row.trainable_T] for row in rows]).astype(np.int64),
        old_logp_N=np.concatenate([row.old_logp_S for row in rows]),
        credit_N=None if np.isnan(credit_N).all() else credit_N,
        ref_logp_N=stream("reference"),
        own_logp_N=stream("own"),
        weight_N=stream("weight"),
        row_N=np.repeat(np.arange(len(rows)), size_R),
        step_N=np.concatenate([row.step_S for row in rows]).astype(np.int64),
        group_N=np.repeat(group_R, size_R),
        group_R=group_R,
        pair_R=np.array([row.pair for row in rows], dtype=np.int64),
        origin_R=tuple(row.origin for row in rows),
        speaker_R=tuple(row.speaker for row in rows),
    )


def signals_of(
    known: Known,
    logp_N: torch.Tensor,
    *,
    entropy_N: torch.Tensor | None = None,
    view: Mapping[str, ViewSignals] | None = None,
    progress: float = 0.0,
) -> Signals:
    """Signals of one micro-batch, or (with stand-ins for `logp_N`) of a whole update."""
    device = logp_N.device

    def tensor(values: np.ndarray | None) -> torch.Tensor | None:
        return None if values is None else torch.from_numpy(values).to(device)

    credit_T = tensor(known.credit_N)
    return Signals(
        logp_T=logp_N,
        old_logp_T=torch.from_numpy(known.old_logp_N).to(device),
        trainable_T=torch.ones(len(logp_N), dtype=torch.bool, device=device),
        token_T=torch.from_numpy(known.token_N).to(device),
        row_T=torch.from_numpy(known.row_N).to(device),
        step_T=torch.from_numpy(known.step_N).to(device),
        group_T=torch.from_numpy(known.group_N).to(device),
        num_rows=len(known.origin_R),
        origin_R=known.origin_R,
        speaker_R=known.speaker_R,
        credit_T=credit_T,
        weight_T=tensor(known.weight_N),
        ref_logp_T=tensor(known.ref_logp_N),
        own_logp_T=tensor(known.own_logp_N),
        entropy_T=entropy_N,
        view=view or {},
        pair_R=tensor(known.pair_R) if (known.pair_R >= 0).any() else None,
        progress=progress,
    )
