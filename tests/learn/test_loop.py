"""The loop as a user meets it: supervised and reinforced runs, what lies in the folder, what stops a run."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as PILImage

import saccade.core as sc
from saccade import objectives
from saccade.claims.stages import train_stages
from saccade.core.record import read_lines, read_trajectories
from saccade.core.run import Stage
from saccade.core.sample import Rows
from saccade.learn.log import named, timeless
from saccade.learn.loop import train


def lines(folder):
    return list(read_lines(folder / "metrics.jsonl"))


@pytest.fixture
def supervised(having):
    return having(mode="sft", objective=(objectives.sft(),), rewards=(), credit=None, updates=4, prompts=4,
                  optim=sc.Optim(lr=3e-3, warmup=1), blind_every=2)


def test_supervised_learning_learns_the_labels(supervised, tmp_path):
    summary = train(supervised, tmp_path / "run", progress=False)
    losses = [line["loss"] for line in lines(tmp_path / "run")]
    assert losses[-1] < 0.7 * losses[0]
    assert summary["last"]["num_samples"] == 4
    assert lines(tmp_path / "run")[0]["blind/noise"] > 0
    assert "blind/mismatch" not in lines(tmp_path / "run")[0]  # no sampler, nothing to compare with
    assert [line["num_trainable_tokens"] for line in lines(tmp_path / "run")] == [8] * 4  # "a" and the end token, four times
    from saccade.models.policy import load_policy

    assert load_policy(sc.policy(str(tmp_path / "run" / "model"))).family.name == "qwen2_5_vl"


def test_a_conversation_trains_every_assistant_turn(supervised, tmp_path):
    def talk(row, index):
        return sc.Sample(id=f"t{row}", prompt=(sc.user("Hi"), sc.assistant("yes"), sc.user("More?"), sc.assistant("no")))

    run = replace(supervised, data=Rows(rows=range(4), make=talk), schedule=replace(supervised.schedule, updates=1))
    train(run, tmp_path / "run", progress=False, export=False)
    assert lines(tmp_path / "run")[0]["num_trainable_tokens"] > 4 * 2 * 2


def test_rows_without_anything_to_learn_are_named(supervised, tmp_path, capsys):
    def row(number, index):
        prompt = (sc.user("What?"),)
        return sc.Sample(id=f"r{number}", prompt=prompt, target="a" if number else None)

    short = replace(supervised.schedule, updates=1)
    some = replace(supervised, data=Rows(rows=range(4), make=row), schedule=short)
    train(some, tmp_path / "run", progress=False, export=False)
    assert "row r0 has neither an assistant turn nor a target" in capsys.readouterr().err
    assert lines(tmp_path / "run")[0]["frac_left_out"] == 0.25
    with pytest.raises(ValueError, match="no row of this batch"):
        train(replace(supervised, data=Rows(rows=[0], make=row), schedule=short), tmp_path / "none", progress=False)


def test_what_lies_in_the_folder(having, tmp_path):
    folder = tmp_path / "run"
    run = having(updates=2, eval_every=1, explore=sc.Independent(n=2))
    held_out = sc.Benchmark(name="held_out", data=run.data, metric="low_letters")
    summary = train(replace(run, evals=(held_out,)), folder, progress=False, names="verl")
    found = lines(folder)
    assert [line["update"] for line in found] == [0, 1, 2]
    assert {"reward", "reward_std", "rewards/low_letters/mean", "frac_reward_zero_std", "completions/mean_length",
            "completions/clipped_ratio", "tools/call_frequency", "tools/failure_frequency", "clip_ratio/region_mean",
            "clip_ratio/low_min", "num_tokens", "step_time", "stop/done", "time/rollout", "reward/mean", "grad_norm",
            "critic/score/mean", "actor/grad_norm", "timing_s/gen", "mismatch"} <= found[1].keys()
    assert found[1]["tools/call_frequency"] == 1.0
    assert found[2]["num_tokens"] > found[1]["num_tokens"]
    assert not any(key.startswith(("time", "step_time")) for key in timeless(found[1]))
    config, environment = (json.loads((folder / f"{name}.json").read_text()) for name in ("config", "environment"))
    assert config["schedule"]["updates"] == 2 and config["optim"]["lr"] == 1e-3
    assert environment["packages"]["torch"]
    assert set(json.loads((folder / "data.json").read_text())) == {"train", "held_out"}
    attempts = list(read_trajectories(folder / "trajectories" / "update_000001.jsonl"))
    assert len(attempts) == 4 and all(each.rewards["low_letters"].value is not None for each in attempts)
    for each in attempts:
        for span in each.prompt().media:
            assert (folder / "media" / f"{span.ref.removeprefix('px:')}.png").exists()
    assert json.loads((folder / "summary.json").read_text())["updates"] == 2
    assert summary["contamination"]["shared"] > 0  # it was evaluated on its training rows


def test_contamination_can_stop_a_run(having, tmp_path, questions):
    run = having(eval_every=1, evals=(sc.Benchmark(name="held_out", data=questions(2, 9), metric="low_letters"),))
    with pytest.raises(ValueError, match=r"1 of 2 evaluation images \(50.0%\) are also training images") as caught:
        train(run, tmp_path / "run", progress=False, contaminated="raise")
    assert "held_out:s2" in str(caught.value)


def test_a_run_that_does_not_improve_ends_early(having, tmp_path, questions):
    @sc.reward
    def never():
        return lambda trajectory: 0.0

    benchmark = sc.Benchmark(name="held_out", data=questions(9), rewards=(never(),), metric="never")
    run = having(updates=9, eval_every=1, patience=2, evals=(benchmark,))
    summary = train(run, tmp_path / "run", progress=False, export=False)
    assert summary["updates"] == 2 and "no improvement in 2 evaluations" in summary["stopped"]
    assert summary["best"] == {"update": 0, "value": 0.0}
    assert {path.name for path in (tmp_path / "run" / "checkpoints").glob("update_*")} == {"update_000000", "update_000002"}


def test_stages_end_by_a_condition_and_hand_their_weights_on(having, tmp_path):
    def stage(name):
        return Stage(name=name, run=having(updates=5), until=lambda metrics: metrics["num_tokens"] > 0)

    one, two = train_stages([stage("one"), stage("two")], tmp_path, progress=False)
    assert one["updates"] == two["updates"] == 1 and one["stopped"] == "the condition of the stage holds"
    config = json.loads((tmp_path / "2-two" / "config.json").read_text())
    assert str(tmp_path / "1-one" / "model") in json.dumps(config)


def test_several_updates_from_one_batch(having, tmp_path):
    summary = train(having(updates=3, passes=2), tmp_path / "run", progress=False, export=False)
    found = lines(tmp_path / "run")
    assert [line["update"] for line in found] == [1, 2, 3] and summary["updates"] == 3
    assert "mismatch" in found[0] and "mismatch" not in found[1]
    assert sorted(path.name for path in (tmp_path / "run" / "trajectories").iterdir()) == [
        "update_000001.jsonl", "update_000003.jsonl"
    ]


def test_follow_ups_are_asked_and_rewards_read_them(having, tmp_path):
    class Judge:
        name = "judge"

        async def reply(self, messages, tools, sampling):
            return sc.assistant("good" if "?" in messages[0].text else "bad")

    asked = (
        sc.FollowUp(name="blind", ask=lambda t: (sc.user("Guess: " + t.sample.id),), max_tokens=4),
        sc.FollowUp(name="verdict", ask=lambda t: (sc.user("Right?"),) if t.attempt else None, by="judge"),
    )

    @sc.reward
    def judged():
        return lambda t: None if t.aux["verdict"] is None else float(t.aux["verdict"] == "good")

    run = having(follow_ups=asked, others={"judge": Judge()})
    run = replace(run, rewards=(*run.rewards, judged()))
    train(run, tmp_path / "run", progress=False, export=False)
    made = list(read_trajectories(tmp_path / "run" / "trajectories" / "update_000001.jsonl"))
    assert all(isinstance(each.aux["blind"], str) for each in made)
    assert [each.aux["verdict"] for each in made] == [None, "good", "good"] * 2
    assert lines(tmp_path / "run")[0]["rewards/judged/mean"] == 1.0
    bad = replace(run, follow_ups=(sc.FollowUp(name="x", ask=lambda t: None, by="frozen:3"),))
    with pytest.raises(ValueError, match="earlier versions of the policy are not kept"):
        train(bad, tmp_path / "bad", progress=False)


def test_probes_reach_the_credit(having, tmp_path):
    def confident(trajectories, learner):
        return [{"logp": values} for values in learner.logp(trajectories)]

    seen = []

    def credit(groups):
        out = []
        for group in groups:
            for each in group.trajectories:
                own = np.concatenate([step.logp for step in each.steps if step.logp is not None])
                seen.append(float(np.abs(own - each.aux["probe/sure"]["logp"]).max()))
            out.append([each.aux["probe/sure"]["logp"] for each in group.trajectories])
        return out

    run = having(probes=(sc.Probe(name="sure", run=confident),), credit=credit)
    train(run, tmp_path / "run", progress=False, export=False)
    assert len(seen) == 6 and max(seen) < 1e-4


def test_bad_rows_are_left_out(having, tmp_path, capsys, questions):
    good = questions(1, 2, 3)

    def make(row, index):
        if row == 3:
            raise ValueError("row 3 of data.jsonl has no column 'answer'")
        return good[row]

    train(having(data=Rows(rows=range(4), make=make), prompts=4), tmp_path / "run", progress=False, export=False)
    assert "no column 'answer'" in capsys.readouterr().err
    assert lines(tmp_path / "run")[0]["num_groups"] == 3


def test_an_unreadable_picture_fails_its_own_attempts(having, tmp_path, capsys, questions):
    bad = tmp_path / "cut.png"
    PILImage.new("RGB", (64, 64)).save(bad)
    bad.write_bytes(bad.read_bytes()[:60])
    broken = sc.Sample(id="broken", prompt=(sc.user(sc.Image(ref=f"file:{bad}"), "?"),), target="a")

    def make(row, index):
        return broken if row == 0 else questions(1)[0]

    train(having(data=Rows(rows=range(2), make=make)), tmp_path / "run", progress=False, export=False)
    assert "3 of 6 attempts failed" in capsys.readouterr().err
    (line,) = lines(tmp_path / "run")
    assert line["stop/error"] == 0.5 and line["num_rows"] == 3


@pytest.mark.parametrize(
    ("settings", "match"),
    [({"objective": ()}, "no objective"), ({"credit": None}, "no credit"), ({"rewards": ()}, "no rewards")],
)
def test_incomplete_runs_say_what_to_set(having, tmp_path, settings, match):
    with pytest.raises(ValueError, match=match):
        train(having(**settings), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_names():
    line = {"clip/low": 0.25, "clip/high": 0.5, "kl/kl": 0.1, "loss": 1.0}
    assert named(line) == {
        "clip_ratio/low_mean": 0.25, "clip_ratio/high_mean": 0.5, "kl": 0.1, "loss": 1.0, "clip_ratio/region_mean": 0.75
    }
    assert named(line, "verl")["actor/pg_clipfrac"] == 0.75
    with pytest.raises(ValueError, match="trl or verl"):
        named(line, "wandb")
