"""Each term on three tokens against arithmetic done by hand."""

import math

import pytest

from saccade import objectives
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
