"""Preference pairs: against the closed form, apart by group and step, and whole in any order of rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from saccade import credit, objectives
from saccade.core.message import ToolCall, assistant, user
from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Score, Step, Trajectory
from saccade.objectives.examples import signals_of


def sigmoid_loss(margin):
    return math.log1p(math.exp(-margin))


def loss(made, **given):
    out = made.term.function(signals_of(**given))
    return out, out.value[out.member].tolist()


TWO_GROUPS = {
    "logp": [-1.0, -0.5, -2.0, -0.3, -0.7], "ref_logp": [-1.5, -0.4, -1.0, -0.1, -0.2],
    "credit": [1.0, 1.0, -1.0, -1.0, 1.0],
    "row": [0, 0, 1, 2, 3], "group": [0, 0, 0, 1, 1],
}


def test_closed_form_of_two_pairs():
    _, values = loss(objectives.dpo(beta=0.3), **TWO_GROUPS)
    assert values == pytest.approx([sigmoid_loss(0.3 * ((0.5 - 0.1) + 1.0)), sigmoid_loss(0.3 * (-0.5 + 0.2))])


def test_gradient_is_that_of_the_pair():
    made = objectives.dpo(beta=0.3)
    signals = signals_of(**TWO_GROUPS)
    out = made.term.function(signals)
    out.value[out.member].sum().backward()
    slope = 0.3 / (1 + math.exp(0.3 * 1.4))
    assert signals.logp_T.grad[:3].tolist() == pytest.approx([-slope, -slope, slope])


def test_rows_in_another_order_give_the_same_pairs():
    order = [2, 4, 0, 1, 3]
    turned = {key: [values[at] for at in order] for key, values in TWO_GROUPS.items()} | {"row": [0, 1, 2, 2, 3]}
    _, values = loss(objectives.dpo(beta=0.3), **TWO_GROUPS)
    _, again = loss(objectives.dpo(beta=0.3), **turned)
    assert sorted(values) == pytest.approx(sorted(again))


STEPS = {"logp": [-1.0, -0.5, -2.0, -0.3], "ref_logp": [-1.5, -0.4, -1.0, -0.1], "row": [0, 0, 1, 1], "step": [1, 3, 1, 3]}


def test_steps_are_compared_under_their_own_prefix():
    _, values = loss(objectives.dpo(beta=1.0, by="step"), credit=[0.5, 0.5, -0.5, -0.5], **STEPS)
    assert values == pytest.approx([0.5 * sigmoid_loss(0.5 + 1.0), 0.5 * sigmoid_loss(-0.1 + 0.2)])


def test_a_weight_of_zero_on_the_answer_is_the_region_stage():
    """VisRL's second stage with weight 0 on the answer step is its first."""
    nan = math.nan
    _, first_stage = loss(objectives.dpo(by="step"), credit=[1.0, nan, -1.0, nan], **STEPS)
    _, second_stage = loss(objectives.dpo(by="step"), credit=[1.0, 0.0, -1.0, 0.0], **STEPS)
    assert first_stage == second_stage and len(first_stage) == 1


def test_unknown_and_one_sided_tokens_are_no_members():
    out, values = loss(objectives.dpo(), logp=[-1.0, -1.0], ref_logp=[math.nan, -1.0], credit=[1.0, -1.0])
    assert values == [] and not out.member.any() and torch.isfinite(out.value).all()
    with pytest.raises(ValueError, match="above 0"):
        objectives.dpo(beta=0.0)
    with pytest.raises(ValueError, match="needs the reference"):
        objectives.dpo().term.function(signals_of(logp=[-1.0], credit=[1.0]))
    assert not objectives.dpo().term.function(signals_of(logp=[-1.0], ref_logp=[-1.0])).member.any()


SAMPLE = Sample(id="s", prompt=(user("?"),), target="7")


def attempt(right, relevant):
    def wrote(message, parent):
        return Step(parent=parent, speaker="policy", message=message, tokens=np.arange(2), sampled=np.ones(2, bool),
                    body=np.ones(2, bool), logp=np.zeros(2, np.float32))

    steps = (Step(parent=None, speaker="user", message=SAMPLE.prompt[0]),
             wrote(assistant(calls=(ToolCall(name="zoom"),)), 0), wrote(assistant("7"), 1))
    scores = {"answer_match": Score(value=float(right)), "evidence_found": Score(value=float(relevant))}
    return Trajectory(sample=SAMPLE, steps=steps, rewards=scores)


def pair_of(*attempts, **options):
    total = np.array([each.rewards["answer_match"].value for each in attempts])
    group = Group(sample=SAMPLE, trajectories=attempts, total=total)
    return credit.best_worst(by="answer_match", along="evidence_found", **options)([group])[0]


def test_lucky_guesses_and_unlucky_looks_make_no_pair():
    assert pair_of(attempt(1, 0), attempt(0, 0)) == [None, None]  # right after an irrelevant look
    assert pair_of(attempt(1, 1), attempt(0, 1)) == [None, None]  # wrong after a relevant look
    chosen, other, rejected = pair_of(attempt(1, 1), attempt(1, 0), attempt(0, 0), look=0.5, answer=0.25)
    assert chosen.tolist() == [0.5, 0.5, 0.25, 0.25] and rejected.tolist() == [-0.5, -0.5, -0.25, -0.25] and other is None


def test_a_step_of_weight_zero_is_unassigned_and_a_coin_turns_whole_groups():
    chosen, rejected = pair_of(attempt(1, 1), attempt(0, 0), answer=0.0)
    assert np.isnan(chosen[2:]).all() and np.isnan(rejected[2:]).all() and chosen[0] == 1.0
    assert pair_of(attempt(1, 1), attempt(1, 1), rejected=False)[1] is None
    groups = [Group(sample=Sample(id=str(n), prompt=()), trajectories=(Trajectory(sample=SAMPLE), Trajectory(sample=SAMPLE)),
                    total=np.array([1.0, 0.0])) for n in range(60)]
    turned = credit.mirrored(seed=3)(groups)
    assert all(row in ([0.5, -0.5], [-0.5, 0.5]) for row in turned)
    assert 15 < sum(row[0] > 0 for row in turned) < 45 and turned == credit.mirrored(seed=3)(groups)
