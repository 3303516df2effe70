"""Likelihood of given tokens: the loss of supervised fine-tuning.

Works on any row whose tokens are trainable: labels, expert traces, or a policy's own good attempts. With `origins` it
reads only rows of those origins, so that it can stand beside a policy gradient in one objective. On the policy's own rows
with a small coefficient it is the entropy penalty of sampled tokens, mean(-log p).
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from saccade.core.signals import Signals, TermOut, term
from saccade.objectives._ratio import of_origin


@term()
def sft(*, origins: tuple[str, ...] | None = None, weighted: bool = False) -> Callable[[Signals], TermOut]:
    """Negative log-likelihood of every trainable token.

    origins:  rows to learn from, by `Trajectory.origin` (``label``, ``expert``, ...); None for all
    weighted: times credit, of tokens that have any: rows of credit 0 count in the mean and pull nothing
    """

    def function(s: Signals) -> TermOut:
        member_T = s.trainable_T
        if origins is not None:
            member_T = member_T & of_origin(s, origins)
        if not weighted:
            return TermOut(value=torch.where(member_T, -s.logp_T, 0.0), member=member_T)
        if s.credit_T is None:
            raise ValueError("sft(weighted=True) weighs by credit, and no row has any: set Run.credit")
        member_T = member_T & s.credit_T.isfinite()
        return TermOut(value=torch.where(member_T, -s.logp_T * s.credit_T, 0.0), member=member_T)

    return function


EXAMPLES = [
    ({"logp": [-0.5, -2.0]}, [0.5, 2.0]),
    ({"logp": [-0.5, -2.0], "trainable": [True, False]}, [0.5, None]),
    ({"logp": [-0.5], "origin": ["policy"]}, [None], {"origins": ("label",)}),
    ({"logp": [-0.5, -2.0, -1.0], "credit": [1.0, 0.0, float("nan")]}, [0.5, 0.0, None], {"weighted": True}),
]
