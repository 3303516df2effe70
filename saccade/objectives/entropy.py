"""Reward for staying undecided: minus the entropy of the policy's next-token distribution.

A small positive coefficient keeps sampling diverse; a negative one sharpens. The entropy is of the whole vocabulary at
temperature 1, not an estimate from the drawn token. Of a view (the same row with other media) it says how undecided the
policy is when it sees less: DVRP (arXiv 2601.06801) keeps that low, with a negative coefficient.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from saccade.core.signals import Signals, TermOut, View, term


@term(needs=("entropy",))
def entropy(view: View | None = None) -> Callable[[Signals], TermOut]:
    """Minus the entropy, in nats, at every token the policy wrote; of the row as recorded, or of a view."""

    def function(s: Signals) -> TermOut:
        entropy_T = s.entropy_T if view is None else s.view[view.name].entropy_T
        if entropy_T is None:
            raise ValueError("entropy needs the policy's entropy, and this pass has none")
        return TermOut(value=torch.where(s.trainable_T, -entropy_T, 0.0), member=s.trainable_T)

    return function


EXAMPLES = [({"logp": [-1.0, -1.0], "entropy": [0.7, 0.0]}, [-0.7, 0.0])]
