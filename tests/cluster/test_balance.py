"""Rows over ranks: loads that can be worked out by hand, and every row on exactly one rank whatever the rows are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade.core.engine import MediaSpan, Prompt
from saccade.learn.balance import beginnings, load, shares
from saccade.learn.rows import Row
from saccade.models.plan import SHORTEST, beginning

IMAGE = 7


def row(group, length, *, head=0, number=0, media=()):
    """Tokens that the group shares, then tokens of the row's own."""
    tokens = np.concatenate([np.full(head, 1000 + group), np.full(length - head, 2000 + number)]).astype(np.int32)
    for span in media:
        tokens[span.start : span.start + span.length] = IMAGE
    return Row(
        prompt=Prompt(tokens=tokens, media=tuple(media)), trainable_T=np.arange(length) == length - 1,
        old_logp_S=np.zeros(1, np.float32), credit_S=np.ones(1, np.float32), step_S=np.zeros(1, np.int32), group=group,
    )


def loads(rows, found):
    """Tokens per rank, a group's beginning counted once on each rank that has some of it."""
    return [load(rows, beginnings(rows), part) for part in found]


def test_equal_groups_give_equal_loads_and_stay_whole():
    rows = [row(group, 120, head=100, number=10 * group + k) for group in range(6) for k in range(4)]
    found = shares(rows, 3)
    assert loads(rows, found) == [2 * (100 + 4 * 20)] * 3
    for part in found:
        assert len({rows[index].group for index in part}) == 2


def test_one_group_is_cut_because_one_rank_would_do_everything():
    rows = [row(0, 120, head=100, number=k) for k in range(8)]
    assert shares(rows, 2) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert loads(rows, shares(rows, 2)) == [100 + 4 * 20] * 2
    assert loads(rows, shares(rows, 4)) == [100 + 2 * 20] * 4


def test_a_group_is_not_cut_where_halves_save_nothing():
    rows = [row(0, 100, number=k, head=100) for k in range(2)]  # the same sequence twice
    assert loads(rows, [[0, 1]]) == [100]
    assert sorted(map(len, shares(rows, 2))) == [0, 2]


def test_the_heaviest_goes_first():
    rows = [row(k, size, number=k) for k, size in enumerate((70, 60, 50, 40, 30, 20))]
    assert loads(rows, shares(rows, 2)) == [70 + 40 + 30, 60 + 50 + 20]
    assert shares(rows, 2) == [[0, 3, 4], [1, 2, 5]]


def test_image_tokens_weigh_like_others():
    seen = MediaSpan(ref="px:a", start=4, length=400)
    rows = [row(0, 410, number=0, media=(seen,)), *(row(k, 205, number=k) for k in (1, 2))]
    assert shares(rows, 2) == [[0], [1, 2]]


def test_a_beginning_ends_before_an_image_that_differs():
    def told(ref):
        return row(0, 60, head=60, media=(MediaSpan(ref=ref, start=30, length=20),)).prompt

    assert beginning([told("px:a"), told("px:a")]) == 60
    assert beginning([told("px:a"), told("px:b")]) == 30
    assert beginning([row(0, 40, head=SHORTEST - 1, number=k).prompt for k in (1, 2)]) == 0


@pytest.mark.parametrize("together", ["group", "batch"])
def test_what_must_be_seen_together_is_on_one_rank(together):
    rows = [row(group, 50, number=10 * group + k) for group in range(3) for k in range(3)]
    found = shares(rows, 2, together=together)
    for group in range(3):
        assert len({rank for rank, part in enumerate(found) for index in part if rows[index].group == group}) == 1
    if together == "batch":
        assert sorted(map(len, found)) == [0, 9]


def test_pairs_stay_together_when_their_group_is_cut():
    from dataclasses import replace

    rows = [replace(row(0, 50, number=k), pair=k // 2) for k in range(8)]
    for size in (2, 3, 4):
        for part in shares(rows, size, together="pair"):
            assert all((index ^ 1) in part for index in part)


drawn = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 90), st.integers(0, 60)), max_size=24)


@given(drawn, st.integers(1, 6))
def test_every_row_has_one_rank_and_no_load_is_far_from_fair(made, size):
    rows = [row(group, length + head, head=head, number=k) for k, (group, length, head) in enumerate(made)]
    found = shares(rows, size)
    assert len(found) == size
    assert sorted(index for part in found for index in part) == list(range(len(rows)))
    assert all(part == sorted(part) for part in found)
    assert found == shares(rows, size)
    whole = load(rows, beginnings(rows), range(len(rows)))
    assert whole <= sum(loads(rows, found)) and max(loads(rows, found)) <= whole


@given(st.lists(st.integers(1, 100), min_size=1, max_size=30), st.integers(2, 5))
def test_single_rows_are_spread_as_well_as_the_rule_promises(lengths, size):
    rows = [row(k, length, number=k) for k, length in enumerate(lengths)]
    most = max(loads(rows, shares(rows, size)))
    assert most <= sum(lengths) / size + max(lengths) * (1 - 1 / size)
