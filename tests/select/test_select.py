"""Selectors: contract of every file, exact epochs, what is dropped and what rests."""

from pathlib import Path

import numpy as np
import pytest

from saccade import select
from saccade.core import Group, Sample, Stop, Trajectory
from saccade.core.folder import names
from saccade.select import difficulty, uniform, zero_variance
from saccade.core.order import ENDLESS, shuffled
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
