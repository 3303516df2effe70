"""Explorers that make attempts of several kinds: who is a probe, who was hinted, and under which prompt they stand."""

import pytest

import saccade.core as sc
from saccade.core.message import system, user
from saccade.episodes.by_branch import by_branch
from saccade.explore import hinted, probing
from saccade.media import open_store
from saccade.rollout.pool import run_rollouts
from saccade.testing.replay import ByteRenderer, Replay

SAMPLE = sc.Sample(id="s", prompt=(user("Which digit?"),), target="4", meta={"checklist": [("how many?", "2")]})
PROMPTS = {"probe": lambda sample: (user("A checklist."),), "hint": lambda sample: (user("It is 4. Which digit?"),)}


def explored(explorer):
    (made,) = run_rollouts([SAMPLE], by_branch(prompts=PROMPTS), engine=Replay(texts=["<answer>4</answer>"]),
                           renderer=ByteRenderer(), store=open_store(), explore=explorer)
    return made


def test_probes_are_members_with_a_question_of_their_own():
    made = explored(probing(n=2, probes=3))
    assert [each.origin for each in made.trajectories] == ["policy"] * 2 + ["probe"] * 3
    assert [each.messages[0].text for each in made.trajectories] == ["Which digit?"] * 2 + ["A checklist."] * 3
    assert len({each.attempt for each in made.trajectories}) == 5
    assert len(explored(probing(n=2, probes=3, applies=lambda sample: False)).trajectories) == 2


def test_a_hinted_attempt_stands_under_the_plain_prompt():
    made = explored(hinted(n=6, share=(1.0, 1.0)))
    assert [each.origin for each in made.trajectories] == ["policy"] + ["hinted"] * 5
    assert {each.messages[0].text for each in made.trajectories} == {"Which digit?"}
    assert all(step.logp is None for each in made.trajectories[1:] for step in each.steps)
    assert [step.parent for step in made.trajectories[1].steps] == [step.parent for step in made.trajectories[0].steps]
    assert all(each.origin == "policy" for each in explored(hinted(n=4, share=(0.0, 0.0))).trajectories)


def test_settings_that_cannot_work_are_named():
    with pytest.raises(ValueError, match="at least one attempt"):
        probing(n=0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        hinted(share=(1.5, 0.0))


def test_a_hint_of_another_length_leaves_no_trace():
    longer = {"hint": lambda sample: (system("Be brief."), user("It is 4."), user("Which digit?"))}
    (made,) = run_rollouts([SAMPLE], by_branch(prompts=longer), engine=Replay(texts=["<answer>4</answer>"]),
                           renderer=ByteRenderer(), store=open_store(), explore=hinted(n=3, share=(1.0, 1.0)))
    for each in made.trajectories:
        assert [message.text for message in each.messages] == ["Which digit?", "<answer>4</answer>"]
        assert [step.parent for step in each.steps] == [None, 0] and each.prompt().tokens.tolist()
