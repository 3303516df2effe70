"""Every reward file holds its own examples, and answer rewards cannot be had for degenerate answers."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from saccade import rewards
from saccade.core.folder import names
from saccade.core.reward import Reward, evaluate
from saccade.core.trajectory import Group, Stop
from saccade.data import source
from saccade.testing.attacks import GOLD, attack, degenerate, paid_examples
from saccade.testing.scripted import scripted

HOSTILE = ("", "\x00\ud83d\u202e<|im_end|>", "<answer>" * 2000, "\\boxed{" * 500, "9" * 5000, "((((" * 3000, "[1," * 3000)
FILES = names(Path(rewards.__path__[0]))
ANSWER_REWARDS = ("answer_match", "box_iou")


ADAPTERS = ("easyr1", "from_file", "trl", "verl")
"""They are as safe as the functions they are given."""

EXTRAS = {"symbolic_match": "math_verify"}
"""Rewards that need an extra: without it their tests are skipped, and say so."""


def module_of(name: str):
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    return importlib.import_module(f"saccade.rewards.{name}")


def made(name: str) -> Reward:
    found = vars(module_of(name))
    return found["example"]() if "example" in found else found[name]()


def value_of(reward: Reward, trajectory):
    group = evaluate(Group(sample=trajectory.sample, trajectories=(trajectory,)), [reward])
    score = group.trajectories[0].rewards[reward.name]
    assert "Error" not in score.note, score.note
    return score.value


@pytest.mark.parametrize("name", FILES)
def test_examples_hold(name):
    module = module_of(name)
    assert module.__doc__ and len(module.EXAMPLES) >= 2
    for reply, target, expected, meta in module.EXAMPLES:
        assert value_of(made(name), scripted(reply, target, **meta)) == pytest.approx(expected), (reply, target)


@pytest.mark.parametrize("name", FILES)
def test_same_attempt_same_value_and_hostile_text_is_harmless(name):
    reward = made(name)
    _, target, _, settings = module_of(name).EXAMPLES[0]
    for reply in HOSTILE:
        trajectory = scripted(reply, target, **settings)
        assert value_of(reward, trajectory) == value_of(reward, trajectory)


@pytest.mark.parametrize("name", [name for name in FILES if name not in ADAPTERS])
def test_no_trick_earns_half_of_what_an_example_earns(name):
    assert not paid_examples(lambda: made(name), module_of(name).EXAMPLES)


def test_tricks_against_examples_find_what_can_be_had():
    """Published forms that the defaults here depart from are paid for by tricks: that is why they are not the default."""

    def tricks(make, name):
        return {finding.attack for finding in paid_examples(make, module_of(name).EXAMPLES)}

    assert "all facts" in tricks(lambda: rewards.fact_recall(measure="recall"), "fact_recall")
    confidence = rewards.detection_confidence(published=True)
    assert "unsure boxes everywhere" in tricks(lambda: confidence, "detection_confidence")
    assert {"empty tags", "all classes"} & tricks(lambda: rewards.class_match(contains="anywhere"), "class_match")


@pytest.mark.parametrize("name", FILES)
def test_failed_attempts_get_no_score(name):
    reply, target, _, settings = module_of(name).EXAMPLES[0]
    good, failed = scripted(reply, target, **settings), scripted(reply, target, stop=Stop.ERROR, **settings)
    group = evaluate(Group(sample=good.sample, trajectories=(failed, good)), [made(name)])
    assert group.trajectories[0].rewards == {} and len(group.trajectories[1].rewards) == 1


@pytest.mark.parametrize("kind", GOLD)
@pytest.mark.parametrize("strict", [False, True])
def test_gold_scores_most_and_empty_scores_nothing(kind, strict):
    sample, gold = GOLD[kind]
    for reward in (rewards.answer_match(strict=strict), *((rewards.box_iou(strict=strict),) if kind == "box" else ())):
        score = lambda text: value_of(reward, scripted(text, sample.target, choices=sample.choices, **sample.meta))  # noqa: B023, E731
        assert score(f"<answer>{gold}</answer>") == 1.0
        assert score(gold) == (0.0 if strict else 1.0)
        assert score("") == score("<answer></answer>") == 0.0


@pytest.mark.parametrize("kind", GOLD)
def test_degenerate_answers_do_not_score(kind):
    sample, _ = GOLD[kind]
    for reward in (rewards.answer_match(), rewards.answer_match(strict=True),
                   *((rewards.box_iou(least=0.5),) if kind == "box" else ())):
        for name, text in degenerate(sample).items():
            value = value_of(reward, scripted(text, sample.target, choices=sample.choices, prompt=sample.prompt[0].text,
                                              **sample.meta))
            assert value == 0.0, (kind, name, text[:80])


def test_the_attack_set_finds_a_reward_that_can_be_had():
    def found_anywhere(trajectory):
        return float(str(trajectory.sample.target) in trajectory.answer)

    samples = [sample for sample, _ in GOLD.values()]
    findings = attack([found_anywhere, rewards.answer_match()], samples)
    assert {finding.reward for finding in findings} == {"found_anywhere"}
    assert any(finding.attack == "everything" for finding in findings)
    assert attack([rewards.answer_match()], samples) == ()
    assert "found_anywhere" in str(findings[0])


def test_the_attack_set_finds_a_reward_that_gold_does_not_get():
    def never(trajectory):
        return 0.0

    def upside_down(trajectory):
        return float(str(trajectory.sample.target) not in trajectory.answer)

    sample = GOLD["number"][0]
    assert [each.attack for each in attack([never], [sample])] == ["gold"]
    assert [each.attack for each in attack([never, rewards.format_tags()], [sample])] == ["gold"]
    assert "right answer '<answer>17</answer>' at number no more" in str(attack([upside_down], [sample])[0])


def test_rewards_about_form_and_tools_raise_no_alarm():
    recipe = [rewards.answer_match(weight=0.8), rewards.format_tags(style="deepeyes"), rewards.tool_bonus(),
              rewards.length(), rewards.repetition(), rewards.evidence_iou()]
    assert attack(recipe, [sample for sample, _ in GOLD.values()]) == ()


def test_worlds_are_attacked_by_their_own_judgement():
    samples = [source(f"world:{name}?size=2&seed=5")[1] for name in ("hidden_detail", "scenes", "tables", "mazes")]
    assert attack([rewards.answer_match(), rewards.answer_match(strict=True, name="strict")], samples) == ()
