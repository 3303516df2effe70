"""Every file in credit is found, holds its own examples, and treats failed attempts as unassigned."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade import credit
from saccade.core.folder import names
from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Stop, Trajectory

FILES = names(Path(credit.__path__[0]))
CENTRED = ("group_mean", "leave_one_out")


def group_of(totals):
    """A group with these total rewards; None stands for an attempt that failed on our side."""
    sample = Sample(id="s", prompt=())
    return Group(
        sample=sample,
        trajectories=tuple(
            Trajectory(sample=sample, attempt=index, stop=Stop.ERROR if total is None else Stop.DONE)
            for index, total in enumerate(totals)
        ),
        total=np.array([np.nan if total is None else total for total in totals]),
    )


def module_of(name):
    return importlib.import_module(f"saccade.credit.{name}")


def factory_of(name):
    return vars(module_of(name))[name]


def test_the_shipped_credits_are_found():
    assert {"group_mean", "leave_one_out"} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_examples_hold(name):
    examples = module_of(name).EXAMPLES
    assert examples and module_of(name).__doc__
    for totals, expected, *options in examples:
        (got,) = factory_of(name)(**(options[0] if options else {}))([group_of(totals)])
        assert [value is None for value in got] == [value is None for value in expected]
        assert [value for value in got if value is not None] == pytest.approx(
            [value for value in expected if value is not None]
        )


TOTALS = st.lists(st.one_of(st.none(), st.floats(-5, 5, allow_nan=False)), min_size=1, max_size=12)


@pytest.mark.parametrize("name", FILES)
@given(totals=TOTALS)
def test_one_entry_per_attempt_and_none_for_the_failed(name, totals):
    (got,) = factory_of(name)()([group_of(totals)])
    assert len(got) == len(totals)
    assert all(value is None for value, total in zip(got, totals, strict=True) if total is None)
    assert all(np.isfinite(value) for value in got if value is not None)


@pytest.mark.parametrize("name", CENTRED)
@given(totals=TOTALS)
def test_credit_sums_to_zero_within_a_group(name, totals):
    (got,) = factory_of(name)()([group_of(totals)])
    assert sum(value for value in got if value is not None) == pytest.approx(0.0, abs=1e-9)


@given(totals=st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_scaled_credit_keeps_order_and_zero_sum(totals):
    (got,) = credit.group_mean(by_std=True)([group_of(totals)])
    assert sum(got) == pytest.approx(0.0, abs=1e-6)
    best = int(np.argmax(totals))
    assert got[best] == max(got)


def test_a_group_in_which_all_failed_gets_nothing():
    assert credit.group_mean()([group_of([None, None])]) == [[None, None]]
