"""Damaged checkpoints, full disks, steps that are not numbers: what a run does about each, and that it ends the same."""

import errno
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from saccade.core.signals import TermOut, term
from saccade.core.store import MediaStore
from saccade.learn import checkpoint as checkpoint_module
from saccade.learn import folder, loop
from saccade.learn.loop import train
from saccade.testing.drills.faults import damage
from tests.learn.conftest import small_run
from tests.learn.test_resume import attempts, lines


def made(checkpoint, **settings):
    return small_run(checkpoint, **{"updates": 4, "save_every": 2, "prompts": 1, **settings})


@pytest.fixture(scope="module")
def whole(checkpoint, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run"
    train(made(checkpoint), path, progress=False, export=False)
    return path


def assert_same_end(one, other):
    assert json.dumps(lines(one)) == json.dumps(lines(other))
    assert attempts(one) == attempts(other)
    for name in ("weights.safetensors", "optimiser.safetensors"):
        left, right = (checkpoint_module.folder_of(each / "checkpoints", 4) / name for each in (one, other))
        assert left.read_bytes() == right.read_bytes()


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_checkpoint_is_set_aside_and_the_one_before_is_gone_on_from(checkpoint, whole, tmp_path, capsys, seed):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    name, what = damage(run, np.random.default_rng(seed))
    assert name == "update_000004"
    train(made(checkpoint), run, resume=True, progress=False, export=False)
    assert_same_end(whole, run)
    if not what.startswith("gone"):
        assert "going on from update_000002" in capsys.readouterr().err, what
        assert (run / "checkpoints" / ".damaged_update_000004").is_dir()


def test_without_a_whole_checkpoint_nothing_is_started_over(checkpoint, whole, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    for path in (run / "checkpoints").glob("update_*"):
        (path / "weights.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match=r"update_000004.weights.*update_000002.weights.*remove .* to start over"):
        train(made(checkpoint), run, resume=True, progress=False, export=False)
    assert {path.name for path in (run / "checkpoints").glob("update_*")} == {"update_000002", "update_000004"}


def full(*args, **settings):
    raise OSError(errno.ENOSPC, "No space left on device")


def full_in_rust(*args, **settings):
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize(("place", "name", "fault"), [
    (folder, "write_lines", full), (checkpoint_module, "save_file", full_in_rust), (checkpoint_module, "write_json", full),
])
def test_a_full_disk_ends_the_run_and_loses_nothing(checkpoint, whole, tmp_path, monkeypatch, place, name, fault):
    real, calls, run = getattr(place, name), [], tmp_path / "run"

    def filling(*args, **settings):
        calls.append(1)
        return (fault if len(calls) == 4 else real)(*args, **settings)

    monkeypatch.setattr(place, name, filling)
    with pytest.raises(OSError, match=r"the disk is full; make room") as caught:
        train(made(checkpoint), run, progress=False, export=False)
    assert caught.value.filename == str(run)
    monkeypatch.setattr(place, name, real)
    train(made(checkpoint), run, resume=True, progress=False, export=False)
    assert_same_end(whole, run)


def test_attempts_that_lost_a_picture_to_a_full_disk_are_no_smaller_batch(checkpoint, whole, tmp_path, monkeypatch):
    keep, calls, run = MediaStore._keep, [], tmp_path / "run"

    def filling(self, pixels):
        calls.append(1)
        if len(calls) > 6:
            monkeypatch.setattr("pathlib.Path.write_bytes", full)
        return keep(self, pixels)

    monkeypatch.setattr(MediaStore, "_keep", filling)
    with pytest.raises(OSError, match="the disk is full"):
        train(made(checkpoint), run, progress=False, export=False)
    monkeypatch.undo()
    train(made(checkpoint), run, resume=True, progress=False, export=False)
    assert_same_end(whole, run)


@term()
def poison(*, at, of):
    """Not a number at some updates."""

    def function(s):
        bad = round(s.progress * of) in at
        return TermOut(value=s.logp_T * (torch.nan if bad else 0.0), member=s.trainable_T)

    return function


def poisoned(checkpoint, at, **settings):
    run = made(checkpoint, **settings)
    return replace(run, objective=(*run.objective, poison(at=at, of=run.schedule.updates)))


def test_a_step_that_is_not_a_number_is_skipped_and_counted(checkpoint, tmp_path, capsys):
    train(poisoned(checkpoint, (1, 2)), tmp_path / "run", progress=False, export=False)
    found = lines(tmp_path / "run")
    assert [line["skipped"] for line in found] == [0, 1, 1, 0] and [line["num_skipped"] for line in found] == [0, 1, 2, 2]
    assert "update 2 skipped: its gradient is not finite" in capsys.readouterr().err
    state = checkpoint_state(tmp_path / "run", 4)
    assert (state.skipped, state.skipped_in_a_row, state.version) == (2, 0, 2)


def checkpoint_state(run, update):
    return checkpoint_module.read_state(checkpoint_module.folder_of(run / "checkpoints", update))


def test_a_few_in_a_row_end_the_run_also_across_a_kill(checkpoint, tmp_path, monkeypatch):
    bad = poisoned(checkpoint, tuple(range(2, 9)), updates=9)
    real, calls = loop.update, []

    def failing(*args, **settings):
        calls.append(1)
        if len(calls) == 6:
            raise RuntimeError("the lights went out")
        return real(*args, **settings)

    monkeypatch.setattr(loop, "update", failing)
    with pytest.raises(RuntimeError, match="lights"):
        train(bad, tmp_path / "run", progress=False, export=False)
    assert checkpoint_state(tmp_path / "run", 4).skipped_in_a_row == 2
    monkeypatch.setattr(loop, "update", real)
    with pytest.raises(RuntimeError, match=r"5 updates in a row, the last of them 7, .* Lower optim.lr \(now 0.001\)"):
        train(bad, tmp_path / "run", resume=True, progress=False, export=False)
    checkpoints = tmp_path / "run" / "checkpoints"
    left, right = (checkpoint_module.folder_of(checkpoints, update) / "weights.safetensors" for update in (4, 6))
    assert left.read_bytes() == right.read_bytes()
