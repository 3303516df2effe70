"""The gallery says what is there and what is not, and notices when it is old."""

import json
from pathlib import Path

import pytest

from saccade.catalog import ROOT
from saccade.claims.composition import AXES, composition
from saccade.claims.gallery import deviations, gallery, stale_pages, write_gallery
from saccade.claims.methods import slug, systems

RECIPES = ROOT / "recipes"


@pytest.fixture(scope="module")
def pages():
    return gallery()


def test_every_system_has_a_page_and_a_row(pages):
    for system in systems():
        name = f"methods/{slug(system['name'])}.md"
        assert pages[name].startswith(f"# {system['name']}\n") and system["title"] in pages[name]
        assert f"({name})" in pages["methods.md"]


def test_a_missing_system_is_said_to_be_missing(pages):
    for system in systems():
        if not (RECIPES / f"{slug(system['name'])}.py").is_file():
            assert "There is no recipe for this system yet." in pages[f"methods/{slug(system['name'])}.md"]


def test_components_are_those_of_the_source():
    found = {(each.axis, each.name) for each in composition(RECIPES / "deepeyes.py")}
    assert found >= {("episode", "tool_loop"), ("tools", "crop"), ("rewards", "tool_bonus"), ("credit", "group_mean"),
                     ("objective", "clip"), ("exploration", "16 independent attempts")}
    assert ("data", "hidden_detail") not in found, "the miniature's data is not the method's"
    assert {axis for axis, _ in found} <= set(AXES)


def test_deviations_that_recipes_share_are_shown_with_each(tmp_path):
    (tmp_path / "_shared.py").write_text('SMALL = "smaller"\nBOTH = (SMALL, "slower")\n')
    path = tmp_path / "mine.py"
    path.write_text('from saccade.recipes import _shared\nDEVIATIONS = (*_shared.BOTH, "no " "judge")\n')
    assert deviations(path) == ("smaller", "slower", "no judge")
    path.write_text('from saccade.recipes import _shared\nDEVIATIONS = ("a",) + (_shared.SMALL,)\n')
    assert deviations(path) == ("a", "smaller")


def a_claim():
    return ('CLAIM = sc.Claim(text="it helps", metric="accuracy", arms=("start", "with"), better="with", over="start",\n'
            '                 control="lot", margin=0.1, seeds=(1, 2), scale="glimpse")\n')


def a_result(claim, **changes):
    return {"method": "grip", "claim": claim, "verdict": "holds", "why": "with is +0.300 over start", "over": "start",
            "values": {"start": {"1": 0.2, "2": 0.3}, "with": {"1": 0.5, "2": 0.6}, "lot": {"1": 0.2, "2": 0.3}},
            "effects": {"with": {"mean": 0.3, "ci95": [0.3, 0.3], "n": 2}, "lot": {"mean": 0.0, "ci95": [0.0, 0.0], "n": 2}},
            "seconds": 600.0, "claim_commit": "c" * 40, "commit": "d" * 40, **changes}


def a_recipe(folder: Path) -> Path:
    path = folder / "deepeyes.py"
    path.write_text('"""DeepEyes: a title.\n\nNew there: | it looks.\n"""\nimport saccade as sc\n'
                    'from saccade import credit\n'
                    'DEVIATIONS = ("smaller",)\n' + a_claim() + "def run():\n    return credit.group_mean()\n")
    return path


def test_a_result_is_shown_with_its_interval_and_a_plot(tmp_path):
    from saccade.claims.history import claim_of

    claim = json.loads(json.dumps(claim_of(a_recipe(tmp_path))))
    (tmp_path / "deepeyes.json").write_text(json.dumps(a_result(claim)))
    page = gallery(recipes=tmp_path, results=tmp_path)["methods/deepeyes.md"]
    assert "**measured**" in page and "**holds**" in page and "+0.300 to +0.300" in page and "<svg" in page
    assert "smaller" in page and "group_mean" in page


def test_a_result_of_an_older_claim_is_not_shown(tmp_path):
    a_recipe(tmp_path)
    (tmp_path / "deepeyes.json").write_text(json.dumps(a_result({"text": "something else"})))
    page = gallery(recipes=tmp_path, results=tmp_path)["methods/deepeyes.md"]
    assert "of an older claim" in page and "holds" not in page and "<svg" not in page


def test_stale_pages_are_found_and_dead_ones_removed(tmp_path):
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods" / "nobody.md").write_text("# gone")
    write_gallery(tmp_path)
    assert stale_pages(tmp_path) == [] and not (tmp_path / "methods" / "nobody.md").exists()
    (tmp_path / "methods.md").write_text((tmp_path / "methods.md").read_text().replace("missing", "measured", 1))
    assert stale_pages(tmp_path) == ["methods.md"]
