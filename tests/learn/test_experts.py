"""Answers nobody sampled, beside the attempts: rendered, rewarded, credited, and at ratio one in the loss."""

from dataclasses import replace

import numpy as np
import pytest

import saccade.core as sc
from saccade import credit, objectives
from saccade.engines.local import LocalEngine
from saccade.episodes.single import single
from saccade.learn.blind import check_record
from saccade.learn.collect import attempted
from saccade.learn.learner import Learner
from saccade.learn.pass_rates import kept, measured, pass_rates
from saccade.learn.progress import Progress
from saccade.learn.update import update
from saccade.media import open_store
from saccade.models.policy import load_policy
from saccade.rewards.answer_match import answer_match


@pytest.fixture
def taught(run):
    run = replace(run, episode=single(), tools=(), rewards=(answer_match(),), credit=credit.label_smoothing(),
                  experts=(sc.Expert(write=lambda sample: f"<answer>{sample.target}</answer>", origin="label"),))
    store = open_store()
    learner = Learner(load_policy(run.policy), store, run.optim)
    return run, learner, LocalEngine(learner.policy, store)


def test_a_label_is_a_member_of_the_group_and_pulls(taught):
    run, learner, engine = taught
    made = attempted(run, [run.data[0]], learner, engine, update=0, progress=0.0, bar=Progress())
    (group,) = made.groups
    label = group.trajectories[-1]
    assert [each.origin for each in group.trajectories] == ["policy"] * 3 + ["label"]
    assert label.answer == "<answer>a</answer>" and group.total[-1] == 1 and label.sample == run.data[0]
    (row,) = [each for each in made.rows if each.origin == "label"]
    check_record(learner, group.trajectories)  # its message names the pictures its tokens hold
    own = learner.own([row])[0]
    assert np.allclose(row.old_logp_S, own, atol=1e-5) and row.credit_S[0] > 0
    metrics = update(learner, list(made.rows), (objectives.clip(),), lr=1e-3)
    assert metrics["clip/ratio"] == pytest.approx(1.0, abs=1e-4)
    assert learner.own([row])[0].sum() > own.sum()


def test_an_expert_without_an_answer_is_left_out(taught):
    run, learner, engine = taught
    run = replace(run, experts=(sc.Expert(write=lambda sample: None),), credit=credit.expert_gate())
    made = attempted(run, [run.data[0]], learner, engine, update=0, progress=0.0, bar=Progress())
    assert len(made.groups[0].trajectories) == 3


def test_pass_rates_and_kept_attempts_come_from_the_run_itself(taught):
    run, learner, engine = taught
    groups = measured(run, (0, 2), engine=engine, renderer=learner.policy.renderer, store=learner.store, n=2)
    assert pass_rates((0, 2), groups) == {0: 0.0, 2: 0.0}
    assert len(kept(groups, least=0.5)) == 0
    rows = kept(groups, least=0.0, per=2)
    assert len(rows) == 4 and rows[0].prompt[-1].role == "assistant" and len({row.id for row in rows.rows}) == 4
