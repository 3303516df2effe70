"""Normalisers: what they mean, and that cutting an update into micro-batches never changes them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade.objectives.aggregate import row_weights, weights_of

MEMBER = np.array([1, 1, 1, 0, 1, 1], dtype=bool)
ROW = np.array([0, 0, 0, 1, 1, 2])
STEP = np.array([0, 0, 1, 0, 1, 0])
GROUP = np.array([0, 0, 0, 0, 0, 1])


def weigh(normaliser):
    return weights_of(MEMBER, row_T=ROW, step_T=STEP, group_T=GROUP, normaliser=normaliser)


@pytest.mark.parametrize(
    ("normaliser", "expected"),
    [
        ("tokens", [1 / 5, 1 / 5, 1 / 5, 0, 1 / 5, 1 / 5]),
        ("rows", [1 / 9, 1 / 9, 1 / 9, 0, 1 / 3, 1 / 3]),
        ("steps", [1 / 8, 1 / 8, 1 / 4, 0, 1 / 4, 1 / 4]),
        ("groups", [1 / 8, 1 / 8, 1 / 8, 0, 1 / 8, 1 / 2]),
        (10.0, [1 / 30, 1 / 30, 1 / 30, 0, 1 / 30, 1 / 30]),
    ],
)
def test_closed_forms(normaliser, expected):
    assert weigh(normaliser).tolist() == pytest.approx(expected)


def test_nothing_to_learn_from_weighs_nothing():
    assert not weights_of(np.zeros(3, bool), row_T=ROW[:3], step_T=STEP[:3], group_T=GROUP[:3], normaliser="rows").any()


@pytest.mark.parametrize("normaliser", ["batch", 0, -1.0])
def test_unknown_normaliser(normaliser):
    with pytest.raises(ValueError, match="normaliser must be"):
        weigh(normaliser)


def test_terms_over_whole_rows():
    assert row_weights(np.array([1, 1, 0], bool), group_R=np.array([0, 0, 1]), normaliser="rows").tolist() == [0.5, 0.5, 0]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=40), st.randoms())
def test_order_of_rows_is_irrelevant(tokens, random):
    """Any permutation of tokens (rows land in other micro-batches) permutes the weights and nothing else."""
    member, row, step = (np.array(column) for column in zip(*tokens, strict=True))
    group = row // 2
    order = list(range(len(tokens)))
    random.shuffle(order)
    for normaliser in ("tokens", "rows", "steps", "groups", 7.0):
        straight = weights_of(member, row_T=row, step_T=step, group_T=group, normaliser=normaliser)
        mixed = weights_of(
            member[order], row_T=row[order], step_T=step[order], group_T=group[order], normaliser=normaliser
        )
        assert np.allclose(straight[order], mixed)
        if normaliser != 7.0:
            assert straight.sum() == pytest.approx(float(member.any()))


def test_row_steps_weigh_every_step_of_a_row_and_every_row_alike():
    """MindWatcher: the weight of a step is 1 / (rows * steps of its row), whatever its length."""
    row_T = np.array([0] * 6 + [1] * 4)
    step_T = np.array([1, 1, 1, 1, 1, 3, 1, 1, 1, 1])
    given = {"row_T": row_T, "step_T": step_T, "group_T": np.zeros(10, int)}
    weight_T = weights_of(np.ones(10, bool), **given, normaliser="row_steps")
    sums = {(row, step): weight_T[(row_T == row) & (step_T == step)].sum() for row, step in ((0, 1), (0, 3), (1, 1))}
    assert sums == pytest.approx({(0, 1): 1 / 4, (0, 3): 1 / 4, (1, 1): 1 / 2})
    one_step = {**given, "step_T": np.ones(10, int)}
    assert weights_of(np.ones(10, bool), **one_step, normaliser="row_steps") == pytest.approx(
        weights_of(np.ones(10, bool), **one_step, normaliser="rows"))
