"""Credit bookkeeping: alignment with members, unassigned is not zero."""

import numpy as np
import pytest

from saccade.core import Group, Sample, Stop, Trajectory, per_group, value_at


def group(*stops: Stop) -> Group:
    sample = Sample(id="s", prompt=())
    return Group(sample=sample, trajectories=tuple(Trajectory(sample=sample, stop=stop) for stop in stops),
                 total=np.arange(len(stops), dtype=float))


def test_failed_attempts_are_unassigned_not_zero() -> None:
    centred = per_group(lambda g: g.totals() - g.totals().mean())
    assert centred([group(Stop.DONE, Stop.ERROR, Stop.TIMEOUT)]) == [[-1.0, None, 1.0]]


def test_a_group_without_members_asks_for_nothing() -> None:
    def never(_: Group):
        raise AssertionError("called for an empty group")

    assert per_group(never)([group(Stop.ERROR, Stop.ABORT)]) == [[None, None]]


def test_the_wrong_number_of_credits_is_named() -> None:
    with pytest.raises(ValueError, match="1 values for 2 attempts at s"):
        per_group(lambda g: [0.0])([group(Stop.DONE, Stop.DONE)])


def test_arrays_pass_through() -> None:
    tokens = np.array([0.5, -0.5], np.float32)
    assert per_group(lambda g: [tokens])([group(Stop.DONE)])[0][0] is tokens


def test_ramps_are_functions_of_progress() -> None:
    assert value_at(lambda progress: 1 - progress, 0.25) == 0.75
    assert value_at(2, 0.25) == 2.0
