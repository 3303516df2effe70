"""Rollouts beside learning: how old weights may be, what a killed run loses, and that the clock decides nothing."""

import asyncio
import json
import threading
import time
from dataclasses import replace

import pytest

import saccade.core as sc
from saccade import objectives
from saccade.core.record import read_lines, read_trajectories
from saccade.core.trajectory import Stop
from saccade.engines.local import LocalEngine
from saccade.learn import loop
from saccade.learn.ahead import aged, reach
from saccade.learn.loop import train
from saccade.select.difficulty import difficulty
from tests.learn.test_resume import attempts, lines, weights


def steps_of(folder, update):
    path = folder / "trajectories" / f"update_{update:06d}.jsonl"
    return [step for each in read_trajectories(path) for step in each.steps if step.version is not None]


@pytest.fixture
def ahead(having):
    def make(**settings):
        return having(**{"updates": 6, "prompts": 1, "stale": 1, "objective": (objectives.corrected(objectives.clip()),),
                         "explore": sc.Independent(n=2), **settings})

    return make


@pytest.mark.parametrize(("now", "settings", "expected"), [
    (0, {}, [0]), (0, {"stale": 2}, [0, 1, 2]), (4, {"stale": 2}, [4, 5]), (0, {"stale": 1, "passes": 2}, [0, 2]),
    (4, {"stale": 3, "save_every": 6, "updates": 20}, [4, 5]),
    (6, {"stale": 3, "save_every": 6, "updates": 20}, [6, 7, 8, 9]),
    (2, {"stale": 3, "eval_every": 3, "updates": 20}, [2]), (4, {"stale": 1, "passes": 2, "eval_every": 5}, [4]),
])
def test_which_batches_may_be_under_way(now, settings, expected):
    assert reach(sc.Schedule(**{"updates": 6, "save_every": 0, **settings}), now) == expected


def test_weights_are_as_old_as_the_schedule_says_and_never_older(ahead, tmp_path):
    folder = tmp_path / "run"
    train(ahead(save_every=4), folder, progress=False, export=False)
    found = lines(folder)
    assert [line["stale/max"] for line in found] == [0, 1, 1, 1, 0, 1]  # nothing is under way when a checkpoint is written
    for line in found:
        versions = {step.version for step in steps_of(folder, line["update"])}
        assert versions == {line["update"] - 1 - line["stale/max"]}
    assert found[0]["mismatch"] < 1e-4 < found[1]["mismatch"] and found[1]["mismatch/kl"] > 0
    assert found[0]["clip/weight"] == pytest.approx(1.0, abs=1e-4) != found[1]["clip/weight"]
    raw = list(read_lines(folder / "metrics.jsonl"))
    assert {"queue/begun", "queue/ready", "time/wait", "time/rollout"} <= raw[1].keys()
    assert raw[0]["queue/begun"] == 2
    assert not [each for each in threading.enumerate() if each.name == "saccade-ahead"]


@pytest.mark.parametrize("at", [3, 6])
def test_a_killed_run_that_rolled_out_ahead_comes_back_the_same(ahead, tmp_path, monkeypatch, at):
    def made():
        return ahead(updates=7, save_every=3, stale=2, passes=1, select=difficulty(low=0.0, high=1.0))

    train(made(), tmp_path / "whole", progress=False, export=False)
    real, calls = loop.update, []

    def failing(*args, **settings):
        calls.append(1)
        if len(calls) == at:
            raise RuntimeError("the lights went out")
        return real(*args, **settings)

    monkeypatch.setattr(loop, "update", failing)
    with pytest.raises(RuntimeError, match="lights"):
        train(made(), tmp_path / "cut", progress=False, export=False)
    monkeypatch.setattr(loop, "update", real)
    train(made(), tmp_path / "cut", resume=True, progress=False, export=False)
    assert json.dumps(lines(tmp_path / "whole")) == json.dumps(lines(tmp_path / "cut"))
    assert weights(tmp_path / "whole") == weights(tmp_path / "cut")
    assert attempts(tmp_path / "whole") == attempts(tmp_path / "cut")


