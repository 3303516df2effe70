"""Rows are projections of the record: only what the policy drew is trained, once, with its own numbers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade.core.engine import MediaSpan
from saccade.core.message import assistant, tool_result, user
from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Step, Stop, Trajectory
from saccade.learn.rows import group_rows, trajectory_rows

SAMPLE = Sample(id="s", prompt=())


def said(parent, size, start, *, speaker="policy", logp=True, forced=0):
    sampled = np.arange(size) >= forced
    return Step(
        parent=parent, speaker=speaker, message=assistant("x"), tokens=np.arange(start, start + size, dtype=np.int32),
        sampled=sampled, body=np.ones(size, bool), version=0,
        logp=-np.arange(start + forced, start + size, dtype=np.float32) if logp else None,
    )


def shown(parent, size, start, role="user", media=()):
    message = tool_result("r") if role == "tool" else user("q")
    return Step(
        parent=parent, speaker=role, message=message, tokens=np.arange(start, start + size, dtype=np.int32),
        sampled=np.zeros(size, bool), body=np.ones(size, bool), media=media,
    )


def linear():
    span = MediaSpan(ref="px:0", start=1, length=2)
    steps = (shown(None, 4, 100, media=(span,)), said(0, 3, 200), shown(1, 2, 300, "tool", (replace(span, start=0),)),
             said(2, 2, 400))
    return Trajectory(sample=SAMPLE, steps=steps)


def test_a_linear_attempt_is_one_row():
    (row,) = trajectory_rows(linear(), 0.5, group=3)
    assert row.prompt.tokens.tolist() == [100, 101, 102, 103, 200, 201, 202, 300, 301, 400, 401]
    assert row.prompt.tokens[row.trainable_T].tolist() == [200, 201, 202, 400, 401]
    assert [span.start for span in row.prompt.media] == [1, 7]
    assert row.old_logp_S.tolist() == [-200, -201, -202, -400, -401]
    assert row.credit_S.tolist() == [0.5] * 5
    assert row.step_S.tolist() == [1, 1, 1, 3, 3]
    assert (row.group, row.known, row.source) == (3, True, "s, attempt 0")


def test_forced_tokens_are_not_trained():
    steps = (shown(None, 2, 0), said(0, 4, 10, forced=2))
    (row,) = trajectory_rows(Trajectory(sample=SAMPLE, steps=steps), 1.0)
    assert row.prompt.tokens[row.trainable_T].tolist() == [12, 13]


def test_a_branching_attempt_trains_a_shared_step_once():
    first, second = (shown(1, 1, 20, "tool"), said(2, 2, 30)), (shown(1, 1, 40, "tool"), said(4, 3, 50))
    steps = (shown(None, 2, 0), said(0, 2, 10), *first, *second)
    credit = np.arange(7, dtype=float)
    first, second = trajectory_rows(Trajectory(sample=SAMPLE, steps=steps), credit)
    assert first.prompt.tokens[first.trainable_T].tolist() == [10, 11, 30, 31]
    assert second.prompt.tokens.tolist() == [0, 1, 10, 11, 40, 50, 51, 52]
    assert second.prompt.tokens[second.trainable_T].tolist() == [50, 51, 52]
    assert first.credit_S.tolist() == [0, 1, 2, 3] and second.credit_S.tolist() == [4, 5, 6]


def test_other_speakers_are_context():
    steps = (shown(None, 2, 0), said(0, 2, 10, speaker="critic"), said(1, 2, 20))
    (row,) = trajectory_rows(Trajectory(sample=SAMPLE, steps=steps), np.array([9.0, 9.0, 1.0, 2.0]))
    assert row.prompt.tokens[row.trainable_T].tolist() == [20, 21]
    assert row.credit_S.tolist() == [1.0, 2.0]


def test_unknown_and_unassigned_are_not_zero():
    steps = (shown(None, 2, 0), said(0, 2, 10, logp=False))
    (row,) = trajectory_rows(Trajectory(sample=SAMPLE, steps=steps), None)
    assert np.isnan(row.old_logp_S).all() and np.isnan(row.credit_S).all() and not row.known


def test_failed_and_uncredited_attempts_give_no_rows_but_labels_do():
    attempts = (
        replace(linear(), stop=Stop.ERROR), linear(), replace(linear(), origin="expert"), replace(linear(), attempt=3)
    )
    rows = group_rows([Group(sample=SAMPLE, trajectories=attempts)], [[1.0, None, None, 0.5]])
    assert [(row.origin, row.source) for row in rows] == [("expert", "s, attempt 0"), ("policy", "s, attempt 3")]


def test_credit_and_probes_of_another_length_are_refused():
    with pytest.raises(ValueError, match="s, attempt 0: credit has 3 entries for 5"):
        trajectory_rows(linear(), np.zeros(3))
    with pytest.raises(ValueError, match="2 values of 'value'"):
        trajectory_rows(replace(linear(), aux={"probe/value": {"value": np.zeros(2)}}), 1.0)


def test_probes_ride_along():
    aux = {"probe/teacher": {"logp": np.arange(5.0), "entropy": np.ones(5)}}
    (row,) = trajectory_rows(replace(linear(), aux=aux), 1.0)
    assert row.extra["teacher/logp"].tolist() == [0, 1, 2, 3, 4]
    assert set(row.extra) == {"teacher/logp", "teacher/entropy"}


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4), st.booleans()), min_size=1, max_size=12))
def test_any_tree_trains_every_drawn_token_exactly_once(shape):
    steps = [shown(None, 2, 0)]
    for number, (parent, size, own) in enumerate(shape):
        at = parent % len(steps)
        steps.append(said(at, size, 100 * (number + 1)) if own else shown(at, size, 100 * (number + 1), "tool"))
    trajectory = Trajectory(sample=SAMPLE, steps=tuple(steps))
    rows = trajectory_rows(trajectory, 1.0)
    trained = sorted(token for row in rows for token in row.prompt.tokens[row.trainable_T].tolist())
    drawn = sorted(token for step in steps for token in step.tokens[step.sampled].tolist())
    assert trained == drawn
    for row in rows:
        assert row.num_trainable == int(row.trainable_T.sum()) == len(row.step_S) == len(row.credit_S)
