"""Rewards recomputed from disk equal those of the run, and nothing foreign is imported from a run folder."""

import json

import pytest

from saccade import rewards
from saccade.claims.rescore import recorded_groups, rescore, rewards_of_run
from saccade.core.record import write_lines
from saccade.core.reward import evaluate
from saccade.core.run import describe
from saccade.core.trajectory import Group
from saccade.testing.scripted import scripted

REWARDS = (rewards.answer_match(weight=0.8), rewards.tool_bonus(only_if_correct=False, weight=0.2))


@pytest.fixture
def run(tmp_path):
    (tmp_path / "trajectories").mkdir()
    for update, reply in enumerate(("<answer>7</answer>", "<answer>8</answer>", "no idea")):
        one = scripted(reply, "7")
        group = evaluate(Group(sample=one.sample, trajectories=(one,)), REWARDS)
        write_lines(tmp_path / "trajectories" / f"update_{update:06d}.jsonl", group.trajectories)
    (tmp_path / "config.json").write_text(json.dumps({"rewards": describe(REWARDS)}))
    return tmp_path


def test_the_same_rewards_give_the_same_values(run):
    tallies, groups = rescore(recorded_groups(run), rewards_of_run(run))
    assert len(groups) == 3
    assert {name: (tally.changed, tally.count) for name, tally in tallies.items()} == {
        "answer_match": (0, 3),
        "tool_bonus": (0, 3),
    }
    assert (
        tallies["answer_match"].plain()["mean"] == pytest.approx(1 / 3) == tallies["answer_match"].plain()["recorded"]
    )


def test_rewards_are_made_again_with_weight_and_options(run):
    first, second = rewards_of_run(run)
    assert (first.name, first.weight, second.weight) == ("answer_match", 0.8, 0.2)
    assert describe(second) == describe(REWARDS[1])


def test_a_reward_whose_record_does_not_tell_its_options_is_refused(run):
    hidden = rewards.format_tags(style="deepeyes")
    (run / "config.json").write_text(json.dumps({"rewards": describe((hidden,))}))
    with pytest.raises(ValueError, match="does not tell every option of the reward 'format_tags'"):
        rewards_of_run(run)


def test_another_reward_is_counted_as_changed(run):
    always = rewards.answer_match(name="answer_match")
    always = type(always)(name="answer_match", function=lambda trajectory: 1.0)
    tallies, _ = rescore(recorded_groups(run), (always,))
    assert tallies["answer_match"].changed == 2


@pytest.mark.parametrize(
    "function", ["os:system.<locals>.x", "saccade.rewards.answer_match:other.<locals>.x", "", None, 3]
)
def test_a_reward_that_is_no_component_is_never_imported(run, function):
    (run / "config.json").write_text(
        json.dumps({"rewards": [{"name": "evil", "function": {"function": function}, "weight": 1}]})
    )
    with pytest.raises(ValueError, match="'evil' is no component"):
        rewards_of_run(run)


def test_a_reward_that_raises_is_counted_with_its_reason(run):
    def broken(trajectory):
        raise KeyError("colour")

    tallies, _ = rescore(recorded_groups(run), (type(REWARDS[0])(name="broken", function=broken),))
    assert tallies["broken"].errors == {"KeyError: 'colour'": 3}


def test_a_folder_without_trajectories_is_named(tmp_path):
    with pytest.raises(ValueError, match="holds no trajectories"):
        list(recorded_groups(tmp_path))


def test_a_damaged_line_names_file_and_line(run):
    (run / "trajectories" / "update_000001.jsonl").write_text('{"sample": 3}\n{broken\n{}\n')
    with pytest.raises(ValueError, match=r"update_000001.jsonl"):
        list(recorded_groups(run))
