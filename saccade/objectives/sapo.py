"""Policy gradient with a soft gate in place of a clipped ratio (SAPO, arXiv 2511.20347).

The gain is a sigmoid of the ratio around 1 with slope 1 there: tokens far from the sampler fade out smoothly, those with
negative credit a little faster.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from saccade.core.signals import Signals, TermOut, term
from saccade.objectives._ratio import compared


@term()
def sapo(
    *, positive: float = 1.0, negative: float = 1.05, origins: tuple[str, ...] | None = None
) -> Callable[[Signals], TermOut]:
    """Minus credit times ``4 / tau * sigmoid(tau * (ratio - 1))``.

    positive, negative: tau, the steepness of the gate, for credit above 0 and for the rest
    origins: rows to learn from, by `Trajectory.origin`; None for all
    """
    if positive <= 0 or negative <= 0:
        raise ValueError(f"sapo: both steepnesses are above 0, not {positive} and {negative}")

    def function(s: Signals) -> TermOut:
        member_T, credit_T, ratio_T = compared(s, origins=origins)
        steep_T = torch.where(credit_T > 0, positive, negative).to(ratio_T)
        gain_T = torch.sigmoid(steep_T * (ratio_T - 1)) * 4 / steep_T
        return TermOut(value=-gain_T * credit_T, member=member_T, metrics={"ratio": ratio_T.detach()})

    return function


EXAMPLES = [
    ({"logp": [-1.0, -2.0], "old_logp": [-1.0, -2.0], "credit": [1.0, -1.05]}, [-2.0, 2.0]),
    ({"logp": [0.0], "old_logp": [-0.6931471805599453], "credit": [1.0]}, [-2.9242343145]),
]
