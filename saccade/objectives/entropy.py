"""Reward for staying undecided: minus the entropy of the policy's next-token distribution.

A small positive coefficient keeps sampling diverse; a negative one sharpens. The entropy is of the whole vocabulary at
temperature 1, not an estimate from the drawn token.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from saccade.core.signals import Signals, TermOut, term


@term(needs=("entropy",))
def entropy() -> Callable[[Signals], TermOut]:
    """Minus the entropy, in nats, at every token the policy wrote."""

    def function(s: Signals) -> TermOut:
        if s.entropy_T is None:
            raise ValueError("entropy needs the policy's entropy, and this pass has none")
        return TermOut(value=torch.where(s.trainable_T, -s.entropy_T, 0.0), member=s.trainable_T)

    return function


EXAMPLES = [({"logp": [-1.0, -1.0], "entropy": [0.7, 0.0]}, [-0.7, 0.0])]
