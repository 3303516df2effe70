"""A reproduction is resumable, refuses claims that are not committed, and writes everything a reader needs.

Training is replaced by a function that gives known numbers: what is tested is what is run, kept, judged and written.
"""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from saccade.claims.history import claim_commit, is_ancestor
from saccade.claims.methods import states_same
from saccade.claims.reproduce import read_recipe, reproduce, rows

RECIPE = '''"""Toy."""
from saccade.core import Claim, PolicySpec, Rows, Run, Schedule
from saccade.episodes.single import single

DEVIATIONS = ()
CLAIM = Claim(text="b beats a", metric="accuracy", arms=("a", "b"), better="b", over="a", control="c", margin={margin},
              seeds=(1, 2))


def run():
    return miniature("b", 0)


def miniature(arm, seed):
    return Run(name=f"toy-{{arm}}", data=Rows(rows=()), episode=single(), policy=PolicySpec(model="glimpse"), seed=seed,
               schedule=Schedule(updates={updates}))
'''
ACCURACY = {"toy-a": 0.1, "toy-b": 0.7, "toy-c": 0.1}


def git(folder, *arguments):
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments], cwd=folder, check=True,
                   capture_output=True)


@pytest.fixture
def place(tmp_path):
    git(tmp_path, "init", "-q")
    write(tmp_path)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "claim")
    return tmp_path


def write(folder, *, margin=0.2, updates=5):
    (folder / "toy.py").write_text(RECIPE.format(margin=margin, updates=updates))