def test_generation_and_learning_overlap(ahead, tmp_path, monkeypatch):
    spans = {"generate": [], "update": []}
    real, generate = loop.update, LocalEngine.generate

    def slow(*args, **settings):
        began = time.monotonic()
        time.sleep(0.5)
        out = real(*args, **settings)
        spans["update"].append((began, time.monotonic()))
        return out

    async def waiting(self, prompt, sampling):
        began = time.monotonic()
        await asyncio.sleep(0.3)
        out = await generate(self, prompt, sampling)
        spans["generate"].append((began, time.monotonic()))
        return out

    monkeypatch.setattr(loop, "update", slow)
    monkeypatch.setattr(LocalEngine, "generate", waiting)
    train(ahead(updates=3), tmp_path / "run", progress=False, export=False)
    began = [start for start, _ in spans["generate"]]
    overlapped = [any(start < each < end for each in began) for start, end in spans["update"]]
    assert any(overlapped[:-1]) and not overlapped[-1]  # nothing is left to begin at the end


def test_what_fails_in_the_other_thread_ends_the_run(ahead, tmp_path, monkeypatch):
    async def broken(self, prompt, sampling):
        raise RuntimeError("the engine is gone")

    monkeypatch.setattr(LocalEngine, "generate", broken)
    with pytest.raises(RuntimeError, match=r"all 2 attempts failed on our side(.|\n)*the engine is gone"):
        train(ahead(), tmp_path / "run", progress=False, export=False)
    assert not [each for each in threading.enumerate() if each.name == "saccade-ahead"]


def test_attempts_beyond_the_bound_are_left_out(ahead, tmp_path):
    folder = tmp_path / "run"
    train(ahead(updates=1), folder, progress=False, export=False)
    made = tuple(read_trajectories(folder / "trajectories" / "update_000001.jsonl"))
    group = sc.Group(sample=made[0].sample, trajectories=(made[0], replace(made[1], stop=Stop.ERROR)))
    kept, metrics = aged([group], 1, most=1)
    assert kept == [group] and metrics == {"stale/mean": 1.0, "stale/max": 1.0, "stale/dropped": 0.0}
    dropped, metrics = aged([group], 2, most=1)
    assert dropped[0].members == () and "2 versions old" in dropped[0].trajectories[0].error
    assert metrics == {"stale/mean": 0.0, "stale/max": 0.0, "stale/dropped": 1.0}
    assert aged([group], -3, most=1)[1]["stale/max"] == 0.0  # weights of a time that was not kept


def test_outside_the_deterministic_mode_no_attempt_is_made_twice(ahead, tmp_path, monkeypatch):
    def made():
        return ahead(updates=4, prompts=2, save_every=2, deterministic=False)

    folder, real, calls = tmp_path / "run", loop.update, []

    def failing(*args, **settings):
        calls.append(1)
        if len(calls) == 4:
            raise RuntimeError("the lights went out")
        return real(*args, **settings)

    monkeypatch.setattr(loop, "update", failing)
    with pytest.raises(RuntimeError, match="lights"):
        train(made(), folder, progress=False, export=False)
    kept = {path.name: list(read_trajectories(path)) for path in sorted((folder / "pending").iterdir())}
    assert [len(found) for found in kept.values()] == [4, 4] and set(kept) == {"update_000003.jsonl", "update_000004.jsonl"}
    with (folder / "pending" / "update_000004.jsonl").open("r+") as lines_of:
        text = lines_of.read()
        lines_of.seek(0), lines_of.truncate()
        first, second = text.splitlines(keepends=True)[:2]
        lines_of.write(first + second[:50])  # half a line, as a killed run leaves it

    asked, generate = [], LocalEngine.generate

    async def counted(self, prompt, sampling):
        asked.append(1)
        return await generate(self, prompt, sampling)

    monkeypatch.setattr(loop, "update", real)
    monkeypatch.setattr(LocalEngine, "generate", counted)
    train(made(), folder, resume=True, progress=False, export=False)
    assert len(asked) == 3 * 2  # three attempts of the last batch, two turns each
    for name, number in (("update_000003.jsonl", 4), ("update_000004.jsonl", 1)):
        final = list(read_trajectories(folder / "trajectories" / name))
        assert len(final) == 4
        for each in kept[name][:number]:
            (same,) = [one for one in final if (one.sample.id, one.attempt) == (each.sample.id, each.attempt)]
            assert [list(step.tokens) for step in same.steps] == [list(step.tokens) for step in each.steps]
    assert not list((folder / "pending").glob("*"))
