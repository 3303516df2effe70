"""Policy gradient whose importance weight is cut off and not differentiated (CISPO of MiniMax-M1, arXiv 2506.13585).

Where clipping a ratio removes the token from the gradient, here every token goes on pulling, at most `most` times.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from saccade.core.signals import Signals, TermOut, term
from saccade.objectives._ratio import compared


@term()
def cispo(*, most: float = 5.0, origins: tuple[str, ...] | None = None) -> Callable[[Signals], TermOut]:
    """Minus credit times log-probability, weighted by the ratio up to `most`.

    origins: rows to learn from, by `Trajectory.origin`; None for all
    """
    if most <= 0:
        raise ValueError(f"cispo: most is the largest weight of a token, above 0, not {most}")

    def function(s: Signals) -> TermOut:
        member_T, credit_T, ratio_T = compared(s, origins=origins)
        weight_T = ratio_T.detach().clamp(max=most)
        value_T = torch.where(member_T, -weight_T * credit_T * torch.where(member_T, s.logp_T, 0.0), 0.0)
        return TermOut(value=value_T, member=member_T, metrics={"high": (ratio_T > most) & (credit_T > 0)})

    return function


EXAMPLES = [
    ({"logp": [-1.0, -2.0], "old_logp": [-1.0, -2.0], "credit": [1.0, -0.5]}, [1.0, -1.0]),
    ({"logp": [-1.0], "old_logp": [-3.0], "credit": [1.0]}, [5.0]),
    ({"logp": [-1.0], "old_logp": [float("nan")], "credit": [1.0]}, [None]),
]
