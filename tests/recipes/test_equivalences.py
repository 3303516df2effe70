"""Methods that are the same where their new part is switched off: equal credit on any group."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade import credit, rewards
from saccade.core.reward import evaluate
from saccade.core.trajectory import Group, ToolEvent
from saccade.testing.scripted import scripted

LOOK = ToolEvent(step=1, name="zoom", image="px:0", box_xyxy=(0.0, 0.0, 9.0, 9.0), result="px:1")
CASES = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=8)
"""Of every attempt: whether it looked, and whether it was right."""

PLAIN = (rewards.answer_match(),)


def group_of(cases):
    made = [scripted(f"<answer>{7 if right else 8}</answer>", "7", events=[LOOK] * looked) for looked, right in cases]
    return Group(sample=made[0].sample, trajectories=tuple(replace(each, sample=made[0].sample) for each in made))


def credited(cases, given, made):
    return made([evaluate(group_of(cases), given)])[0]


@given(CASES)
def test_pixel_reasoner_without_its_bonus_is_centred_grpo(cases):
    off = (*PLAIN, rewards.curiosity(alpha=0.0, beta=0.0))
    assert credited(cases, off, credit.group_mean()) == pytest.approx(credited(cases, PLAIN, credit.group_mean()))


@given(CASES)
def test_deepeyes_without_its_bonus_is_outcome_reward_up_to_scale(cases):
    """DeepEyes with tool weight 0 is OpenThinkIMG's reward up to weights: divided by the spread, the same credit."""
    form = rewards.format_tags(style="deepeyes", weight=0.2)
    deepeyes = (rewards.answer_match(weight=0.8), form, rewards.tool_bonus(weight=0.0))
    by_spread = credit.group_mean(by_std=True)
    assert credited(cases, deepeyes, by_spread) == pytest.approx(credited(cases, PLAIN, by_spread), abs=1e-3)


@given(CASES)
def test_look_less_without_forced_attempts_is_plain_grpo(cases):
    given_rewards = (*PLAIN, rewards.mode_obeyed(weight=0.5), rewards.need_alignment(weight=0.5))
    plain = credit.group_mean(by_std=True)
    assert credited(cases, given_rewards, credit.by_branch(of=plain)) == pytest.approx(credited(cases, PLAIN, plain))


@given(CASES)
def test_tools_that_gain_nothing_are_paid_nothing(cases):
    right = [(looked, True) for looked, _ in (*cases, (False, True), (False, True))]
    found = credited(right, (*PLAIN, rewards.tool_gain()), credit.group_mean())
    assert found == pytest.approx([0.0] * len(right))
