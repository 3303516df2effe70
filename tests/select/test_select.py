"""Selectors: contract of every file, exact epochs, what is dropped and what rests."""

from pathlib import Path

import numpy as np
import pytest

from saccade import select
from saccade.core import Group, Sample, Stop, Trajectory
from saccade.core.folder import names
from saccade.core.order import ENDLESS, shuffled
from saccade.select import curriculum, difficulty, oversampling, uniform, zero_variance
from saccade.select._pass_rate import buckets, in_band, pass_rate
from saccade.testing.contracts import check_file
from saccade.testing.selector_contract import selector_faults

FILES = sorted(Path(select.__path__[0], f"{name}.py") for name in names(Path(select.__path__[0])))


def group(*totals, id="s"):
    sample = Sample(id=id, prompt=())
    stops = [Stop.ERROR if total is None else Stop.DONE for total in totals]
    return Group(
        sample=sample, trajectories=tuple(Trajectory(sample=sample, attempt=k, stop=stop) for k, stop in enumerate(stops)),
        total=np.array([np.nan if total is None else total for total in totals], float))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_selector_keeps_its_contract(path):
    assert check_file(path) == ("selector", [])


def test_there_are_selectors():
    assert {"uniform", "zero_variance", "difficulty"} <= {path.stem for path in FILES}


def test_the_contract_finds_what_breaks_it():
    class Greedy(type(uniform())):
        def __init__(self):
            self.at = 0

        def propose(self, count, size, update, seed):
            self.at += count
            return [index % size for index in range(self.at - count, self.at)]

    faults = list(selector_faults(Greedy, []))
    assert any("after its state was saved" in fault for fault in faults)

    class Twice(type(uniform())):
        def propose(self, count, size, update, seed):
            return [0] * count

    assert any("twice" in fault for fault in selector_faults(Twice, []))


def test_an_epoch_holds_every_sample_once_and_the_next_is_shuffled_anew():
    epochs = [[index for update in range(4) for index in shuffled(5, 20, 4 * epoch + update, 3)] for epoch in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(20)) and epochs[0] != epochs[1]
    assert shuffled(5, 20, 2, 3) != shuffled(5, 20, 2, 4)


def test_over_many_epochs_nobody_is_left_out():
    seen = [index for update in range(60) for index in shuffled(7, 20, update, 0)]
    assert set(seen) == set(range(20))


def test_sizes_at_the_edge():
    assert sorted(shuffled(7, 3, 0, 0))[:3] == [0, 0, 0] or set(shuffled(7, 3, 0, 0)) == {0, 1, 2}
    assert shuffled(4, ENDLESS, 3, 0) == [12, 13, 14, 15]
    assert difficulty().propose(4, ENDLESS, 3, 0) == [12, 13, 14, 15]
    for count, size in ((4, 0), (0, 4)):
        with pytest.raises(ValueError, match="cannot choose"):
            shuffled(count, size, 0, 0)


def test_groups_without_spread_are_dropped_and_counted():
    chosen = zero_variance()
    kept = group(1, 0, 0)
    groups = [group(1, 1, 1), kept, group(0.0, 0.0), group(None, None), group(1, None), group(1, 0, None)]
    assert chosen.admit(groups) == [kept, groups[-1]]
    assert chosen.metrics() == {"dropped_equal": 2.0, "dropped_failed": 2.0, "dropped_share": 4 / 6}
    assert chosen.admit([]) == [] and chosen.metrics()["dropped_share"] == 0


def test_the_band_keeps_what_is_sometimes_solved():
    chosen = difficulty(low=0.25, high=0.75)
    groups = [group(1, 1, 1, 1), group(1, 1, 1, 0), group(0.4, 0, 0, 0.6), group(0, 0, 0, 0), group(None, None)]
    assert chosen.admit(groups) == groups[1:3]
    assert chosen.metrics()["dropped_easy"] == chosen.metrics()["dropped_hard"] == 1
    with pytest.raises(ValueError, match="low <= high"):
        difficulty(low=0.8, high=0.2)


def test_solved_samples_rest_and_come_back():
    chosen = difficulty(rest=3)
    first = list(chosen.propose(4, 8, 0, 0))
    chosen.observe([group(1, 1) for _ in first])
    assert set(chosen.propose(4, 8, 1, 0)).isdisjoint(first)
    chosen.observe([group(1, 0)] * 4)
    assert set(chosen.propose(8, 8, 2, 0)) == set(range(8)), "where nobody else is left, those that rest are asked"
    chosen.observe([group(1, 0)] * 7)
    assert chosen.metrics()["resting"] == 4, "a row was left out on the way: nothing is learned"
    chosen.propose(4, 8, 3, 0)
    assert set(first) & set(chosen.propose(4, 8, 4, 0)) or set(first) & set(chosen.propose(4, 8, 5, 0))


