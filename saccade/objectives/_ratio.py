"""The learner against the sampler: what every policy gradient compares, and whose tokens count in it.

T: tokens, R: rows.
"""

from __future__ import annotations

import torch

from saccade.core.signals import Signals

FAR = 20.0
"""Largest log-ratio that is exponentiated: beyond it float32 overflows and zero times infinity poisons the gradient."""


def compared(
    s: Signals, *, origins: tuple[str, ...] | None = None, level: str = "token"
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Members bool[T], their credit [T] (0 elsewhere) and the importance ratio [T] (1 elsewhere), with gradient."""
    if s.credit_T is None:
        raise ValueError("a policy gradient needs credit: set Run.credit (for example credit.group_mean())")
    member_T = s.trainable_T & s.old_logp_T.isfinite() & s.credit_T.isfinite()
    if origins is not None:
        member_T = member_T & of_origin(s, origins)
    credit_T = torch.where(member_T, s.credit_T, 0.0)
    gap_T = torch.where(member_T, s.logp_T - torch.where(member_T, s.old_logp_T, 0.0), 0.0)
    if level == "sequence":
        zeros_R = gap_T.new_zeros(s.num_rows)
        size_R = zeros_R.index_add(0, s.row_T, member_T.to(gap_T)).clamp(min=1.0)
        gap_T = torch.where(member_T, (zeros_R.index_add(0, s.row_T, gap_T) / size_R)[s.row_T], 0.0)
    return member_T, credit_T, gap_T.clamp(-FAR, FAR).exp()


def of_origin(s: Signals, origins: tuple[str, ...]) -> torch.Tensor:
    """bool[T]: tokens of rows of these origins."""
    wanted_R = torch.tensor([origin in origins for origin in s.origin_R], dtype=torch.bool, device=s.logp_T.device)
    return wanted_R[s.row_T]
