"""Statistics against closed forms, tables and brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade.evals.stats import bootstrap, clustered_error, mcnemar, paired_difference, pass_at_k, proportion, wilson

Z = 1.959963984540054


def test_wilson_solves_its_defining_equation():
    """The ends are the proportions p with |share - p| = z * sqrt(p (1 - p) / n)."""
    for successes, n in ((0, 10), (3, 10), (81, 263), (500, 500)):
        for end in wilson(successes, n):
            if 0 < end < 1:
                assert abs(successes / n - end) == pytest.approx(Z * math.sqrt(end * (1 - end) / n), rel=1e-9)


def test_wilson_known_values():
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_brackets_and_mirrors(case):
    successes, n = case
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1 and high > low
    assert wilson(n - successes, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_clustered_error_of_copies_is_that_of_the_originals():
    """Asking the same question four times adds no information; treating them as independent would halve the error."""
    values = [1.0, 0.0, 0.0, 1.0, 1.0]
    copies, names = np.repeat(values, 4), np.repeat(range(5), 4)
    assert clustered_error(copies, list(names)) == pytest.approx(clustered_error(values, range(5)))
    assert clustered_error(copies, range(20)) == pytest.approx(clustered_error(values, range(5)) / 2)


def test_clustered_error_by_hand():
    # mean 0.5; residual sums per cluster: 1.0, -1.0 -> sqrt(2) / 4
    assert clustered_error([1, 1, 0, 0], ["a", "a", "b", "b"]) == pytest.approx(math.sqrt(2) / 4)
    assert clustered_error([1, 0, 1, 0], ["a", "a", "b", "b"]) == 0.0


def test_proportion_widens_for_shared_pictures_and_never_narrows():
    values = [1.0] * 20 + [0.0] * 20
    alone = proportion(values)
    shared = proportion(values, [at // 4 for at in range(40)])
    opposed = proportion(values, [at % 20 for at in range(40)])
    assert (alone.low, alone.high) == wilson(20, 40) and alone.clusters == 40
    assert (shared.low, shared.high) == pytest.approx(wilson(5, 10)) and shared.clusters == 10
    assert (opposed.low, opposed.high) == pytest.approx((alone.low, alone.high))
    assert proportion([1.0] * 8, [at // 4 for at in range(8)]).low == pytest.approx(wilson(2, 2)[0])
    assert proportion([]).n == 0


def test_paired_difference_closed_form():
    before, after = [0, 0, 1, 1, 0], [1, 0, 1, 0, 1]
    change = np.subtract(after, before)
    found = paired_difference(before, after)
    half = Z * change.std(ddof=1) / math.sqrt(5)
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.2 - half, 0.2 + half))
    with pytest.raises(ValueError, match="same items"):
        paired_difference([1], [1, 0])


def test_paired_interval_is_narrower_than_two_separate_ones_when_runs_agree():
    before = [float(at % 2) for at in range(100)]
    after = before.copy()
    after[0] = 1.0
    both = paired_difference(before, after)
    assert both.high - both.low < 0.05 < proportion(after).high - proportion(after).low


@pytest.mark.parametrize(("fixed", "broken"), list(itertools.product(range(7), range(7))))
def test_mcnemar_against_enumeration(fixed, broken):
    total = fixed + broken
    weight = [math.comb(total, k) / 2**total for k in range(total + 1)]
    exact = sum(each for k, each in enumerate(weight) if abs(k - total / 2) >= abs(fixed - total / 2) - 1e-12)
    assert mcnemar(fixed, broken) == pytest.approx(exact, rel=1e-12)


def test_mcnemar_is_symmetric_and_holds_for_large_counts():
    assert mcnemar(900, 1000) == mcnemar(1000, 900)
    assert mcnemar(900, 1000) == pytest.approx(math.erfc((100 - 1) / math.sqrt(1900) / math.sqrt(2)), rel=0.01)
    assert 0 < mcnemar(5000, 0) + 1e-300 < 1e-100
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)


def test_pass_at_k_against_enumeration():
    for n in range(1, 7):
        for correct, k in itertools.product(range(n + 1), range(1, n + 1)):
            draws = list(itertools.combinations([1] * correct + [0] * (n - correct), k))
            assert pass_at_k(n, correct, k) == pytest.approx(sum(any(draw) for draw in draws) / len(draws))
    with pytest.raises(ValueError, match="pass@5"):
        pass_at_k(4, 1, 5)


def test_bootstrap_of_a_mean_agrees_with_theory_and_repeats():
    rng = np.random.default_rng(0)
    values = rng.normal(3, 2, 400)
    found = bootstrap(values, draws=1000)
    half = Z * values.std() / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.04)
    assert found.high == pytest.approx(values.mean() + half, abs=0.04)
    assert found == bootstrap(values, draws=1000)
    assert bootstrap([2.0] * 9, np.median, clusters=[0] * 9, draws=50).high == 2.0
