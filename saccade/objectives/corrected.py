"""Any policy gradient on attempts that are some updates old: importance correction, once for all terms.

A term compares the learner with the sampler, so with attempts of older weights (`Schedule.stale`), or of a server whose
arithmetic differs, its trust region lies around weights that are gone. Here it lies around the learner as it was when the
batch arrived, and what separates that learner from the sampler is a weight, truncated and not differentiated: decoupled
PPO (arXiv 2110.00641; used for asynchronous learning by AReaL, arXiv 2505.24298) with truncated importance sampling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from saccade.core.signals import Signals, TermOut, Weighted, term
from saccade.objectives._ratio import FAR, compared


@term()
def unclipped() -> Callable[[Signals], TermOut]:
    """Minus ratio times credit."""

    def function(s: Signals) -> TermOut:
        member_T, credit_T, ratio_T = compared(s, origins=None, level="token")
        return TermOut(value=-ratio_T * credit_T, member=member_T, metrics={})

    return function


def corrected(inner: Weighted | None = None, *, most: float = 2.0) -> Weighted:
    """The term `inner`, its ratio taken to the learner before this batch, each token times that learner / sampler.

    inner: any term that reads the sampler's log-probabilities, `unclipped` where none is given; its coefficient, normaliser
           and metrics stay
    most:  what learner / sampler counts at most; 1 never makes a token heavier

    With one pass over a batch that learner is the current one; with more it is asked before the first. Metrics: ``weight``
    and ``cut``, the share of tokens whose weight was truncated.
    """
    if most <= 0:
        raise ValueError(f"corrected: most is the largest weight of a token, above 0 (2.0 is usual), not {most}")

    inner = inner or unclipped()

    def function(s: Signals) -> TermOut:
        own_T = s.logp_T.detach() if s.own_logp_T is None else s.own_logp_T
        known_T = s.old_logp_T.isfinite()
        weight_T = torch.where(known_T, own_T - torch.where(known_T, s.old_logp_T, 0.0), 0.0).clamp(-FAR, FAR).exp()
        out = inner.term.function(replace(s, old_logp_T=torch.where(known_T, own_T, s.old_logp_T).to(s.old_logp_T)))
        metrics = {**out.metrics, "weight": weight_T, "cut": weight_T > most}
        return TermOut(value=out.value * weight_T.clamp(max=most), member=out.member, metrics=metrics)

    needs = tuple(dict.fromkeys((*inner.term.needs, "own")))
    return replace(inner, term=replace(inner.term, function=function, needs=needs))


EXAMPLES = [
    ({"logp": [-1.0, -2.0], "old_logp": [-1.0, -2.6931471805599453], "credit": [1.0, 0.5]}, [-1.0, -1.0], {"most": 5.0}),
    ({"logp": [-1.0, -2.0], "old_logp": [-1.0, -5.0], "credit": [1.0, 0.5]}, [-1.0, -1.0]),
    ({"logp": [0.0], "own_logp": [-1.0], "old_logp": [-1.6931471805599453], "credit": [1.0]}, [-5.43656365691809]),
    ({"logp": [-1.0], "old_logp": [float("nan")], "credit": [1.0]}, [None]),
]
