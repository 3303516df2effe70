"""The arithmetic of verdicts against closed forms, and the rule case by case."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade.claims.verdict import arms_of, baseline_of, judge, paired, t_interval, t_quantile
from saccade.core.run import Claim

PRINTED = {1: 12.7062, 2: 4.30265, 3: 3.18245, 4: 2.77645, 9: 2.26216, 30: 2.04227, 120: 1.97993}
"""97.5 % quantiles of Student's t as statistical tables print them."""


def claim(**changes):
    settings = dict(text="more is better", metric="accuracy", arms=("plain", "better"), better="better", over="plain",
                    control="fake", margin=0.1, seeds=(1, 2, 3))
    return Claim(**{**settings, **changes})


def values(plain, better, fake):
    return {arm: dict(zip((1, 2, 3), numbers, strict=True))
            for arm, numbers in {"plain": plain, "better": better, "fake": fake}.items()}


@pytest.mark.parametrize("freedom", PRINTED)
def test_quantiles_are_those_of_printed_tables(freedom):
    assert t_quantile(0.975, freedom) == pytest.approx(PRINTED[freedom], abs=6e-6 * PRINTED[freedom])


def test_one_degree_of_freedom_is_the_cauchy_distribution():
    for probability in (0.6, 0.9, 0.995):
        assert t_quantile(probability, 1) == pytest.approx(math.tan(math.pi * (probability - 0.5)), rel=1e-9)


def test_interval_by_hand():
    low, high = t_interval([0.1, 0.2, 0.3])
    assert (low + high) / 2 == pytest.approx(0.2)
    assert high - low == pytest.approx(2 * 4.302653 * 0.1 / math.sqrt(3), rel=1e-6)


def test_one_value_has_no_interval():
    assert t_interval([0.5]) == (-math.inf, math.inf)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=8), st.floats(-2, 2))
def test_intervals_move_with_the_values(numbers, shift):
    low, high = t_interval(numbers)
    moved = t_interval([value + shift for value in numbers])
    assert moved == pytest.approx((low + shift, high + shift), abs=1e-9)
    assert low <= math.fsum(numbers) / len(numbers) <= high


def test_pairing_removes_what_a_seed_adds_to_both():
    effect = paired({1: 0.3, 2: 0.8}, {1: 0.1, 2: 0.6})
    assert effect.mean == pytest.approx(0.2)
    assert effect.ci95 == pytest.approx((0.2, 0.2))
    assert effect.seeds == (1, 2)


def test_a_clear_effect_with_a_flat_control_holds():
    verdict = judge(claim(), values([0.2, 0.21, 0.19], [0.6, 0.62, 0.58], [0.21, 0.2, 0.2]))
    assert verdict.word == "holds" and verdict.effect.mean == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (([0.2, 0.2, 0.2], [0.25, 0.26, 0.24], [0.2, 0.2, 0.2]), "below the margin"),
        (([0.2, 0.2, 0.2], [0.9, 0.1, 0.4], [0.2, 0.2, 0.2]), "the interval reaches 0"),
        (([0.2, 0.2, 0.2], [0.6, 0.6, 0.61], [0.6, 0.5, 0.55]), "the control fake shows"),
        (([0.6, 0.6, 0.6], [0.2, 0.2, 0.2], [0.6, 0.6, 0.6]), "below the margin"),
    ],
)
def test_what_fails_says_why(numbers, said):
    verdict = judge(claim(), values(*numbers))
    assert verdict.word == "fails" and said in verdict.why


def test_a_missing_or_infinite_value_is_untestable():
    found = values([0.2, 0.2, 0.2], [0.6, 0.6, 0.6], [0.2, 0.2, 0.2])
    found["better"][2] = math.nan
    assert judge(claim(), found).word == "untestable"
    del found["better"][2]
    verdict = judge(claim(), found)
    assert verdict.word == "untestable" and "better" in verdict.why and "seed 2" in verdict.why


def test_no_room_above_the_baseline_is_untestable():
    assert judge(claim(), values([0.95, 0.96, 0.94], [1.0, 1.0, 1.0], [0.9, 0.9, 0.9])).word == "untestable"


def test_one_seed_is_untestable():
    one = {arm: {1: value} for arm, value in {"plain": 0.1, "better": 0.9, "fake": 0.1}.items()}
    assert judge(claim(seeds=(1,)), one).word == "untestable"


@given(st.lists(st.floats(0, 1), min_size=9, max_size=9))
def test_holding_means_margin_interval_and_control(numbers):
    found = values(numbers[:3], numbers[3:6], numbers[6:])
    verdict = judge(claim(), found)
    if verdict.word == "holds":
        assert verdict.effect.mean >= 0.1 and verdict.effect.ci95[0] > 0 and verdict.control.mean < 0.1


@pytest.mark.parametrize(
    "changes",
    [{"better": "nobody"}, {"over": "nobody"}, {"control": "better"}, {"control": "plain"}, {"margin": 0.0}, {"seeds": ()}],
)
def test_claims_that_contradict_themselves_are_refused(changes):
    with pytest.raises(ValueError):
        arms_of(claim(**changes))


def test_the_baseline_defaults_to_the_first_other_arm():
    assert baseline_of(claim(over=None)) == "plain"
    assert arms_of(claim()) == ("plain", "better", "fake")
