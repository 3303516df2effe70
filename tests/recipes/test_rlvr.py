"""The arms of a claim differ in what it is about, and the simulators and habits they run on are what they say."""

import importlib

import pytest

import saccade as sc
from saccade.catalog import ROOT
from saccade.claims.methods import slug, systems
from saccade.claims.verdict import arms_of
from saccade.core.run import describe
from saccade.recipes import _answering as base
from saccade.recipes import _changes
from saccade.rewards.change_list import change_list
from saccade.testing.scripted import scripted

NAMES = [slug(each["name"]) for each in systems() if each["family"] == "rlvr"
         and (ROOT / "recipes" / f"{slug(each['name'])}.py").is_file()]


def module_of(name):
    return importlib.import_module(f"saccade.recipes.{name}")


def last(made):
    return made[-1].run if isinstance(made, tuple) else made


@pytest.mark.parametrize("name", NAMES)
def test_every_arm_is_a_run_of_its_own_on_the_same_held_out_items(name):
    module = module_of(name)
    claim = module.CLAIM
    runs = {arm: module.miniature(arm, 1) for arm in arms_of(claim)}
    found = [describe(made) for made in runs.values()]
    assert all(one != other for place, one in enumerate(found) for other in found[:place])
    first = next(iter(runs.values()))
    for made in runs.values():
        assert [each.name for each in last(made).evals] == [each.name for each in last(first).evals]
        assert describe(last(made).evals[0].rewards) == describe(last(first).evals[0].rewards)
        assert (last(made).policy.model.startswith("tabular:")) == (claim.scale == "tabular")
    assert describe(module.miniature(claim.better, 1)) == describe(module.miniature(claim.better, 1))
    assert describe(module.miniature(claim.better, 1)) != describe(module.miniature(claim.better, 2))


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_reads_like_one_page_and_states_where_it_departs(name):
    text = (ROOT / "recipes" / f"{name}.py").read_text()
    assert "arXiv" in text and module_of(name).DEVIATIONS
    assert len(text.splitlines()) <= 145


def test_a_habit_of_speech_gives_the_answer_away_as_often_as_it_says():
    items = base.Habit(source=base.scenes(1, "name"), share=0.8, usual=base.usual_colour)
    asked = [items[index] for index in range(60)]
    colours = [each for each in asked if base.question_of(each).startswith("What colour")]
    usual = sum(str(each.target) == base.usual_colour(base.question_of(each)) for each in colours) / len(colours)
    assert usual > 0.7 and len(colours) > 20
    open_items = base.scenes(1, "name")
    plain = [each for each in (open_items[index] for index in range(60)) if base.question_of(each).startswith("What colour")]
    assert sum(str(each.target) == base.usual_colour(base.question_of(each)) for each in plain) / len(plain) < 0.5


def test_grey_pictures_keep_the_question_and_nothing_else():
    item = base.scenes(1, "name")[0]
    grey = base.Grey(source=base.scenes(1, "name"))[0]
    assert base.question_of(grey) == base.question_of(item) and grey.images[0].ref != item.images[0].ref
    assert len(grey.images[0].data.getcolors()) == 1 and grey.images[0].data.size == item.images[0].data.size


def test_changes_are_what_was_changed():
    for index in range(8):
        sample = _changes.changed(base.scenes(3, "name", least=2)[index])
        said = _changes.listed(lambda item: item.meta["wanted"])(sample)
        assert change_list(table="exact").function(scripted(said, sample.target)).value == 1
        assert len(sample.images) == 2 and sample.images[0].ref != sample.images[1].ref


def test_one_name_never_stands_for_two_pictures():
    few, many = (base.scenes(1, "name", least=least)[0] for least in (1, 3))
    assert few.id == many.id and few.images[0].ref != many.images[0].ref
    for change in (base.noised, _changes.changed):
        refs = [{image.ref for image in change(each).images} for each in (few, many)]
        assert not refs[0] & refs[1]


def test_detection_targets_are_read_back():
    from saccade.rewards.detection_iou import detection_iou

    sample = base.detecting(base.scenes(2, "name", least=2))[0]
    assert detection_iou().function(scripted(base.answer(sample), sample.target, answer_frame="grid")).value == 1
    assert isinstance(sample, sc.Sample) and "world" not in sample.meta