def recipe(folder):
    spec = importlib.util.spec_from_file_location("toy", folder / "toy.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return read_recipe("toy", module)


class Bench:
    """Counts what is measured; may die at a cell."""

    def __init__(self, dies_at=None):
        self.done, self.dies_at = [], dies_at

    def __call__(self, run, folder):
        if (run.name, run.seed) == self.dies_at:
            raise KeyboardInterrupt
        self.done.append((run.name, run.seed))
        return {"accuracy": round(ACCURACY[run.name] + 0.01 * run.seed, 3), "n": 500}


def go(place, bench, **settings):
    return reproduce(recipe(place), out=place / "runs", results=place / "results", measure=bench, say=lambda text: None,
                     **settings)


def test_every_arm_runs_on_every_seed_and_the_result_is_written(place):
    bench = Bench()
    result = go(place, bench)
    assert sorted(bench.done) == [(f"toy-{arm}", seed) for arm in "abc" for seed in (1, 2)]
    assert result["verdict"] == "holds"
    written = json.loads((place / "results" / "toy.json").read_text())
    assert written["values"] == {"a": {"1": 0.11, "2": 0.12}, "b": {"1": 0.71, "2": 0.72}, "c": {"1": 0.11, "2": 0.12}}
    assert written["effect"]["mean"] == pytest.approx(0.6) and written["effect"]["n"] == 2
    assert {"claim", "claim_commit", "commit", "seconds", "machine", "scale", "metric", "effects"} <= set(written)
    assert written["machine"]["cores"] >= 1
    assert [row["arm"] for row in rows(written)] == ["a", "b", "c"]


def test_a_killed_reproduction_goes_on_where_it_was(place):
    with pytest.raises(KeyboardInterrupt):
        go(place, Bench(dies_at=("toy-a", 2)))
    assert not (place / "results").exists()
    bench = Bench()
    go(place, bench)
    assert bench.done == [("toy-a", 2), ("toy-b", 2), ("toy-c", 2)]
    again = Bench()
    assert go(place, again)["verdict"] == "holds" and again.done == []


def test_a_cell_whose_run_has_changed_is_done_again(place):
    go(place, Bench())
    write(place, updates=6)
    bench = Bench()
    go(place, bench)
    assert len(bench.done) == 6


def test_a_part_of_the_cells_gives_no_result_file(place):
    result = go(place, Bench(), only=[("b", 1)])
    assert result["missing"] == 5 and result["verdict"] == "untestable"
    assert not (place / "results").exists()


def test_a_claim_that_is_not_committed_is_refused(place):
    write(place, margin=0.05)
    with pytest.raises(ValueError, match=r"toy\.py.*not committed"):
        go(place, Bench())


def test_the_claim_commit_is_the_last_change_of_the_claim_and_not_of_the_file(place):
    first = claim_commit(place / "toy.py")
    write(place, updates=9)
    git(place, "commit", "-qam", "longer")
    assert claim_commit(place / "toy.py") == first
    assert is_ancestor(first, "HEAD", folder=place)
    write(place, updates=9, margin=0.3)
    git(place, "commit", "-qam", "bolder")
    second = claim_commit(place / "toy.py")
    assert second != first and is_ancestor(first, second, folder=place) and not is_ancestor(second, first, folder=place)


def test_a_claim_changed_after_its_result_makes_it_stale(place):
    go(place, Bench())
    result = json.loads((place / "results" / "toy.json").read_text())
    assert states_same(result, place / "toy.py")
    text = (place / "toy.py").read_text()
    (place / "toy.py").write_text(text.replace("CLAIM = Claim(text=", "CLAIM = Claim(\n    text="))
    assert states_same(result, place / "toy.py"), "formatting is no change"
    write(place, margin=0.3)
    assert not states_same(result, place / "toy.py")


def test_a_summary_without_the_metric_is_named(place):
    with pytest.raises(ValueError, match=r"toy-a.*no 'accuracy'.*loss"):
        go(place, lambda run, folder: {"loss": 1.0})


def test_outside_a_checkout_there_is_no_claim_commit(tmp_path):
    write(tmp_path)
    assert claim_commit(tmp_path / "toy.py") is None


def test_a_computed_claim_is_refused(tmp_path):
    text = RECIPE.format(margin="0.1 + SLACK", updates=1)
    (tmp_path / "toy.py").write_text(text)
    from saccade.claims.history import claim_of

    with pytest.raises(ValueError, match=r"toy\.py.*plain data"):
        claim_of(tmp_path / "toy.py")


def test_a_recipe_without_a_claim_has_nothing_to_reproduce(place):
    module = type("Module", (), {"__file__": str(place / "toy.py")})
    with pytest.raises(ValueError, match="has no CLAIM"):
        read_recipe("toy", module)


BESIDE = '''

from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """Says which process it was measured in, and dies once where it is told to."""

    name: str
    arm: str
    seed: int

    def measure(self):
        import os
        from pathlib import Path

        died = Path(__file__).parent / "died"
        if (self.arm, self.seed) == ("a", 2) and not died.exists():
            died.touch()
            os._exit(9)
        return {"accuracy": {"a": 0.1, "b": 0.7, "c": 0.1}[self.arm], "process": os.getpid(),
                "threads": float(os.environ.get("OMP_NUM_THREADS", 0))}


def miniature(arm, seed):
    return Shown(name=f"toy-{arm}", arm=arm, seed=seed)
'''


def test_cells_run_beside_each_other_and_one_that_died_is_run_again(place):
    (place / "toy.py").write_text((place / "toy.py").read_text() + BESIDE)
    git(place, "commit", "-qam", "jobs")
    done = subprocess.run(
        [sys.executable, "-m", "saccade", "reproduce", str(place / "toy.py"), "--jobs", "2", "--out", str(place / "cells"),
         "--results", str(place / "results"), "--json"],
        cwd=place, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "7"}, check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["verdict"] == "holds" and result == json.loads((place / "results" / "toy.json").read_text())
    cells = [result["summaries"][arm][seed] for arm in "abc" for seed in "12"]
    assert len({each["process"] for each in cells}) == 6
    again = result["summaries"]["a"]["2"]
    assert again["threads"] == 7, "the cell that died is run again by the process that judges"
    assert all(each["threads"] == max(1, (os.cpu_count() or 1) // 2) for each in cells if each is not again)
