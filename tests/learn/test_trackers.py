"""Trackers are told numbers; they may be missing or break, and the run goes on."""

import json
import sys
import types

import pytest

from saccade.learn.folder import RunFolder
from saccade.learn.trackers import Tracker, close_all, open_tracker


class Fake(types.ModuleType):
    """Both packages, as far as we use them."""

    def __init__(self, name):
        super().__init__(name)
        self.begun, self.lines, self.ended = {}, [], 0

    def init(self, **settings):
        self.begun = settings
        return self

    def log(self, numbers, step):
        self.lines.append((step, numbers))

    def finish(self):
        self.ended += 1


@pytest.mark.parametrize("name", ["trackio", "wandb"])
def test_metrics_reach_a_tracker(name, tmp_path, monkeypatch):
    fake = Fake(name)
    monkeypatch.setitem(sys.modules, name, fake)
    (tmp_path / "config.json").write_text(json.dumps({"seed": 3}))
    tracker = open_tracker(name, "zoom", tmp_path)
    folder = RunFolder(path=tmp_path, trackers=(tracker,))
    folder.log({"update": 1, "reward": 0.5, "note": "words", "flag": True})
    folder.log({"update": 2, "reward": 1})
    close_all(folder.trackers)
    assert fake.lines == [(1, {"reward": 0.5}), (2, {"reward": 1.0})] and fake.ended == 1
    assert fake.begun["config"] == {"seed": 3} and fake.begun["project"] == "saccade" and fake.begun["resume"] == "allow"
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2


def test_a_broken_tracker_does_not_end_a_run(tmp_path, capsys):
    def broken(numbers, update):
        raise ConnectionError("no route")

    def closes():
        raise RuntimeError("gone")

    folder = RunFolder(path=tmp_path, trackers=(Tracker(name="far", send=broken, close=closes),))
    folder.log({"update": 1, "loss": 1.0})
    folder.log({"update": 2, "loss": 1.0})
    close_all(folder.trackers)
    said = capsys.readouterr().err
    assert said.count("far takes no more metrics (ConnectionError: no route)") == 1 and "did not end well" in said
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2


def test_unknown_and_missing_trackers_are_named(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="no tracker 'mlflow'; there are trackio, wandb"):
        open_tracker("mlflow", "zoom", tmp_path)
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ModuleNotFoundError):
        open_tracker("wandb", "zoom", tmp_path)


@pytest.mark.parametrize("name", ["trackio", "wandb"])
def test_the_real_packages(name, tmp_path, monkeypatch):
    """Where they are installed (extras `track`, `wandb`); offline."""
    pytest.importorskip(name)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    tracker = open_tracker(name, "zoom", tmp_path)
    tracker.log({"update": 1, "reward": 0.5})
    assert not tracker.broken
    close_all([tracker])