def test_a_pass_rate_counts_the_policys_attempts_only():
    made = group(1, 0, None, 1)
    label = Trajectory(sample=made.sample, origin="label")
    joined = Group(sample=made.sample, trajectories=(*made.trajectories, label), total=np.append(made.total, 1.0))
    assert pass_rate(joined) == pytest.approx(2 / 3) and pass_rate(group(None)) is None


def test_rows_are_split_by_their_pass_rate():
    rates = {0: 0.0, 1: 1.0, 2: 0.5, 3: 0.875}
    assert buckets(rates, (0.01, 1.0)) == [(0,), (2, 3), (1,)]
    assert in_band(list("abcd"), rates, low=0.1, high=0.9).indices == (2, 3)


def played_out(selector, rate_of, *, count=8, size=200, updates=12):
    """Sample i is solved with rate_of(i); returns proposals and admitted ids per update."""
    out = []
    for update in range(updates):
        proposed = list(selector.propose(count, size, update, 3))
        groups = [group(*(float(k < round(8 * rate_of(index))) for k in range(8)), id=str(index)) for index in proposed]
        selector.observe(groups)
        out.append((proposed, [each.sample.id for each in selector.admit(groups)]))
    return out


def test_as_many_useful_groups_come_back_as_were_wanted():
    half_useless = lambda index: 0.5 if index % 2 else 0.0  # noqa: E731
    plain = played_out(zero_variance(), half_useless)
    more = played_out(oversampling(memory=0.5), half_useless)
    assert sum(len(kept) for _, kept in plain[4:]) < 0.7 * 8 * 8
    assert sum(len(kept) for _, kept in more[4:]) > 0.85 * 8 * 8
    assert all(len(kept) <= 8 for _, kept in more) and all(len(asked) <= 4 * 8 for asked, _ in more)


def test_the_most_balanced_groups_are_kept():
    selector = oversampling(balanced=True)
    selector.propose(2, 50, 0, 1)
    made = [group(1, 1, 1, 0, id="easy"), group(1, 0, 1, 0, id="even"), group(1, 0, 0, 0, id="hard"), group(1, 1, 1, 1)]
    assert [each.sample.id for each in selector.admit(made)] == ["even", "easy"]


def test_what_is_always_or_never_solved_is_proposed_less():
    rate_of = lambda index: (0.0, 0.5, 1.0)[index % 3]  # noqa: E731
    weighted = played_out(oversampling(weighted=True, balanced=True, memory=0.5), rate_of, updates=60)
    late = [index % 3 for asked, _ in weighted[30:] for index in asked]
    assert late.count(1) > 0.5 * len(late)
    even = [index % 3 for asked, _ in played_out(oversampling(memory=0.5), rate_of, updates=60)[30:] for index in asked]
    assert 0.25 < even.count(1) / len(even) < 0.42


def test_a_curriculum_walks_its_parts_in_order():
    made = curriculum(sizes=(10, 20, 5), updates=(2, 3, 1))
    parts = [{(index >= 10) + (index >= 30) for index in made.propose(4, 35, update, 0)} for update in range(8)]
    assert parts == [{0}] * 2 + [{1}] * 3 + [{2}] * 3
    turned = curriculum(sizes=(10, 20, 5), updates=(2, 3, 1), order=(2, 1, 0))
    first = [min(turned.propose(4, 35, update, 0)) >= 30 for update in range(2)]
    assert first == [True, False]
    with pytest.raises(ValueError, match="the data has 36"):
        made.propose(4, 36, 0, 0)
    with pytest.raises(ValueError, match="an order of the parts"):
        curriculum(sizes=(3, 3), updates=(1, 1), order=(0, 0))


def test_batches_are_observed_in_the_order_they_were_proposed_in_however_late():
    chosen, sampled = difficulty(rest=3), oversampling(memory=0.0)
    first, second = (list(chosen.propose(3, 12, update, 0)) for update in (0, 1))
    chosen.observe([group(1, 1)] * 3)
    assert sorted(chosen.resting) == sorted(first)
    chosen.observe([group(1, 1)] * 3)
    assert sorted(chosen.resting) == sorted({*first, *second})
    first, second = (list(sampled.propose(3, 12, update, 0)) for update in (0, 1))
    sampled.observe([group(1, 0)] * 3)
    assert sampled.rates == dict.fromkeys(first, 0.5)
    sampled.observe([group(1, 1)] * 3)
    assert all(sampled.rates[index] == 1.0 for index in set(second) - set(first))
