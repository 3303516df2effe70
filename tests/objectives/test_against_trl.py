"""Agreement with trl's own loss on the same tensors: each loss and aggregation both have, with clipping, KL, two-sided clip,
ratios of tokens and of sequences."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from saccade import objectives
from saccade.core.signals import Signals
from saccade.objectives.aggregate import weights_of

pytestmark = pytest.mark.oracle

MAX_LENGTH = 9
NORMALISERS = {"grpo": "rows", "bnpo": "tokens", "dapo": "tokens", "dr_grpo": float(MAX_LENGTH)}
OTHERS = {"cispo": "tokens", "sapo": "rows"}


def tensors():
    make = torch.Generator().manual_seed(3)
    logp_BT = -torch.rand(4, 7, generator=make, dtype=torch.float64) * 2
    old_BT = logp_BT + 0.4 * torch.randn(4, 7, generator=make, dtype=torch.float64)
    ref_BT = logp_BT + 0.2 * torch.randn(4, 7, generator=make, dtype=torch.float64)
    mask_BT = torch.arange(7)[None] < torch.tensor([7, 3, 5, 1])[:, None]
    mask_BT[0, 3:5] = False  # what a tool said
    return logp_BT, old_BT, ref_BT, mask_BT, torch.tensor([1.0, -0.5, 0.25, -0.75], dtype=torch.float64)


def theirs(loss_type, *, beta, delta, level="token", high=0.28):
    pytest.importorskip("trl", reason="needs trl 1.16: the extra `bench`")
    from trl.trainer.grpo_trainer import GRPOTrainer

    logp_BT, old_BT, ref_BT, mask_BT, advantage_B = tensors()
    logp_BT = logp_BT.requires_grad_(True)
    one = SimpleNamespace(
        num_processes=1, gather=lambda value: value, gather_for_metrics=lambda value: value,
        reduce=lambda value, reduction="sum": value, sync_gradients=True,
    )

    class Names(dict):
        def __missing__(self, key):
            self[key] = []
            return self[key]

    trainer = SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *a, **k: (logp_BT, torch.zeros_like(logp_BT), None),
        aux_loss_enabled=False, top_entropy_quantile=1.0, off_policy_mask_threshold=None, importance_sampling_level=level,
        beta=beta, epsilon_low=0.2, epsilon_high=high, loss_type=loss_type, use_vllm=False,
        vllm_importance_sampling_correction=False, current_gradient_accumulation_steps=1,
        max_completion_length=MAX_LENGTH, accelerator=one, _entropy_bonus_enabled=False,
        model=SimpleNamespace(training=True), _metrics={"train": Names(), "eval": Names()},
        args=SimpleNamespace(delta=delta, use_bias_correction_kl=False, steps_per_generation=1, sapo_temperature_pos=1.0,
                             sapo_temperature_neg=1.05),
    )
    ids = torch.zeros(4, 7, dtype=torch.long)
    loss = GRPOTrainer._compute_loss(
        trainer, None,
        {
            "prompt_ids": ids[:, :1], "prompt_mask": ids[:, :1] + 1, "completion_ids": ids,
            "completion_mask": mask_BT.long(), "advantages": advantage_B, "old_per_token_logps": old_BT,
            "ref_per_token_logps": ref_BT, "num_items_in_batch": mask_BT.sum(),
        },
    )
    loss.backward()
    return loss.detach(), logp_BT.grad, {name: values[0] for name, values in trainer._metrics["train"].items()}


def ours(made, *, beta):
    logp_BT, old_BT, ref_BT, mask_BT, advantage_B = tensors()
    logp_BT = logp_BT.requires_grad_(True)
    row_T = torch.arange(4)[:, None].expand(4, 7)[mask_BT]
    zero_T = torch.zeros_like(row_T)
    signals = Signals(
        logp_T=logp_BT[mask_BT], old_logp_T=old_BT[mask_BT], ref_logp_T=ref_BT[mask_BT],
        trainable_T=torch.ones_like(row_T, dtype=torch.bool), token_T=zero_T, row_T=row_T, step_T=zero_T, group_T=zero_T,
        num_rows=4, credit_T=advantage_B[row_T],
    )
    terms = [made]
    if beta:
        terms.append(objectives.kl(coefficient=beta, normaliser=made.normaliser))
    loss = torch.zeros((), dtype=torch.float64)
    for each in terms:
        out = each.term.function(signals)
        places = {"row_T": row_T.numpy(), "step_T": zero_T.numpy(), "group_T": zero_T.numpy()}
        weight_T = weights_of(out.member.numpy(), normaliser=each.normaliser, **places)
        loss = loss + each.coefficient * (out.value * torch.from_numpy(weight_T)).sum()
    loss.backward()
    return loss.detach(), logp_BT.grad, terms[0].term.function(signals).metrics


@pytest.mark.parametrize("loss_type", sorted(NORMALISERS))
@pytest.mark.parametrize(("beta", "delta"), [(0.0, None), (0.04, None), (0.0, 1.5)])
def test_equal_loss_gradient_and_clip_ratios(loss_type, beta, delta):
    their_loss, their_gradient, their_metrics = theirs(loss_type, beta=beta, delta=delta)
    made = objectives.clip(low=0.2, high=0.28, dual=delta, normaliser=NORMALISERS[loss_type])
    our_loss, our_gradient, metrics = ours(made, beta=beta)
    assert our_loss.item() == pytest.approx(their_loss.item(), abs=1e-12)
    assert torch.allclose(our_gradient, their_gradient, atol=1e-12)
    if delta is None:
        for name in ("low", "high"):
            share = float(np.mean(metrics[name].numpy()))
            assert share == pytest.approx(their_metrics[f"clip_ratio/{name}_mean"], abs=1e-6)
            assert share > 0


def agree(made, *, beta, **settings):
    their_loss, their_gradient, _ = theirs(**settings, beta=beta, delta=None)
    our_loss, our_gradient, _ = ours(made, beta=beta)
    assert our_loss.item() == pytest.approx(their_loss.item(), abs=1e-12)
    assert torch.allclose(our_gradient, their_gradient, atol=1e-12) and our_gradient.abs().max() > 1e-3


@pytest.mark.parametrize("beta", [0.0, 0.04])
@pytest.mark.parametrize("loss_type", sorted(NORMALISERS))
def test_equal_where_the_ratio_is_of_the_sequence(loss_type, beta):
    made = objectives.clip(low=0.2, high=0.05, level="sequence", normaliser=NORMALISERS[loss_type])
    agree(made, beta=beta, loss_type=loss_type, level="sequence", high=0.05)


@pytest.mark.parametrize("beta", [0.0, 0.04])
def test_equal_cispo(beta):
    agree(objectives.cispo(most=1.2, normaliser=OTHERS["cispo"]), beta=beta, loss_type="cispo", high=1.2)


@pytest.mark.parametrize("beta", [0.0, 0.04])
def test_equal_sapo(beta):
    agree(objectives.sapo(normaliser=OTHERS["sapo"]), beta=beta, loss_type="sapo")
