"""The league: who may enter, that all start alike, that cells are kept, and that table and plot say what came out."""

import json
from pathlib import Path

import pytest

from saccade.claims import league as module
from saccade.claims.league import BASELINE, METRICS, QUICK, common, entrants, league, page, plot
from saccade.core.run import describe


def figures(run, folder: Path):
    """Stands in for a training: a figure that depends on entrant and seed."""
    value = 0.4 + 0.01 * (len(run.name) % 7) + 0.001 * run.seed
    return {**{key: value for key in METRICS.values()}, "accuracy": value, "sampled_tokens": 100}


def test_enough_methods_enter_and_none_changes_what_must_be_equal():
    found = entrants()
    assert len(found) >= 15 and set(QUICK) <= set(found) and BASELINE in found
    base = common(1, quick=False)
    for name, enter in found.items():
        run = enter(base)
        for equal in ("policy", "evals", "limits", "seed", "episode"):
            assert describe(getattr(run, equal)) == describe(getattr(base, equal)), (name, equal)
        assert run.schedule.tokens == base.schedule.tokens, name
        assert name == BASELINE or describe(run) != describe(base), name


def test_cells_are_kept_and_the_files_are_written(tmp_path):
    asked = []

    def counted(run, folder):
        asked.append(run.name)
        return figures(run, folder)

    settings = {"seeds": (1, 2), "names": ("dapo", "vppo"), "results": tmp_path / "results", "say": lambda text: None}
    result = league(tmp_path / "runs", measure=counted, **settings)
    assert sorted(set(asked)) == ["league-dapo", "league-grpo", "league-vppo"] and len(asked) == 6
    again = league(tmp_path / "runs", measure=counted, **settings)
    assert len(asked) == 6 and again["values"] == result["values"]
    written = json.loads((tmp_path / "results" / "league.json").read_text())
    assert set(written["values"]) == {"grpo", "dapo", "vppo"} and written["seeds"] == [1, 2]
    text = (tmp_path / "results" / "league.md").read_text()
    assert text == page(result) and all(f"| {name} |" in text for name in ("grpo", "dapo", "vppo"))
    assert (tmp_path / "results" / "league.svg").read_text() == plot(result)


def test_an_unknown_entrant_is_named(tmp_path):
    with pytest.raises(ValueError, match="no entrant is called 'ppo'"):
        league(tmp_path, names=("ppo",), measure=figures)
    assert "ppo" not in module.entrants()
