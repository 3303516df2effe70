"""Divergences between two distributions, against sums done by hand and against finite differences."""

import math

import pytest
import torch

from saccade.models.distribution import allowed_logits, divergence_of

P, Q = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64), torch.tensor([0.2, 0.2, 0.6], dtype=torch.float64)


def kl(p, q):
    return sum(float(a) * math.log(float(a) / float(b)) for a, b in zip(p, q, strict=True))


EXPECTED = {
    "kl": kl(P, Q), "reverse": kl(Q, P), "symmetric": (kl(P, Q) + kl(Q, P)) / 2,
    "jsd": (kl(P, (P + Q) / 2) + kl(Q, (P + Q) / 2)) / 2,
}


@pytest.mark.parametrize("kind", sorted(EXPECTED))
def test_the_number_is_the_sum(kind):
    assert float(divergence_of(P.log()[None], Q.log()[None], kind)) == pytest.approx(EXPECTED[kind], abs=1e-9)
    assert float(divergence_of(P.log()[None], P.log()[None], kind)) == 0


@pytest.mark.parametrize("kind", sorted(EXPECTED))
def test_banned_ids_take_no_part_and_leave_the_gradient_finite(kind):
    def both(*logits):
        rows = [torch.cat([each, torch.tensor([3.0])])[None] for each in logits]
        return divergence_of(*(allowed_logits(each, torch.tensor([3])) for each in rows), kind)

    left, right = P.log().float().requires_grad_(True), Q.log().float().requires_grad_(True)
    value = both(left, right)
    value.sum().backward()
    assert value.item() == pytest.approx(EXPECTED[kind], abs=1e-6)
    for tensor, other, first in ((left, right, True), (right, left, False)):
        assert tensor.grad.isfinite().all() and tensor.grad.abs().sum() > 0
        for index in range(3):
            moved = tensor.detach().clone().double()
            up, down = moved.clone(), moved.clone()
            up[index] += 1e-4
            down[index] -= 1e-4
            fixed = other.detach().double()
            pairs = [(x, fixed) if first else (fixed, x) for x in (up, down)]
            high, low = (float(divergence_of(*(each[None] for each in pair), kind)) for pair in pairs)
            assert float(tensor.grad[index]) == pytest.approx((high - low) / 2e-4, abs=1e-4)


def test_another_word_is_named():
    with pytest.raises(ValueError, match="'hellinger'"):
        divergence_of(P[None], Q[None], "hellinger")
