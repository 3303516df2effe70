"""Every world keeps the promises of `core.world`: found because its file exists, nothing listed by hand."""

import dataclasses
import importlib
import pickle
import random
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import saccade.worlds
from saccade.core.folder import names
from saccade.core.seed import generator
from saccade.core.world import World
from saccade.media.image import read_rgb

FOLDER = Path(saccade.worlds.__path__[0])
WORLDS = names(FOLDER)
NUM_ITEMS = 25
HOSTILE = ("", " ", "?", "0 1 2 3 4 5 6 7 8 9", "yes no", "<0>", "<0><0><0><0>", "<16><16><0><0>", "nan", "inf", "-1e309",
           "\x00", "<|im_end|>", "yes" * 10_000, "٣", "７", "<1><2><3><4><5>", "[1, 2, 3]", "{}", "None", "red blue")

each_world = pytest.mark.parametrize("name", WORLDS)


def module_of(name: str) -> ModuleType:
    return importlib.import_module(f"saccade.worlds.{name}")


def world_of(name: str) -> World:
    return vars(module_of(name))[name]


@lru_cache(maxsize=4)
def items_of(name: str) -> list:
    """(world, level, state, sample) for every level; the easy one most, large pictures least."""
    world, out = world_of(name), []
    for level in world.levels:
        source = world.source(size=NUM_ITEMS, seed=11, level=level)
        num = NUM_ITEMS if level == "easy" else 8 if source.knobs.size_px <= 256 else 3
        out += [(world, level, world.state(11, index, source.knobs), source[index]) for index in range(num)]
    return out


def drawn(sample) -> list[bytes]:
    return [image.data.tobytes() for image in sample.images]


def test_worlds_are_found_and_the_shared_files_are_not_taken_for_worlds() -> None:
    assert {"hidden_detail", "scenes", "charts", "tables", "text", "mazes", "pairs", "clips"} <= set(WORLDS)
    assert not {"real", "marks", "answers", "shapes", "boards", "graphs", "latin_squares", "sequences"} & set(WORLDS)


@each_world
def test_it_is_a_world_called_like_its_file_with_frozen_knobs(name: str) -> None:
    world = world_of(name)
    assert isinstance(world, World)
    assert world.name == name
    assert "easy" in world.levels
    knobs = world.knobs()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(knobs, dataclasses.fields(knobs)[0].name, 1)
    documented = world.knobs.__doc__ or ""
    assert all(field.name in documented for field in dataclasses.fields(knobs))
    assert all(isinstance(level, world.knobs) for level in world.levels.values())


@each_world
def test_an_item_depends_on_seed_and_index_alone(name: str) -> None:
    world = world_of(name)
    for level in world.levels:
        forward = world.source(size=8, seed=3, level=level)
        order = list(range(8))
        random.Random(0).shuffle(order)
        seen = {index: forward[index] for index in order}
        for index in range(8):
            again = world.source(size=99, seed=3, level=level)[index]
            assert (again.id, again.prompt, again.target, again.meta) == (
                seen[index].id, seen[index].prompt, seen[index].target, seen[index].meta)
            assert drawn(again) == drawn(seen[index])
    other = world.source(size=8, seed=4)
    assert any(drawn(other[i]) != drawn(world.source(size=8, seed=3)[i]) for i in range(8))


@each_world
def test_gold_solves_and_the_solver_agrees_with_the_question(name: str) -> None:
    for world, _, state, sample in items_of(name):
        assert world.verify(state, world.solve(state)) == 1.0
        assert world.verify(state, str(sample.target)) == 1.0
        assert str(sample.target) == str(world.ask(state).answer)
        assert world.solve(state) == str(sample.target) or sample.meta.get("several")


@each_world
def test_wrong_empty_and_hostile_answers_score_nothing(name: str) -> None:
    for world, _, state, _ in items_of(name)[:12]:
        for answer in HOSTILE:
            assert world.verify(state, answer) == 0.0, (world.ask(state), answer)


@each_world
@settings(max_examples=40, deadline=None)
@given(answer=st.text(max_size=40))
def test_any_text_gets_a_score_between_0_and_1(name: str, answer: str) -> None:
    world = world_of(name)
    state = world.state(0, 0, world.levels["easy"])
    assert 0.0 <= world.verify(state, answer) <= 1.0


@each_world
def test_one_constant_answer_does_not_solve_the_world(name: str) -> None:
    world = world_of(name)
    states = [world.state(5, index, world.levels["easy"]) for index in range(200)]
    answers = [world.solve(state) for state in states]
    best = max(set(answers), key=answers.count)
    assert np.mean([world.verify(state, best) for state in states]) <= 0.6


@each_world
def test_pictures_are_rgb_and_the_store_can_read_them(name: str) -> None:
    for _, _, _, sample in items_of(name):
        assert sample.images
        for image in sample.images:
            assert image.data.mode == "RGB"
            assert min(image.data.size) >= 32
            assert read_rgb(image).tobytes() == image.data.tobytes()


