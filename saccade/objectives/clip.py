"""Clipped policy gradient with separate bounds below and above (arXiv 2402.03300, 2503.14476).

The importance ratio compares the learner with the sampler, token by token, or (GSPO, arXiv 2507.18071) as the geometric
mean over the tokens of a row, so that long answers are clipped whole and not in spots. A token the sampler gave no finite
log-probability, or that no credit was assigned to, is no member: it neither moves the weights nor dilutes the mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch

from saccade.core.signals import Signals, TermOut, term
from saccade.objectives._ratio import compared


@term()
def clip(
    *, low: float = 0.2, high: float = 0.2, dual: float | None = None, level: Literal["token", "sequence"] = "token",
    origins: tuple[str, ...] | None = None,
) -> Callable[[Signals], TermOut]:
    """Take the worse of the ratio and the ratio kept within [1 - low, 1 + high], times credit.

    dual:    for negative credit, never lose more than this many times the credit (arXiv 1912.09729); greater than 1
    level:   what a ratio is of: a token, or all member tokens of a row (then bounds of about 3e-4 are usual)
    origins: rows to learn from, by `Trajectory.origin`; None for all
    """
    if dual is not None and dual <= 1:
        raise ValueError(f"clip: dual must be greater than 1 (3.0 is usual), not {dual}")
    if level not in ("token", "sequence"):
        raise ValueError(f"clip: level must be token or sequence, not {level!r}")

    def function(s: Signals) -> TermOut:
        member_T, credit_T, ratio_T = compared(s, origins=origins, level=level)
        gain_T = torch.minimum(ratio_T * credit_T, ratio_T.clamp(1 - low, 1 + high) * credit_T)
        if dual is not None:
            gain_T = torch.where(credit_T < 0, torch.maximum(gain_T, dual * credit_T), gain_T)
        return TermOut(
            value=-gain_T,
            member=member_T,
            metrics={
                "low": (ratio_T < 1 - low) & (credit_T < 0),
                "high": (ratio_T > 1 + high) & (credit_T > 0),
                "ratio": ratio_T.detach(),
            },
        )

    return function


EXAMPLES = [
    ({"logp": [-1.0, -2.0], "old_logp": [-1.0, -2.0], "credit": [1.0, -0.5]}, [-1.0, 0.5]),
    ({"logp": [0.0, 0.0], "old_logp": [-1.0, -1.0], "credit": [1.0, -1.0]}, [-1.2, 2.718281828]),
    ({"logp": [-1.0], "old_logp": [float("nan")], "credit": [1.0]}, [None]),
    ({"logp": [0.0], "old_logp": [-2.0], "credit": [-1.0]}, [3.0], {"dual": 3.0}),
    ({"logp": [0.1, 0.0], "old_logp": [0.0, 0.1], "credit": [1.0, 1.0]}, [-1.0, -1.0], {"level": "sequence"}),
    ({"logp": [-1.0], "credit": [1.0], "origin": ["probe"]}, [None], {"origins": ("policy",)}),
]
