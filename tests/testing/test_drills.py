"""Ten kills of a training, at random moments; the drills themselves notice what they are there for."""

import json
import shutil
import time

import numpy as np
import pytest

from saccade.core.record import read_lines, write_lines
from saccade.learn.loop import train
from saccade.testing.drills import checks, faults
from saccade.testing.drills.__main__ import ATTEMPTS, drill
from saccade.testing.drills.trainee import UPDATES, drilled
from saccade.testing.tiny import tiny


@pytest.mark.slow
def test_ten_kills(tmp_path):
    report = drill(tmp_path, kills=10, seed=time.time_ns(), others=False)
    assert report.faulty == []
    assert sum(report.done[kind] for kind in ("trainer", "everything", "tool")) >= 10


@pytest.mark.slow
def test_the_checks_notice(tmp_path):
    """A run that was tampered with is told from the run it was."""
    run = drilled(tiny("qwen2_5_vl", tmp_path / "checkpoint"), "ahead")
    one, other = tmp_path / "one", tmp_path / "other"
    train(run, one, progress=False, export=False)

    def fresh():
        shutil.rmtree(other, ignore_errors=True)
        shutil.copytree(one, other)

    fresh()
    assert not [*checks.differences(one, other), *checks.half_written(other, attempts=ATTEMPTS)]
    assert not list(checks.use(other, one, run))
    path = other / "trajectories" / "update_000003.jsonl"
    attempts = list(read_lines(path))
    path.write_text(path.read_text()[:-100])
    assert any("update_000003.jsonl" in each for each in checks.half_written(other, attempts=ATTEMPTS))
    assert any("update_000003.jsonl" in each for each in checks.differences(one, other))
    assert any("other attempts" in each for each in checks.use(other, one, run))
    for step in attempts[0]["steps"]:
        if step.get("version") is not None:
            step["version"] = 0
    write_lines(path, attempts, append=False)
    assert any("2 versions old" in each for each in checks.use(other, one, run))
    fresh()
    finished = checks.finished(other, "trajectories")
    assert len(finished) == UPDATES * ATTEMPTS and not list(checks.lost(finished, finished))
    less = dict(list(finished.items())[1:])
    assert any("is gone" in each for each in checks.lost(finished, less))
    assert any("is another" in each for each in checks.lost({next(iter(finished)): [[1]]}, finished))
    picture = next((other / "media").glob("*.png"))
    shutil.copy(next(each for each in (other / "media").glob("*.png") if each != picture), picture)
    assert any(picture.name in each for each in checks.half_written(other, attempts=ATTEMPTS))
    fresh()
    while not (what := faults.damage(other, np.random.default_rng(time.time_ns()))[1]).startswith(("flip", "cut")):
        fresh()
    assert any("update_000012" in each for each in checks.half_written(other, attempts=ATTEMPTS)), what
    (other / "config.json").write_text(json.dumps({})[:1])
    assert any("config.json" in each for each in checks.half_written(other, attempts=ATTEMPTS))
