"""Credit for single looks: its sign follows the look inside right and wrong attempts, and without it nothing is new."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade import credit, rewards
from saccade.core.message import assistant, tool_result, user
from saccade.core.reward import evaluate
from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Step, ToolEvent, Trajectory

GOOD, BAD = (0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 60.0, 60.0)
REWARDS = (rewards.rationale_gated(gamma=0.5), rewards.rationale_steps(weight=0.0))
SAMPLE = Sample(id="s", prompt=(user("Which digit?"),), target="7", meta={"evidence": [list(GOOD)]})
CALL, ANSWER = 3, 2
"""Tokens of a call and of an answer."""


def wrote(message, parent, size):
    return Step(parent=parent, speaker="policy", message=message, tokens=np.arange(size), sampled=np.ones(size, bool),
                body=np.ones(size, bool), logp=np.zeros(size, np.float32))


def attempt(looks, answer):
    steps, events = [Step(parent=None, speaker="user", message=SAMPLE.prompt[0])], []
    for box in looks:
        steps.append(wrote(assistant(""), len(steps) - 1, CALL))
        events.append(ToolEvent(step=len(steps) - 1, name="zoom", image="px:0", box_xyxy=box, result="px:1"))
        steps.append(Step(parent=len(steps) - 1, speaker="tool", message=tool_result("seen")))
    steps.append(wrote(assistant(f"<answer>{answer}</answer>"), len(steps) - 1, ANSWER))
    return Trajectory(sample=SAMPLE, steps=tuple(steps), events=tuple(events))


def credited(attempts, made):
    group = evaluate(Group(sample=SAMPLE, trajectories=tuple(attempts)), REWARDS)
    return made([group])[0]


def levels(value):
    """Credit of each look, then of the answer; every token of a step carries the same."""
    parts = np.split(np.asarray(value), range(CALL, len(value) - ANSWER + 1, CALL))
    assert all(np.ptp(part) == 0 for part in parts)
    return [float(part[0]) for part in parts]


RIGHT = attempt([GOOD, GOOD, BAD], "7")
WRONG = attempt([GOOD], "8")
GROUP = (RIGHT, WRONG)


def test_wasted_and_wrong_looks_lose_inside_a_right_attempt_and_a_good_look_wins_inside_a_wrong_one():
    right, wrong = credited(GROUP, credit.step_rewards())
    correct, redundant, erroneous, answer = levels(right)
    assert correct > answer > 0 and 0 > redundant > erroneous
    good, answered = levels(wrong)
    assert good > 0 > answered


def test_without_the_gate_the_outcome_speaks_in_every_step():
    gated, plain = (levels(credited(GROUP, credit.step_rewards(gate=gate, eta=0.0))[0]) for gate in (True, False))
    assert plain == pytest.approx([plain[-1]] * 4) and gated[1] == gated[2] == 0.0


@given(st.lists(st.tuples(st.sampled_from([(), (GOOD,), (BAD,), (BAD, GOOD), (GOOD, GOOD)]), st.sampled_from("78")),
                min_size=1, max_size=6))
def test_without_step_weight_and_gate_it_is_outcome_credit(cases):
    """ViRL with gamma 0, eta 0 and the gate off is outcome-only GRPO."""
    attempts = [attempt(looks, answer) for looks, answer in cases]
    group = Group(sample=SAMPLE, trajectories=tuple(attempts))
    plain = credit.group_mean(by_std=True)
    virl = evaluate(group, (rewards.rationale_gated(gamma=0.0), rewards.rationale_steps(weight=0.0)))
    outcome = evaluate(group, (rewards.answer_match(),))
    found = credit.step_rewards(of=plain, eta=0.0, gate=False)([virl])[0]
    for value, expected in zip(found, plain([outcome])[0], strict=True):
        assert np.allclose(value, expected)


def test_the_scale_is_that_of_the_group_and_the_sign_its_own():
    only_bad = (attempt([BAD], "7"), attempt([BAD, BAD], "7"))
    for value in credited(only_bad, credit.step_rewards()):
        assert max(levels(value)[:-1]) < 0
    single = levels(credited((attempt([BAD], "8"), attempt([BAD], "8")), credit.step_rewards(eta=0.5))[0])
    assert single == pytest.approx([-0.5, 0.0], abs=1e-2)


def test_credit_to_go_credits_the_search_that_leads_to_a_hit():
    search = attempt([BAD, GOOD], "7")
    now, later = (levels(credited((search, WRONG), credit.step_rewards(to_go=to_go))[0]) for to_go in (False, True))
    assert now[0] < 0 < later[0]


def test_attempts_without_scored_steps_keep_their_outcome():
    blind = replace(SAMPLE, meta={})
    attempts = tuple(replace(each, sample=blind) for each in (RIGHT, WRONG))
    group = evaluate(Group(sample=blind, trajectories=attempts), REWARDS)
    assert credit.step_rewards()([group]) == credit.group_mean()([group])


def test_branches_are_credited_apart():
    made = [replace(attempt([], "7"), branch=branch) for branch in ("must", "must", "", "")]
    group = Group(sample=SAMPLE, trajectories=tuple(made), total=np.array([1.0, 0.0, 5.0, 5.0]))
    assert credit.by_branch()([group]) == [[0.5, -0.5, 0.0, 0.0]]
    whole = Group(sample=SAMPLE, trajectories=tuple(replace(each, branch="") for each in made), total=group.total)
    assert credit.by_branch()([whole]) == credit.group_mean()([whole])