@each_world
def test_the_truth_is_complete_and_inside_the_picture(name: str) -> None:
    for world, level, _, sample in items_of(name):
        meta = sample.meta
        assert meta["world"] == name
        assert meta["level"] == level
        assert meta["answer_type"] in ("exact", "number", "box", "choice", "sequence", "set")
        assert isinstance(meta["overview_suffices"], bool)
        assert meta["evidence"], sample.prompt
        assert len(meta["description"]) > 20
        assert meta["knobs"] == dataclasses.asdict(world.levels[level])
        width, height = sample.images[meta.get("evidence_image", 0)].data.size
        for x1, y1, x2, y2 in [*meta["evidence"], *meta["distractors"]]:
            assert 0 <= x1 < x2 <= width
            assert 0 <= y1 < y2 <= height
        if sample.choices:
            assert sample.target in sample.choices


@each_world
def test_the_picture_shows_the_evidence(name: str) -> None:
    """A box of the evidence holds something: it varies inside, or differs from the rest of the picture."""
    for _, _, _, sample in items_of(name):
        pixels = np.asarray(sample.images[sample.meta.get("evidence_image", 0)].data, dtype=float)
        inside = np.zeros(pixels.shape[:2], bool)
        for x1, y1, x2, y2 in ([round(edge) for edge in box] for box in sample.meta["evidence"]):
            inside[y1:max(y2, y1 + 1), x1:max(x2, x1 + 1)] = True
        contrast = 0.0 if inside.all() else abs(pixels[inside].mean() - pixels[~inside].mean())
        assert max(contrast, pixels[inside].std()) > 3, sample.prompt[0].text


@each_world
def test_every_question_of_a_picture_is_distinct_and_holds_the_own_one(name: str) -> None:
    for world, _, state, _ in items_of(name):
        asked = module_of(name).questions(state)
        assert world.ask(state) in asked
        assert len({question.text for question in asked}) == len(asked)
        assert all(question.text and str(question.answer) for question in asked)


@each_world
def test_the_description_tells_apart_items_with_different_answers(name: str) -> None:
    told: dict[tuple[str, str], str] = {}
    for world, _, state, sample in items_of(name):
        key = (sample.meta["description"], world.ask(state).text)
        assert told.setdefault(key, str(sample.target)) == str(sample.target) or sample.meta.get("several")


@each_world
def test_levels_and_knobs_change_what_is_drawn(name: str) -> None:
    world = world_of(name)
    first = {level: [drawn(world.source(size=4, seed=1, level=level)[i]) for i in range(4)] for level in world.levels}
    assert len({str(each) for each in first.values()}) == len(world.levels)
    source = world.source(size=1, seed=1)
    other = next(iter(level for level in world.levels if level != "easy"))
    assert source[0].images[0].ref != world.source(size=1, seed=1, level=other)[0].images[0].ref


@each_world
def test_changed_knobs_give_pictures_other_names(name: str) -> None:
    world = world_of(name)
    knob, value = next((key, value) for key, value in dataclasses.asdict(world.levels["easy"]).items()
                       if type(value) is int)
    plain, other = world.source(size=1)[0], world.source(size=1, **{knob: value + 1})[0]
    assert plain.images[0].ref != other.images[0].ref


@each_world
def test_sources_and_states_can_be_sent_to_another_process(name: str) -> None:
    world = world_of(name)
    source = world.source(size=3, seed=2)
    assert drawn(pickle.loads(pickle.dumps(source))[1]) == drawn(source[1])
    state = world.state(2, 1, source.knobs)
    assert pickle.loads(pickle.dumps(state)) == state
    hash(state)


@each_world
def test_unknown_levels_and_knobs_are_named(name: str) -> None:
    world = world_of(name)
    with pytest.raises(ValueError, match="no level 'impossible'"):
        world.source(size=1, level="impossible")
    with pytest.raises(ValueError, match="no knob 'colour_of_the_moon'"):
        world.source(size=1, colour_of_the_moon=1)
    with pytest.raises(IndexError):
        world.source(size=1)[1]


@each_world
def test_examples_are_true(name: str) -> None:
    world = world_of(name)
    examples = module_of(name).EXAMPLES
    assert examples
    for seed, index, answer in examples:
        sample = world.source(size=index + 1, seed=seed)[index]
        assert str(sample.target) == answer


@each_world
def test_generation_draws_only_from_its_generator(name: str) -> None:
    world = world_of(name)
    knobs = world.levels["easy"]
    np.random.seed(1)
    one = world.generate(generator("a"), knobs)
    np.random.seed(2)
    two = world.generate(generator("a"), knobs)
    assert one == two
    assert [p.tobytes() for p in world.render(one)] == [p.tobytes() for p in world.render(two)]
