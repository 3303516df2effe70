"""Learn from a preference between two attempts at one sample: raise the better against the worse (DPO, arXiv 2305.18290).

Credit says who is who: within a group, tokens with positive credit are the chosen side, tokens with negative credit the
rejected one, and its size is what the pair counts (`credit.best_worst`). Summed over whole attempts it is the multi-step
form; taken step by step it compares each decision under its own prefix (VisRL, arXiv 2503.07523). Tool results are
nobody's tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F

from saccade.core.signals import Signals, TermOut, term


@term(needs=("reference",), together="group")
def dpo(*, beta: float = 0.1, by: Literal["attempt", "step"] = "attempt") -> Callable[[Signals], TermOut]:
    """-log sigmoid(beta * (sum over chosen of log pi/ref - sum over rejected)), one value per pair.

    by: ``attempt``: one pair per group; ``step``: one for every step in which both sides have tokens
    A pair's value stands at its first chosen token, so the normaliser ``tokens`` is the mean over pairs. Groups with one
    side alone have no member. Raises ValueError for a beta that is not positive, and without a reference.
    """
    if beta <= 0:
        raise ValueError(f"dpo: beta must be above 0 (0.1 is usual), not {beta}")

    def function(s: Signals) -> TermOut:
        if s.ref_logp_T is None:
            raise ValueError("dpo needs the reference's log-probabilities, and this pass has none")
        credit_T = torch.full_like(s.ref_logp_T, torch.nan) if s.credit_T is None else s.credit_T
        known_T = s.trainable_T & s.ref_logp_T.isfinite() & credit_T.isfinite()
        weight_T = torch.where(known_T, credit_T, 0.0)
        ratio_T = torch.where(known_T, s.logp_T - torch.where(known_T, s.ref_logp_T, 0.0), 0.0)
        pair_T = s.group_T if by == "attempt" else s.group_T * (int(s.step_T.max()) + 1 if len(s.step_T) else 1) + s.step_T
        _, place_T = torch.unique(pair_T, return_inverse=True)
        size = int(place_T.max()) + 1 if len(place_T) else 0
        chosen_T, rejected_T = weight_T > 0, weight_T < 0
        margin_P = ratio_T.new_zeros(size).index_add(0, place_T, ratio_T * weight_T.sign())
        both_P = (count(chosen_T, place_T, size) > 0) & (count(rejected_T, place_T, size) > 0)
        member_T = first(chosen_T, place_T) & both_P[place_T]
        value_T = torch.where(member_T, -F.logsigmoid(beta * margin_P[place_T]) * weight_T.abs(), 0.0)
        return TermOut(
            value=value_T,
            member=member_T,
            metrics={"margin": beta * margin_P[place_T].detach(), "preferred": margin_P[place_T] > 0},
        )

    return function


def count(flag_T: torch.Tensor, place_T: torch.Tensor, size: int) -> torch.Tensor:
    return torch.bincount(place_T[flag_T], minlength=size)


def first(flag_T: torch.Tensor, place_T: torch.Tensor) -> torch.Tensor:
    """bool[T]: the first flagged token of every place."""
    out_T = torch.zeros_like(flag_T)
    seen: set[int] = set()
    for index in flag_T.nonzero().flatten().tolist():
        place = int(place_T[index])
        if place not in seen:
            seen.add(place)
            out_T[index] = True
    return out_T


PAIR = {"logp": [-1.0, -1.0, -2.0], "ref_logp": [-2.0, -1.0, -1.0], "credit": [1.0, 1.0, -1.0], "row": [0, 0, 1]}
EXAMPLES = [
    (PAIR, [0.598138869, None, None]),
    (PAIR, [0.126928011, None, None], {"beta": 1.0}),
    ({**PAIR, "credit": [1.0, 1.0, 1.0]}, [None, None, None]),
    ({**PAIR, "step": [1, 3, 1]}, [0.598138869, None, None], {"by": "step"}),
    ({**PAIR, "credit": [0.5, 0.5, -0.5]}, [0.299069435, None, None]),
]
