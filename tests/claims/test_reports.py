"""Pages of evaluations, claims and leagues say what was asked, what came out, what it cost, and show attempts."""

from dataclasses import replace

import pytest

from saccade.claims.reports import claim_report, eval_report, league_report
from saccade.core.record import write_lines
from saccade.evals.report import Item, Report, summarise
from saccade.media import open_store
from saccade.testing.runs import looking


@pytest.fixture
def cells(tmp_path):
    """Two arms with an evaluation each; attempts that are right and wrong."""
    for arm in ("a-1", "b-1"):
        place = tmp_path / arm / "held_out"
        place.mkdir(parents=True)
        store = open_store(tmp_path / arm / "media")
        made = [looking(store, number, attempts=1, looks=1, tokens=40) for number in range(24)]
        write_lines(place / "trajectories.jsonl", [replace(each, seed=0) for each in made])
    return tmp_path


def test_an_evaluation(cells):
    items = [
        Item(
            benchmark="held_out",
            id=str(at),
            target="1",
            answers=("1",),
            scores={"lenient": (float(at % 2),), "strict": (0.0,)},
            cluster=str(at),
            calls=(2,),
            stops=("done",),
        )
        for at in range(24)
    ]
    found = summarise(items, notes=("three rows were left out",))
    text = eval_report(Report(policy="some/model", results=(found,), folder=cells / "a-1", seconds=12.0)).read_text()
    for words in (
        "some/model was asked 24 items of held_out",
        "three rows were left out",
        "50.0%",
        "n=24",
        "strict",
        "seconds: 12",
        "20 attempts of 24, evenly spaced",
        "The 10 worst",
        "tool calls per item",
    ):
        assert words in text, words
    assert text.count("<section") == 30 and "<script" not in text


def test_a_claim_with_missing_cells(cells):
    result = {
        "method": "toy",
        "claim": {"text": "b beats a", "better": "b", "control": "c", "margin": 0.1},
        "verdict": "untestable",
        "why": "cells are missing",
        "metric": "accuracy",
        "over": "a",
        "scale": "glimpse",
        "missing": 2,
        "commit": None,
        "seconds": 3.0,
        "values": {"a": {"1": 0.25, "2": None}, "b": {"1": 0.5, "2": 0.75}, "c": {}},
        "effects": {"b": {"mean": 0.25, "ci95": [None, None]}},
        "machine": {"platform": "here", "cores": 2},
    }
    text = claim_report(result, cells).read_text()
    for words in (
        "b beats a",
        "untestable: cells are missing",
        "Attempts below are of b-1",
        "0.500",
        "missing",
        "one seed",
        "cores: 2",
    ):
        assert words in text, words
    assert (cells / "report.html").is_file()


def test_a_league(cells):
    rows = [
        {"method": "b", "accuracy": 0.5, "95 % interval": "+0.1 to +0.2"},
        {"method": "a", "accuracy": 0.25, "95 % interval": ""},
    ]
    text = league_report(rows, cells, seconds=7.0).read_text()
    assert text.index("0.500") < text.index("0.250") and "seconds: 7" in text and "scene/0" in text
    assert "League" in league_report([], cells / "a-1", seconds=0.0).read_text()
