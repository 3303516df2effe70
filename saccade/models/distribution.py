"""The one distribution that sampler and learner speak about, and how a token is drawn from it.

Log-probabilities everywhere in the library are those of temperature 1, without truncation, *with the banned ids (media
placeholders) removed before the softmax*. The sampler can never draw a banned id, so leaving their mass in would make
its numbers differ from what it does; removing them in one place keeps importance ratios at one. N rows, V vocabulary.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def allowed_logits(logits_NV: Tensor, banned: Tensor) -> Tensor:
    """float32 logits with -inf at the `banned` ids (int64[k])."""
    return logits_NV.float().index_fill(1, banned, float("-inf"))


def chosen_logp(allowed_NV: Tensor, token_N: Tensor) -> Tensor:
    """float32[N]: log-probability of each chosen token under `allowed_logits`."""
    return allowed_NV.gather(1, token_N[:, None])[:, 0] - allowed_NV.logsumexp(1)


def entropy_of(allowed_NV: Tensor) -> Tensor:
    """float32[N], in nats."""
    logp_NV = allowed_NV.log_softmax(1)
    return -(logp_NV.exp() * logp_NV.masked_fill(logp_NV.isneginf(), 0.0)).sum(1)


def divergence_of(allowed_NV: Tensor, other_NV: Tensor, kind: str) -> Tensor:
    """float32[N], in nats, between two distributions of `allowed_logits`, never below 0.

    kind: ``kl``: of the first from the second; ``reverse``; ``symmetric``: their mean; ``jsd``: from the mixture, at most
    log 2. Raises ValueError for another.
    """
    first, second = (
        each.log_softmax(1).masked_fill(each.isneginf(), -1e4) for each in (allowed_NV, other_NV)
    )  # impossible in both: finite, for the difference of two infinities would poison the gradient

    def kl(left: Tensor, right: Tensor) -> Tensor:
        return (left.exp() * (left - right)).sum(1)

    if kind == "kl":
        value = kl(first, second)
    elif kind == "reverse":
        value = kl(second, first)
    elif kind == "symmetric":
        value = (kl(first, second) + kl(second, first)) / 2
    elif kind == "jsd":
        mixture = torch.logaddexp(first, second) - math.log(2)
        value = (kl(first, mixture) + kl(second, mixture)) / 2
    else:
        raise ValueError(f"divergence is kl, reverse, symmetric or jsd, not {kind!r}")
    return value.clamp(min=0.0)


def draw(
    allowed_NV: Tensor, uniform_N: Tensor, *, temperature_N: Tensor, top_p_N: Tensor | None, top_k_N: Tensor | None
) -> Tensor:
    """int64[N]: one token a row, by inverting the cumulative distribution at `uniform_N` (float64, in [0, 1)).

    One number of the row's own stream decides its token, so that what a row draws does not depend on the other rows. Rows
    of temperature 0 take the largest logit. `top_k_N` 0 and `top_p_N` 1 leave a row untouched; None: all rows.
    """
    greedy_N = temperature_N == 0
    logits_NV = allowed_NV.double() / temperature_N.double().masked_fill(greedy_N, 1.0)[:, None]
    if top_k_N is not None:
        logits_NV = _keep_top_k(logits_NV, top_k_N)
    probability_NV = logits_NV.softmax(1)
    if top_p_N is not None:
        probability_NV = _keep_top_p(probability_NV, top_p_N)
    cumulative_NV = probability_NV.cumsum(1)
    whole_N1 = cumulative_NV[:, -1:]
    goal_N1 = torch.minimum(uniform_N[:, None] * whole_N1, torch.nextafter(whole_N1, torch.zeros_like(whole_N1)))
    drawn_N = (cumulative_NV <= goal_N1).sum(1)
    return drawn_N.where(~greedy_N, allowed_NV.argmax(1))


def _keep_top_k(logits_NV: Tensor, top_k_N: Tensor) -> Tensor:
    size = logits_NV.shape[1]
    kept_N = top_k_N.clamp(max=size).where(top_k_N > 0, size)
    least_N1 = logits_NV.sort(dim=1, descending=True).values.gather(1, kept_N[:, None] - 1)
    return logits_NV.masked_fill(logits_NV < least_N1, float("-inf"))


def _keep_top_p(probability_NV: Tensor, top_p_N: Tensor) -> Tensor:
    sorted_NV, order_NV = probability_NV.sort(dim=1, descending=True, stable=True)
    before_NV = sorted_NV.cumsum(1) - sorted_NV
    kept_NV = sorted_NV.masked_fill(before_NV >= top_p_N.double()[:, None], 0.0)
    kept_NV[:, 0] = sorted_NV[:, 0]
    return probability_NV.new_zeros(probability_NV.shape).scatter(1, order_NV, kept_NV)
