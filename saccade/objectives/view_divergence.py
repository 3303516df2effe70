"""How far the policy's words move when the picture is changed: pushed up for one view, down for another.

DVRP (arXiv 2601.06801) pays for a distribution that moves when content is masked, which an answer from habit does not,
and for one that stays when the picture is only disturbed. The divergence is over the whole vocabulary where the view
names one, and the k3 estimate at the drawn token where it does not. It is unbounded, so each token's is capped.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from saccade.core.signals import Signals, TermOut, View, term
from saccade.objectives._ratio import FAR


@term()
def view_divergence(view: View, *, apart: bool = True, cap: float = 10.0) -> Callable[[Signals], TermOut]:
    """The divergence from a view, at every token the policy wrote.

    apart: True for a view the policy should notice (minus the divergence), False for one it should not (plus)
    cap:   nats a token counts at most; beyond it the token no longer pulls
    """

    def function(s: Signals) -> TermOut:
        seen = s.view.get(view.name)
        if seen is None:
            raise ValueError(f"view_divergence needs the view {view.name!r}, and this pass has none")
        gap_T = seen.divergence_T if view.divergence else k3(s.logp_T, seen.logp_T)
        if gap_T is None:
            raise ValueError(f"view {view.name!r} names the divergence {view.divergence!r}, and this pass has none")
        value_T = torch.where(s.trainable_T, gap_T.clamp(max=cap), 0.0)
        return TermOut(value=-value_T if apart else value_T, member=s.trainable_T, metrics={view.name: gap_T.detach()})

    return function


def k3(logp_T: torch.Tensor, other_T: torch.Tensor) -> torch.Tensor:
    """Estimate of KL(recorded || view) at tokens drawn from the recorded one: exp(u) - u - 1, u = other - own."""
    gap_T = (other_T - logp_T).clamp(-FAR, FAR)
    return gap_T.exp() - gap_T - 1


NOTICED, SAME = View(name="masked", change=lambda pixels, rng: pixels), View(
    name="masked", change=lambda pixels, rng: pixels, divergence="kl")

EXAMPLES = [
    ({"logp": [-1.0, -1.0], "view": {"masked": {"logp": [-2.0, -1.0]}}}, [-0.36787944117, 0.0], {"view": NOTICED}),
    ({"logp": [-1.0], "view": {"masked": {"logp": [-2.0], "divergence": [0.3]}}}, [0.3], {"view": SAME, "apart": False}),
    ({"logp": [-1.0], "view": {"masked": {"logp": [-2.0], "divergence": [30.0]}}}, [-10.0], {"view": SAME}),
]
