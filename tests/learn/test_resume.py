"""A run that is killed and resumed equals the run that was not, bit for bit (wall clock aside)."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import saccade.core as sc
from saccade.core.order import shuffled
from saccade.core.record import read_lines
from saccade.learn.log import timeless
from saccade.learn.loop import train

KILLED = """
import sys
sys.path.insert(0, {root!r})
from tests.learn.conftest import small_run
from saccade.learn.loop import train
run = small_run({checkpoint!r}, updates=6, save_every=2, blind_every=4, eval_every=3)
train(run, {folder!r}, resume=True, progress=False)
"""


def lines(folder):
    return [timeless(line) for line in read_lines(Path(folder) / "metrics.jsonl")]


def weights(folder):
    return {path.name: path.read_bytes() for path in sorted(Path(folder).glob("checkpoints/update_000006/*.safetensors"))}


def attempts(folder):
    """Trajectories by file, without clocks."""
    found = {}
    for path in sorted(Path(folder).glob("trajectories/*.jsonl")):
        made = list(read_lines(path))
        for each in made:
            for step in each["steps"]:
                step.pop("started_s", None), step.pop("ended_s", None)
            for event in each.get("events", ()):
                event.pop("seconds", None)
        found[path.name] = made
    return found


def assert_equal(one, other):
    assert json.dumps(lines(one)) == json.dumps(lines(other))
    assert weights(one) == weights(other) and weights(one)
    assert attempts(one) == attempts(other)


class Half:
    """A selector with a state: it admits every other group it ever saw."""

    def __init__(self):
        self.seen = 0

    def propose(self, count, size, update, seed):
        return shuffled(count, size, update, seed)

    def observe(self, groups):
        self.seen += len(groups) + 1

    def admit(self, groups):
        return list(groups)[self.seen % 2 :]

    def metrics(self):
        return {"seen": float(self.seen)}

    def state(self):
        return {"seen": self.seen}

    def restore(self, state):
        self.seen = state["seen"]


class Lights(Exception):
    pass


@pytest.mark.parametrize("lora", [None, 4])
def test_stopped_in_the_middle_of_an_update_and_resumed(having, tmp_path, lora, monkeypatch, questions):
    def made():
        run = having(updates=6, save_every=2, blind_every=4, eval_every=3, select=Half())
        held_out = sc.Benchmark(name="held_out", data=questions(8, 9), metric="low_letters")
        return replace(run, evals=(held_out,), policy=replace(run.policy, lora=lora, freeze=("vision",) if lora else ()))

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(made(), whole, progress=False, export=False)

    from saccade.learn import loop

    real, calls = loop.update, []

    def failing(*args, **settings):
        calls.append(1)
        if len(calls) == 4:
            raise Lights
        return real(*args, **settings)

    monkeypatch.setattr(loop, "update", failing)
    with pytest.raises(Lights):
        train(made(), cut, progress=False, export=False)
    monkeypatch.setattr(loop, "update", real)
    with (cut / "metrics.jsonl").open("a") as out:
        out.write('{"update": 4, "rew')  # half a line, as a killed run leaves it
    (cut / "checkpoints" / ".update_000004.tmp").mkdir()
    train(made(), cut, resume=True, progress=False, export=False)
    assert_equal(whole, cut)
    assert len(lines(whole)) == 7
    if lora:
        saved = Path(whole, "checkpoints/update_000006/weights.safetensors").stat().st_size
        assert saved < 200_000


@pytest.mark.slow
def test_killed_and_resumed(checkpoint, tmp_path):
    """SIGKILL at a moment drawn by the clock, twice, then to the end."""
    whole, cut = str(tmp_path / "whole"), str(tmp_path / "cut")
    root = str(Path(__file__).parents[2])

    def script(folder):
        return [sys.executable, "-c", KILLED.format(root=root, checkpoint=str(checkpoint), folder=folder)]

    subprocess.run(script(whole), check=True, capture_output=True)
    rng = np.random.default_rng(time.time_ns())
    for _ in range(2):
        process = subprocess.Popen(script(cut), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        metrics, goal = Path(cut) / "metrics.jsonl", int(rng.integers(1, 6))
        while process.poll() is None and not (metrics.exists() and metrics.read_bytes().count(b"\n") >= goal):
            time.sleep(0.005)
        time.sleep(float(rng.uniform(0, 0.2)))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(script(cut), check=True, capture_output=True)
    assert_equal(whole, cut)


def test_a_folder_belongs_to_one_run(having, tmp_path):
    folder = tmp_path / "run"
    train(having(updates=1), folder, progress=False, export=False)
    with pytest.raises(ValueError, match="already holds a run"):
        train(having(updates=1), folder, progress=False)
    with pytest.raises(ValueError, match=r"another run: optim.lr was 0.001 and is now 0.5"):
        train(having(updates=1, optim=sc.Optim(lr=0.5)), folder, resume=True, progress=False)
    summary = train(having(updates=2), folder, resume=True, progress=False, export=False)
    assert summary["updates"] == 2 and len(lines(folder)) == 2


def test_a_damaged_checkpoint_is_named(having, tmp_path):
    folder = tmp_path / "run"
    train(having(updates=1), folder, progress=False, export=False)
    path = folder / "checkpoints" / "update_000001" / "optimiser.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"optimiser.safetensors cannot be read"):
        train(having(updates=2), folder, resume=True, progress=False)
