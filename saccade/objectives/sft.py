"""Likelihood of given tokens: the loss of supervised fine-tuning.

Works on any row whose tokens are trainable: labels, expert traces, or a policy's own good attempts. With `origins` it
reads only rows of those origins, so that it can stand beside a policy gradient in one objective.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from saccade.core.signals import Signals, TermOut, term


@term()
def sft(*, origins: tuple[str, ...] | None = None) -> Callable[[Signals], TermOut]:
    """Negative log-likelihood of every trainable token.

    origins: rows to learn from, by `Trajectory.origin` (``label``, ``expert``, ...); None for all
    """

    def function(s: Signals) -> TermOut:
        member_T = s.trainable_T
        if origins is not None:
            wanted_R = torch.tensor([origin in origins for origin in s.origin_R], device=s.logp_T.device)
            member_T = member_T & wanted_R[s.row_T]
        return TermOut(value=torch.where(member_T, -s.logp_T, 0.0), member=member_T)

    return function


EXAMPLES = [
    ({"logp": [-0.5, -2.0]}, [0.5, 2.0]),
    ({"logp": [-0.5, -2.0], "trainable": [True, False]}, [0.5, None]),
    ({"logp": [-0.5], "origin": ["policy"]}, [None], {"origins": ("label",)}),
]
