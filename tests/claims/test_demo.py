"""The demo on a random checkpoint: every field, every step, begun again or gone on with."""

import dataclasses
import json

import pytest

from saccade.claims.demo import STEPS, demo, opened, rows
from saccade.recipes import deepeyes
from saccade.testing.tiny import tiny

EVALUATIONS = ("before", "after", "no_tool", "random_box", "blank_crop", "oracle_box")


@pytest.fixture
def run(tmp_path):
    made = deepeyes.miniature("conditional", 0)
    sampling = dataclasses.replace(made.policy.sampling, max_tokens=4)
    return dataclasses.replace(
        made,
        policy=dataclasses.replace(made.policy, model=str(tiny("qwen2_5_vl", tmp_path / "tiny")), sampling=sampling),
        explore=dataclasses.replace(made.explore, n=2),
        schedule=dataclasses.replace(made.schedule, prompts=2),
    )


@pytest.mark.slow
def test_every_step_runs_and_the_summary_has_its_fields(run, tmp_path, capsys):
    said = []
    summary = demo(tmp_path / "demo", updates=1, items=3, run=run, progress=False, say=said.append)
    assert json.loads((tmp_path / "demo" / "summary.json").read_text()) == summary
    for step in EVALUATIONS:
        assert set(summary[step]) == {"accuracy", "ci95", "n"} and summary[step]["n"] == 3
        low, high = summary[step]["ci95"]
        assert 0 <= low <= summary[step]["accuracy"] <= high <= 1
    assert summary["updates"] == 1 and summary["seconds"] > 0
    assert set(summary["tool_calls_per_item"]) == {"before", "after"}
    page = (tmp_path / "demo" / "report.html").read_text()
    assert "<html" in page and "random box" in page
    assert [line.split("]")[0] for line in said[:7]] == [f"[{number}/7" for number in range(1, 8)]
    assert [row["what"] for row in rows(summary)] == [step.replace("_", " ") for step in EVALUATIONS]


def interrupted(folder, asked):
    folder.mkdir()
    (folder / "before").mkdir()
    (folder / "progress.json").write_text(json.dumps({"asked": asked, "seconds": {"before": 3.0}}))


def test_an_interrupted_demo_goes_on(tmp_path):
    interrupted(tmp_path / "demo", {"seed": 1})
    assert opened(tmp_path / "demo", {"seed": 1}, again=False) == {"before": 3.0}
    assert (tmp_path / "demo" / "before").is_dir()


def test_another_seed_is_not_mixed_with_an_interrupted_demo(tmp_path):
    interrupted(tmp_path / "demo", {"seed": 1})
    with pytest.raises(ValueError, match="--again"):
        opened(tmp_path / "demo", {"seed": 2}, again=False)
    assert opened(tmp_path / "demo", {"seed": 2}, again=True) == {}
    assert not (tmp_path / "demo" / "before").exists()


def test_a_finished_demo_begins_again_and_leaves_other_files_alone(tmp_path):
    interrupted(tmp_path / "demo", {"seed": 1})
    (tmp_path / "demo" / "summary.json").write_text("{}")
    (tmp_path / "demo" / "mine.txt").write_text("keep")
    assert opened(tmp_path / "demo", {"seed": 1}, again=False) == {}
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["mine.txt"]
    assert len(STEPS) == 7
