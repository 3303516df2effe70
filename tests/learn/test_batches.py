"""Cutting rows into micro-batches, and learning rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade.core.engine import Prompt
from saccade.core.run import Optim
from saccade.learn.batches import micro_batches, strictest
from saccade.learn.rate import rate
from saccade.learn.rows import Row


def row(size, group=0, pair=-1):
    mask = np.zeros(size, bool)
    mask[-1] = True
    one = np.zeros(1, np.float32)
    return Row(
        prompt=Prompt(tokens=np.zeros(size, np.int32)), trainable_T=mask, old_logp_S=one, credit_S=one,
        step_S=np.zeros(1, int), group=group, pair=pair, source=f"row of {size}",
    )


SIZES = st.lists(st.tuples(st.integers(2, 60), st.integers(0, 3)), min_size=1, max_size=30)


@given(SIZES, st.sampled_from([None, "group", "pair", "batch"]))
def test_every_row_once_within_the_budget_and_together(sizes, together):
    rows = [row(size, group, pair=group) for size, group in sizes]
    batches = micro_batches(rows, 100, together=together)
    assert sorted(index for batch in batches for index in batch) == list(range(len(rows)))
    assert batches == micro_batches(rows, 100, together=together)
    whole = {None: lambda index: index, "batch": lambda index: 0}.get(together, lambda index: rows[index].group)
    for batch in batches:
        cost = len(batch) * max(rows[index].size for index in batch)
        assert cost <= 100 or len({whole(index) for index in batch}) == 1
    if together is not None:
        homes = {(whole(index), number) for number, batch in enumerate(batches) for index in batch}
        assert len(homes) == len({home for home, _ in homes})


def test_members_of_a_group_are_neighbours():
    rows = [row(10, group) for group in (0, 1, 2, 0, 1, 2)]
    assert micro_batches(rows, 20) == [[0, 3], [1, 4], [2, 5]]


def test_a_row_above_the_budget_is_named():
    with pytest.raises(ValueError, match=r"row of 200.*micro_tokens=100"):
        micro_batches([row(200)], 100)


def test_strictest():
    assert strictest([None, "pair", "group"]) == "group"
    assert strictest([]) is None


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("constant", [0.25, 0.5, 0.75, 1, 1, 1, 1]),
        ("linear", [0.25, 0.5, 0.75, 1, 0.7, 0.4, 0.1]),
        ("cosine", [0.25, 0.5, 0.75, 1, 0.775, 0.325, 0.1]),
    ],
)
def test_rates(shape, expected):
    optim = Optim(lr=1.0, warmup=3, shape=shape, final=0.1)
    assert [rate(optim, update, 7) for update in range(7)] == pytest.approx(expected)


def test_rate_of_an_unknown_shape():
    with pytest.raises(ValueError, match="constant, linear or cosine"):
        rate(Optim(shape="step"), 5, 10)
