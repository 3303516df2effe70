"""Every recipe file keeps its contract and trains two updates, found because it exists."""

import dataclasses
import json
import math

import pytest

from saccade.catalog import ROOT, entries
from saccade.claims.measure import measure
from saccade.claims.smoke import family_of, row, shrink, smoke
from saccade.claims.verdict import arms_of
from saccade.cli.resolve import recipe_module
from saccade.core import Run, describe
from saccade.data.published import Published, published
from saccade.recipes import deepeyes, grpo
from saccade.testing.contracts import check_file
from saccade.testing.tiny import tiny

RECIPES = [each.name for each in entries("recipe")]


def runs_of(made):
    return [each.run for each in made] if isinstance(made, tuple) else [made]


@pytest.mark.parametrize("name", RECIPES)
def test_contract(name):
    assert check_file(ROOT / "recipes" / f"{name}.py") == ("recipe", [])


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_can_be_printed_and_compared_without_its_data(name):
    first, second = (describe(recipe_module(name).run()) for _ in range(2))
    assert first == second and json.dumps(first)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains_two_updates(name, tmp_path):
    made = recipe_module(name).run()
    for run, summary in zip(runs_of(made), smoke(made, tmp_path), strict=True):
        assert summary["updates"] == 2 and math.isfinite(summary["last"]["loss"])
        assert (summary["num_sampled"] > 0) == (run.mode == "rl")


def changed_fields(first, second):
    return {
        each.name
        for each in dataclasses.fields(Run)
        if describe(getattr(first, each.name)) != describe(getattr(second, each.name))
    }


@pytest.mark.parametrize("name", RECIPES)
def test_shrinking_changes_sizes_steps_checkpoint_and_data_only(name, tmp_path):
    for number, run in enumerate(runs_of(recipe_module(name).run())):
        small = shrink(run, tmp_path / str(number))
        assert changed_fields(run, small) <= {"data", "policy", "limits", "explore", "schedule", "evals"}
        assert describe(small.rewards) == describe(run.rewards) and describe(small.objective) == describe(run.objective)


@pytest.mark.parametrize("layout", ["trl", "verl", "easyr1", "llava", "swift"])
def test_smoke_rows_are_read_in_every_layout(layout, tmp_path):
    data = shrink(dataclasses.replace(grpo.run(), data=published("x", about="y", layout=layout)), tmp_path).data
    assert len(data) == 4 and [data[index].target for index in range(4)] == ["0", "1", "2", "3"]
    assert all(len(data[index].images) == 1 for index in range(4))


def test_unknown_layouts_and_families_are_named():
    with pytest.raises(ValueError, match="no smoke rows in the layout 'mine'"):
        row("mine", "q", "a", "p")
    with pytest.raises(ValueError, match="family of 'llama'"):
        family_of("llama")


def test_data_that_is_not_here_says_where_it_is_from():
    assert isinstance(deepeyes.run().data, Published)
    for use in (len, lambda data: data[0]):
        with pytest.raises(ValueError, match=r"DeepEyes-Datasets-47k.*--data FILE.*verl"):
            use(deepeyes.run().data)


def weights(run):
    return {each.name: each.weight for each in run.rewards}


def test_the_arms_of_deepeyes_differ_in_what_the_claim_is_about():
    arms = {arm: deepeyes.miniature(arm, 3) for arm in arms_of(deepeyes.CLAIM)}
    assert weights(arms["outcome"]) == {"answer_match": 0.8, "format_tags": 0.2}
    assert weights(arms["unconditional"]) == {"answer_match": 0.8, "format_tags": 0.2, "tool_bonus": 0.4}
    assert (
        weights(arms["conditional"])
        == weights(arms["random_box"])
        == {"answer_match": 0.8, "format_tags": 0.2, "tool_bonus": 1.2}
    )
    assert changed_fields(arms["conditional"], arms["random_box"]) == {"name", "tools"}
    assert changed_fields(arms["conditional"], arms["outcome"]) == {"name", "rewards"}
    assert changed_fields(arms["conditional"], arms["start"]) == {"name", "schedule"}
    assert arms["start"].schedule.updates == 0 < arms["conditional"].schedule.updates


def test_the_control_of_grpo_differs_in_credit_alone():
    method, control = (grpo.miniature(arm, 1) for arm in ("grpo", "shuffled"))
    assert changed_fields(method, control) == {"name", "credit"}


def test_arms_of_one_seed_see_the_same_items_and_are_judged_on_items_nobody_trained_on():
    first, other, again = grpo.miniature("grpo", 1), grpo.miniature("grpo", 2), deepeyes.miniature("outcome", 1)
    assert first.data[0].id == again.data[0].id != other.data[0].id
    (held_out,) = first.evals
    assert len(held_out.data) == 500 and describe(held_out) == describe(other.evals[0]) == describe(again.evals[0])
    assert held_out.data[0].meta["knobs"]["split"] == "test" and first.data[0].meta["knobs"]["split"] == "train"


def test_glimpse_is_offered_the_tool_it_was_taught():
    from saccade.glimpse.talk import zoom_schema

    (tool,) = grpo.miniature("grpo", 1).tools
    assert tool.schema == zoom_schema() and tool.frame == "grid"


@pytest.mark.slow
def test_an_arm_is_trained_evaluated_and_resumed(tmp_path):
    run = grpo.miniature("grpo", 1)
    (held_out,) = run.evals
    small = dataclasses.replace(
        run,
        policy=dataclasses.replace(
            run.policy,
            model=str(tiny("qwen2_5_vl", tmp_path / "tiny")),
            sampling=dataclasses.replace(run.policy.sampling, max_tokens=4),
        ),
        schedule=dataclasses.replace(run.schedule, updates=3, prompts=1, tokens=20),
        explore=dataclasses.replace(run.explore, n=2),
        evals=(
            dataclasses.replace(held_out, data=held_out.data.world.source(size=3, seed=7, level="real", split="test")),
        ),
    )
    found = measure(small, tmp_path / "arm", progress=False)
    assert found["n"] == 3 and 0 <= found["accuracy"] <= 1 and "evidence_iou" in found
    assert found["sampled_tokens"] >= 16 and found["updates"] <= 3
    stamp = (tmp_path / "arm" / "train" / "model" / "model.safetensors").stat().st_mtime_ns
    assert measure(small, tmp_path / "arm", progress=False) == found
    assert (tmp_path / "arm" / "train" / "model" / "model.safetensors").stat().st_mtime_ns == stamp
