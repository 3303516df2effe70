"""Penalty for leaving the reference policy, from samples: the estimators k1, k2 and k3 (GRPO, arXiv 2402.03300).

k3 is never negative and its gradient points back to the reference; k1 is unbiased as a number, but as a loss on its own
samples its expected gradient is zero, which is why k2 and k3 exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch

from saccade.core.signals import Signals, TermOut, term
from saccade.objectives._ratio import FAR


@term(needs=("reference",))
def kl(*, estimator: Literal["k1", "k2", "k3"] = "k3") -> Callable[[Signals], TermOut]:
    """Estimate KL(policy || reference) at every token the policy wrote."""
    if estimator not in ("k1", "k2", "k3"):
        raise ValueError(f"kl: estimator must be k1, k2 or k3, not {estimator!r}")

    def function(s: Signals) -> TermOut:
        if s.ref_logp_T is None:
            raise ValueError("kl needs the reference's log-probabilities, and this pass has none")
        member_T = s.trainable_T & s.ref_logp_T.isfinite()
        gap_T = torch.where(member_T, torch.where(member_T, s.ref_logp_T, 0.0) - s.logp_T, 0.0)
        near_T = gap_T.clamp(-FAR, FAR)
        value_T = {"k1": -gap_T, "k2": 0.5 * gap_T.square(), "k3": near_T.exp() - near_T - 1}[estimator]
        return TermOut(value=value_T, member=member_T, metrics={"kl": value_T.detach()})

    return function


EXAMPLES = [
    ({"logp": [-1.0, -2.0], "ref_logp": [-1.0, -1.0]}, [0.0, 0.718281828]),
    ({"logp": [-1.0, -2.0], "ref_logp": [-1.0, -1.0]}, [0.0, -1.0], {"estimator": "k1"}),
    ({"logp": [-1.0, -2.0], "ref_logp": [-1.0, -1.0]}, [0.0, 0.5], {"estimator": "k2"}),
]
