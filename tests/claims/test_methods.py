"""The list of systems: 136 of them, read from files, with claims older than their results."""

import dataclasses
import json
from collections import Counter

import pytest

from saccade.catalog import ROOT
from saccade.claims.history import git, is_ancestor
from saccade.claims.methods import FAMILIES, RECIPES, RESULTS, file_digest, method, methods, slug, systems

COUNTS = {
    "image_tools": 22,
    "rlvr": 29,
    "video": 24,
    "latent_and_architecture": 21,
    "agents": 22,
    "data_and_benchmarks": 18,
}
"""Cards per family less the three systems that have a second card for their data."""

FIELDS = ["name", "title", "family", "recipe", "smoke", "status", "scale", "verdict", "claim_commit", "result"]


def test_there_are_136_systems_in_their_families():
    assert Counter(each["family"] for each in systems()) == COUNTS
    assert sum(COUNTS.values()) == 136 and set(COUNTS) == set(FAMILIES)


def test_names_are_unique_and_so_are_their_files():
    names = [each["name"] for each in systems()]
    assert len(set(names)) == 136 and len({slug(name) for name in names}) == 136
    assert all(slug(name).isidentifier() for name in names)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("DeepEyes", "deepeyes"),
        ("VLM-R^3", "vlm_r3"),
        ("InternVL3.5", "internvl3_5"),
        ("GLM-4.1V-Thinking (RLCS)", "glm_4_1v_thinking"),
    ],
)
def test_slugs(name, file):
    assert slug(name) == file


def test_every_method_has_exactly_the_fields():
    for each in methods():
        found = dataclasses.asdict(each)
        assert list(found) == FIELDS
        assert found["status"] in ("missing", "parts", "runs", "measured")
        assert found["verdict"] in (None, "holds", "fails", "untestable")
        assert found["scale"] in (None, "glimpse", "tabular")
        assert (found["status"] == "missing") == (found["recipe"] is None)
        assert (found["verdict"] is None) == (found["status"] != "measured")


def test_every_recipe_belongs_to_a_system_or_is_the_trunk():
    known = {slug(each["name"]) for each in systems()} | {"grpo"}
    assert {path.stem for path in RECIPES.glob("[!_]*.py")} <= known


@pytest.mark.parametrize(
    "path", sorted(RESULTS.glob("[!_]*.json")) if RESULTS.is_dir() else [], ids=lambda path: path.stem
)
def test_claims_were_committed_before_their_results(path):
    if path.stem == "smoke":
        return
    result = json.loads(path.read_text())
    if git("rev-parse", "--is-shallow-repository", folder=ROOT) != "false\n":
        pytest.skip("the history of this checkout is not here")
    assert result["claim_commit"] and result["commit"]
    assert is_ancestor(result["claim_commit"], result["commit"], folder=ROOT)
    assert is_ancestor(result["claim_commit"], "HEAD", folder=ROOT)


SYSTEM = {"name": "Toy Method", "title": "Toys", "family": "rlvr"}
CLAIM = {"text": "b beats a", "metric": "accuracy", "arms": ("a", "b"), "better": "b", "control": "c", "margin": 0.1}
SOURCE = (
    '"""Toy."""\nfrom saccade.core import Claim\nCLAIM = Claim('
    + ", ".join(f"{key}={value!r}" for key, value in CLAIM.items())
    + ")\n\n\ndef run(): ...\n"
)


def status(tmp_path, *, source=None, result=None, smoked=None):
    if source is not None:
        (tmp_path / "toy_method.py").write_text(source)
    if result is not None:
        (tmp_path / "toy_method.json").write_text(json.dumps(result))
    record = (
        {} if smoked is None else {"toy_method": {"passed": smoked, "recipe": file_digest(tmp_path / "toy_method.py")}}
    )
    return method(SYSTEM, recipes=tmp_path, results=tmp_path, smoked=record)


def test_status_grows_with_what_is_there(tmp_path):
    assert status(tmp_path).status == "missing"
    assert status(tmp_path, source='"""Only a part."""\n').status == "parts"
    assert status(tmp_path, source=SOURCE).status == "runs"
    assert status(tmp_path, source=SOURCE, smoked=False).status == "parts"
    assert status(tmp_path, source=SOURCE, smoked=True).smoke is True
    result = {
        "method": "toy_method",
        "verdict": "fails",
        "values": {},
        "claim": json.loads(json.dumps(CLAIM)),
        "claim_commit": "abc",
    }
    measured = status(tmp_path, source=SOURCE, result=result)
    assert (measured.status, measured.verdict, measured.claim_commit, measured.scale) == (
        "measured",
        "fails",
        "abc",
        "glimpse",
    )


def test_a_stale_result_is_no_verdict(tmp_path):
    result = {
        "method": "toy_method",
        "verdict": "holds",
        "values": {},
        "claim": {**CLAIM, "margin": 0.01},
        "claim_commit": "a",
    }
    found = status(tmp_path, source=SOURCE, result=result)
    assert found.status == "runs" and found.verdict is None and found.claim_commit is None


def test_a_smoke_record_of_another_version_of_the_file_does_not_count(tmp_path):
    (tmp_path / "toy_method.py").write_text(SOURCE)
    record = {"toy_method": {"passed": True, "recipe": "0" * 16}}
    assert method(SYSTEM, recipes=tmp_path, results=tmp_path, smoked=record).smoke is None


def test_a_broken_result_file_is_named(tmp_path):
    (tmp_path / "toy_method.py").write_text(SOURCE)
    (tmp_path / "toy_method.json").write_text("{")
    with pytest.raises(ValueError, match=r"toy_method.json:1"):
        method(SYSTEM, recipes=tmp_path, results=tmp_path, smoked={})


def test_a_recipe_whose_claim_failed_says_why_and_what_was_tried():
    from saccade.claims.gallery import texts_of

    for each in methods():
        if each.verdict == "fails":
            lines = list(texts_of("FAILURE", ROOT.parent / each.recipe))
            assert len(lines) >= 3 and any(sign.isdigit() for sign in "".join(lines)), f"{each.recipe} has no FAILURE"
