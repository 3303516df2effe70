"""Each term on three tokens against arithmetic done by hand."""

import math

import numpy as np
import pytest

from saccade import objectives
from saccade.core.signals import View
from saccade.objectives.aggregate import weights_of
from saccade.objectives.examples import signals_of


def values(made, **fields):
    out = made.term.function(signals_of(**fields))
    return out.value.tolist(), {key: each.tolist() for key, each in out.metrics.items()}


def test_clip_takes_the_worse_side_and_says_which():
    value, metrics = values(
        objectives.clip(low=0.2, high=0.28),
        logp=[math.log(1.5), math.log(0.5), math.log(1.5)],
        old_logp=[0.0, 0.0, 0.0],
        credit=[2.0, -2.0, -1.0],
    )
    assert value == pytest.approx([-2.56, 1.6, 1.5])
    assert metrics["high"] == [True, False, False]
    assert metrics["low"] == [False, True, False]


def test_clip_survives_a_huge_ratio():
    signals = signals_of(logp=[0.0, 0.0], old_logp=[-1000.0, -1000.0], credit=[1.0, -1.0])
    out = objectives.clip().term.function(signals)
    out.value.sum().backward()
    assert out.value.isfinite().all() and signals.logp_T.grad.isfinite().all()


def test_dual_clip_bounds_the_loss_of_bad_tokens():
    value, _ = values(objectives.clip(dual=3.0), logp=[0.0], old_logp=[-5.0], credit=[-2.0])
    assert value == pytest.approx([6.0])
    with pytest.raises(ValueError, match="greater than 1"):
        objectives.clip(dual=0.5)


def test_a_ratio_of_a_sequence_is_its_geometric_mean():
    fields = {"logp": [0.3, -0.1, 0.5], "old_logp": [0.0, 0.0, 0.0], "credit": [1.0, -2.0, 1.0], "row": [0, 0, 1]}
    value, metrics = values(objectives.clip(low=0.05, high=0.05, level="sequence"), **fields)
    assert metrics["ratio"] == pytest.approx([math.exp(0.1), math.exp(0.1), math.exp(0.5)])
    assert value == pytest.approx([-1.05, 2 * math.exp(0.1), -1.05])
    with pytest.raises(ValueError, match="token or sequence"):
        objectives.clip(level="row")


def test_the_gradient_of_a_sequence_is_shared_by_its_members():
    signals = signals_of(logp=[0.0, 0.0, 0.0], credit=[1.0, 1.0, 3.0], trainable=[True, True, False])
    objectives.clip(level="sequence").term.function(signals).value.sum().backward()
    assert signals.logp_T.grad.tolist() == pytest.approx([-1.0, -1.0, 0.0])


def test_cispo_cuts_the_weight_and_keeps_the_gradient():
    signals = signals_of(logp=[math.log(8), math.log(0.5), -1.0], old_logp=[0.0, 0.0, -1.0], credit=[1.0, -2.0, 0.5])
    out = objectives.cispo(most=5.0).term.function(signals)
    out.value.sum().backward()
    assert out.value.tolist() == pytest.approx([-5 * math.log(8), 2 * 0.5 * math.log(0.5), 0.5])
    assert signals.logp_T.grad.tolist() == pytest.approx([-5.0, 1.0, -0.5])
    assert out.metrics["high"].tolist() == [True, False, False]


def test_sapo_is_a_sigmoid_around_one():
    signals = signals_of(logp=[math.log(2), 0.0, math.log(0.5)], old_logp=[0.0, 0.0, 0.0], credit=[1.0, -1.0, -1.0])
    out = objectives.sapo(positive=1.0, negative=2.0).term.function(signals)
    out.value.sum().backward()
    sigmoid = [1 / (1 + math.exp(-x)) for x in (1.0, 0.0, -1.0)]
    assert out.value.tolist() == pytest.approx([-4 * sigmoid[0], 2 * sigmoid[1], 2 * sigmoid[2]])
    slopes = [s * (1 - s) * 4 for s in sigmoid]  # d gain / d ratio; the ratio's own slope is the ratio
    assert signals.logp_T.grad.tolist() == pytest.approx([-slopes[0] * 2, slopes[1], slopes[2] * 0.5])
    with pytest.raises(ValueError, match="above 0"):
        objectives.sapo(negative=0)


def test_a_gated_likelihood_is_the_mean_over_groups_and_zero_where_the_gate_is_shut():
    made = objectives.sft(origins=("expert",), weighted=True, normaliser="rows")
    signals = signals_of(logp=[-1.0, -3.0, -2.0, -9.0], row=[0, 0, 1, 2], credit=[1.0, 1.0, 0.0, 0.5],
                         origin=["expert", "expert", "policy"])
    out = made.term.function(signals)
    weight = weights_of(out.member.numpy(), row_T=signals.row_T.numpy(), step_T=np.zeros(4, int),
                        group_T=np.array([0, 0, 1, 1]), normaliser="rows")
    assert (out.value.detach().numpy() * weight).sum() == pytest.approx((1.0 + 3.0) / 2 / 2)
    with pytest.raises(ValueError, match=r"Run\.credit"):
        made.term.function(signals_of(logp=[-1.0], origin=["expert"]))


def test_views_push_apart_and_hold_together():
    seen = {"masked": {"logp": [-2.0, -1.0, 0.0], "entropy": [0.5, 0.2, 0.1], "divergence": [0.4, 12.0, 0.0]}}
    full = View(name="masked", change=lambda pixels, rng: pixels, divergence="kl")
    fields = {"logp": [-1.0, -1.0, -1.0], "view": seen}
    assert values(objectives.view_divergence(full), **fields)[0] == pytest.approx([-0.4, -10.0, 0.0])
    assert values(objectives.view_divergence(full, apart=False), **fields)[0] == pytest.approx([0.4, 10.0, 0.0])
    drawn = View(name="masked", change=lambda pixels, rng: pixels)
    k3 = [math.exp(-1.0), 0.0, math.e - 2]
    assert values(objectives.view_divergence(drawn, apart=False), **fields)[0] == pytest.approx(k3)
    assert values(objectives.entropy(full), **{**fields, "entropy": [9.0] * 3})[0] == pytest.approx([-0.5, -0.2, -0.1])
    assert objectives.view_divergence(full).term.views == objectives.entropy(view=full).term.views == (full,)
    with pytest.raises(ValueError, match="'masked'"):
        objectives.view_divergence(full).term.function(signals_of(logp=[-1.0]))


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [("k1", [0.5, -1.0, 0.0]), ("k2", [0.125, 0.5, 0.0]), ("k3", [math.exp(-0.5) - 0.5, math.e - 2, 0.0])],
)
def test_kl(estimator, expected):
    value, _ = values(objectives.kl(estimator=estimator), logp=[-1.0, -2.0, -3.0], ref_logp=[-1.5, -1.0, -3.0])
    assert value == pytest.approx(expected)


def test_missing_signals_are_named():
    for made, word in ((objectives.clip(), "credit"), (objectives.kl(), "reference"), (objectives.entropy(), "entropy")):
        with pytest.raises(ValueError, match=word):
            made.term.function(signals_of(logp=[-1.0]))
    with pytest.raises(ValueError, match="k1, k2 or k3"):
        objectives.kl(estimator="k4")


def test_sft_reads_only_the_rows_it_was_told_to():
    signals = signals_of(logp=[-1.0, -2.0], row=[0, 1], origin=["policy", "label"])
    assert objectives.sft(origins=("label",)).term.function(signals).member.tolist() == [False, True]
