"""Reward functions of TRL, verl and EasyR1 get what they get there, and their faults stay at their group."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import numpy as np
import pytest

from saccade import rewards
from saccade.core.message import Image, Message, ToolCall, assistant, user
from saccade.core.reward import evaluate
from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Step, Stop, Trajectory
from saccade.testing.scripted import scripted


def group(*replies: str, target="7", failed: int | None = None, **meta) -> Group:
    made = [scripted(reply, target, stop=Stop.ERROR if at == failed else Stop.DONE, **meta)
            for at, reply in enumerate(replies)]
    return Group(sample=made[0].sample, trajectories=tuple(made))


def values(reward, attempts: Group):
    done = evaluate(attempts, [reward])
    return [each.rewards[reward.name].value if each.rewards else "none" for each in done.trajectories]


def note(reward, attempts: Group) -> str:
    return evaluate(attempts, [reward]).trajectories[0].rewards[reward.name].note


# Shaped as TRL's own: they read the first message of a conversational completion, columns come by name.
def accuracy(completions: list[list[dict[str, str]]], solution: list[str], **kwargs) -> list[float | None]:
    contents = [completion[0]["content"] for completion in completions]
    return [None if not gold else float(f"<answer>{gold}</answer>" in text)
            for text, gold in zip(contents, solution, strict=True)]


def think_format(completions: list[list[dict[str, str]]], **kwargs) -> list[float]:
    contents = [completion[0]["content"] for completion in completions]
    return [1.0 if re.match(r"^<think>(?!.*<think>)(.*?)</think>.*$", text, re.DOTALL) else 0.0 for text in contents]


def test_trl_functions_see_the_whole_group_with_columns():
    seen: dict = {}

    def spy(prompts, completions, completion_ids, difficulty, **columns):
        seen.update(prompts=prompts, completions=completions, ids=completion_ids, difficulty=difficulty, columns=columns)
        return [float(len(completion[-1]["content"])) for completion in completions]

    attempts = group("a", "bbb", "cc", columns={"difficulty": "hard", "prompt": [{"role": "user", "content": "x"}]})
    assert values(rewards.trl(spy), attempts) == [1.0, 3.0, 2.0]
    assert seen["difficulty"] == ["hard"] * 3 and seen["ids"] == [[], [], []]
    assert seen["columns"]["solution"] == ["7"] * 3 and "prompt" not in seen["columns"]
    assert seen["prompts"][0] == [{"role": "user", "content": "What is it?"}]


def test_trl_accuracy_and_format():
    attempts = group("<think>hm</think><answer>7</answer>", "<answer>8</answer>", "<think>a<think>b</think>7")
    assert values(rewards.trl(accuracy), attempts) == [1.0, 0.0, 0.0]
    assert values(rewards.trl(think_format), attempts) == [1.0, 0.0, 0.0]
    assert values(rewards.trl(accuracy), group("x", target=None)) == [None]
    assert rewards.trl(accuracy, weight=0.3).weight == 0.3 and rewards.trl(accuracy).name == "accuracy"


def test_trl_text_form_follows_the_prompt_column():
    def first_is_text(prompts, completions, **columns):
        return [float(isinstance(prompts[0], str) and isinstance(completions[0], str))] * len(completions)

    reward = rewards.trl(first_is_text)
    assert values(reward, group("a", columns={"prompt": "What is it?"})) == [1.0]
    assert values(reward, group("a", columns={"prompt": [{"role": "user", "content": "What is it?"}]})) == [0.0]


def test_failed_attempts_are_not_shown_and_async_functions_work():
    async def slow(completions, **columns):
        await asyncio.sleep(0)
        return list(range(len(completions)))

    attempts = group("a", "b", "c", failed=1)
    assert values(rewards.trl(slow), attempts) == [0.0, "none", 1.0]

    async def inside_a_loop():
        return values(rewards.trl(slow), attempts)

    assert asyncio.run(inside_a_loop()) == [0.0, "none", 1.0]


@pytest.mark.parametrize(("function", "words"), [
    (lambda completions, missing: [], "TypeError.*missing"),
    (lambda completions, **k: [1.0], "returned list 1 for 2 completions"),
    (lambda completions, **k: 3.0, "returned float"),
    (lambda completions, **k: [1 / 0], "ZeroDivisionError"),
])
def test_faults_of_a_function_stay_at_its_group(function, words):
    attempts = group("a", "b")
    assert values(rewards.trl(function), attempts) == [None, None]
    assert re.search(words + r".*sample scripted", note(rewards.trl(function), attempts))


def looked() -> Trajectory:
    sample = Sample(id="s", prompt=(user("Which?", Image(ref="px:0")), assistant("Which what?"), user("Digit.")), target="7")
    call = ToolCall(name="image_zoom_in_tool", arguments={"bbox_2d": [1, 2, 3, 4]})
    messages = [*((message.role, message) for message in sample.prompt),
                ("policy", Message(role="assistant", thought="where", calls=(call,))),
                ("tool", Message(role="tool", parts=(Image(ref="px:1"),))),
                ("policy", Message(role="assistant", thought="there", parts=user("<answer>7</answer>").parts))]
    steps = tuple(Step(parent=at - 1 if at else None, speaker=who, message=said) for at, (who, said) in enumerate(messages))
    return Trajectory(sample=sample, steps=steps)


def test_turns_of_the_prompt_are_not_the_completion():
    def count(completions, **columns):
        return [len(completion) for completion in completions]

    attempts = Group(sample=looked().sample, trajectories=(looked(),))
    assert values(rewards.trl(count), attempts) == [3.0]
    assert values(rewards.trl(count, form="answer", name="last"), attempts) == [1.0]
    roles: list = []
    values(rewards.trl(lambda completions, **k: roles.extend(completions[0]) or [0.0]), attempts)
    assert [each["role"] for each in roles] == ["assistant", "tool", "assistant"]
    assert roles[0]["tool_calls"][0]["function"]["name"] == "image_zoom_in_tool" and "<think>" in roles[2]["content"]
    silent = Trajectory(sample=looked().sample, steps=looked().steps[:3])
    assert values(rewards.answer_match(), Group(sample=silent.sample, trajectories=(silent,))) == [0.0]


def test_verl_gets_the_transcript_and_the_data_source():
    seen: dict = {}

    def compute_score(data_source, solution_str, ground_truth, extra_info=None):
        seen.update(data_source=data_source, text=solution_str, gold=ground_truth, extra=extra_info)
        return {"score": 0.25, "acc": 1}

    attempts = Group(sample=looked().sample, trajectories=(looked(),))
    assert values(rewards.verl(compute_score), attempts) == [0.25]
    assert seen["text"].index("<tool_call>") < seen["text"].index("<tool_response><image></tool_response>")
    assert seen["text"].endswith("<think>there</think><answer>7</answer>") and seen["gold"] == "7"
    values(rewards.verl(compute_score), group("7", data_source="vstar", extra_info={"index": 3}))
    assert (seen["data_source"], seen["extra"]) == ("vstar", {"index": 3})
    assert "acc=1" in note(rewards.verl(compute_score), attempts)
    assert values(rewards.verl(lambda **k: {"accuracy": 1}, name="v"), attempts) == [None]


def test_easyr1_batch_and_sequential():
    def batch(reward_inputs):
        return [{"overall": 0.5, "accuracy": 1.0, "n": len(reward_inputs)} for _ in reward_inputs]

    def one(reward_input):
        return {"overall": float(reward_input["ground_truth"] in reward_input["response"])}

    assert values(rewards.easyr1(batch), group("a", "b", "c", failed=0)) == ["none", 0.5, 0.5]
    assert values(rewards.easyr1(one), group("7", "8")) == [1.0, 0.0]
    assert evaluate(group("7"), [rewards.easyr1(batch)]).totals()[0] == 0.5  # parts are not added twice
    with pytest.raises(ValueError, match="neither reward_inputs nor reward_input"):
        rewards.easyr1(lambda things: [])


def test_functions_from_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "def by_trl(completions, **kwargs):\n    return [1.0 for _ in completions]\n"
        "def by_verl(data_source, solution_str, ground_truth, extra_info=None):\n    return 2.0\n"
        "def by_easyr1(reward_inputs):\n    return [{'overall': 3.0} for _ in reward_inputs]\n"
        "def mine(trajectory):\n    return 4.0\n"
        "def whole(group):\n    return [5.0 for _ in group.trajectories]\n"
        "def odd(a, b):\n    return 0\nNUMBER = 3\n"
    )
    for at, name in enumerate(("by_trl", "by_verl", "by_easyr1", "mine", "whole"), start=1):
        assert values(rewards.from_file(f"{path}:{name}", weight=0.5), group("a", "b")) == [float(at)] * 2
    with pytest.raises(ValueError, match="did you mean 'by_trl'"):
        rewards.from_file(f"{path}:by_tlr")
    with pytest.raises(ValueError, match=r"not the parameters of TRL"):
        rewards.from_file(f"{path}:odd")
    with pytest.raises(ValueError, match="not a function"):
        rewards.from_file(f"{path}:NUMBER")
    with pytest.raises(ValueError, match=r"written path\.py:function"):
        rewards.from_file("mine")
    with pytest.raises(ValueError, match="there is no file"):
        rewards.from_file("nowhere.py:f")
    (tmp_path / "broken.py").write_text("import nothing_of_this_name\n")
    with pytest.raises(ValueError, match="fails when it is run: ModuleNotFoundError"):
        rewards.from_file(f"{tmp_path / 'broken.py'}:f")


def tokens(ids: list[int]) -> Trajectory:
    first, last = scripted("x", "7").steps
    every = np.ones(len(ids), bool)
    step = replace(last, tokens=np.asarray(ids, np.int32), sampled=every, body=every)
    return Trajectory(sample=scripted("x", "7").sample, steps=(first, step))


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
def test_trls_own_reward_functions():
    pytest.importorskip("trl")
    from trl.rewards import get_repetition_penalty_reward, get_soft_overlong_punishment, think_format_reward

    attempts = group("<think>hm</think>7", "7", "<think>a</think>" + "no " * 30)
    assert values(rewards.trl(think_format_reward), attempts) == [1.0, 0.0, 1.0]
    drawn = Group(sample=attempts.sample, trajectories=tuple(tokens(ids) for ids in ([1, 2, 3, 4], [5] * 9)))
    penalty = values(rewards.trl(get_repetition_penalty_reward(ngram_size=3, max_penalty=-1.0), name="repetition"), drawn)
    assert penalty == pytest.approx([0.0, 1 / 7 - 1])
    long = get_soft_overlong_punishment(max_completion_len=8, soft_punish_cache=4)
    assert values(rewards.trl(long, name="long"), drawn) == [0.0, -1.0]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
def test_trls_own_accuracy_reward():
    pytest.importorskip("math_verify")
    pytest.importorskip("trl")
    from trl.rewards import accuracy_reward

    attempts = group("My answer is \\boxed{\\frac{1}{3}}", "My answer is \\boxed{\\frac{1}{2}}", target="\\frac{1}{3}")
    assert values(rewards.trl(accuracy_reward), attempts) == [1.0, 0.0]
