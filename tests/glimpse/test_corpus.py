"""The corpus: a function of (seed, index), training splits only, sloppy calls, good crops that are never imitated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from saccade.core.seed import generator
from saccade.glimpse import cards
from saccade.glimpse.corpus import STAGES, UPDATES, shares, talk
from saccade.glimpse.skills import SKILLS, items
from saccade.media.boxes import cover, iou

SCALE = 256 / 16


def texts(made):
    return [(message.role, message.text, message.calls) for message in made.messages]


def test_item_i_is_a_function_of_seed_and_i():
    assert texts(talk(3, 5)) == texts(talk(3, 5))
    assert [texts(talk(3, index)) for index in range(20)] != [texts(talk(4, index)) for index in range(20)]


PARTS = {part.__name__: part for _, mix in STAGES for part in mix}


def test_stages_follow_each_other_over_the_whole_training():
    starts = [sum(length for length, _ in STAGES[:index]) for index in range(len(STAGES))]
    assert [shares(start / UPDATES) for start in starts] == [mix for _, mix in STAGES] and shares(1.0) == STAGES[-1][1]
    bridges = {cards.read_tight, cards.read_plain}
    assert set(STAGES[-1][1]) == set(PARTS.values()) - bridges, "the last stage keeps the rest alive"


@pytest.mark.parametrize("part", sorted(PARTS))
def test_every_part_draws_conversations_that_learn_something(part):
    for index in range(30):
        made = PARTS[part](generator("test", part, index))
        assert made.learned and all(made.messages[place].role == "assistant" for place in made.learned)
        assert made.messages[0].images and made.messages[-1].role == "assistant"


def test_only_training_scans_and_photographs_are_drawn():
    from saccade.worlds.real import scan_indices

    for index in range(300):
        state = cards.generate(generator("test", index), cards.knobs_of(generator("knobs", index)))
        assert state.knobs.split == "train"
        assert all(card.scan in scan_indices("train") for card in state.cards if card.scan is not None)


def test_calls_in_the_loss_are_sloppy():
    """They hold the whole card seldom, and are never the card alone."""
    whole, exact = [], []
    for index in range(600):
        rng = generator("sloppy", index)
        state = cards.generate(rng, replace(cards.knobs_of(rng), glyph_px=14))
        box = [edge * SCALE for edge in cards.sloppy_box(rng, state)]
        assert 0 <= box[0] < box[2] <= 256 and 0 <= box[1] < box[3] <= 256
        whole.append(cover(state.cards[0].box_xyxy, box) > 0.99)
        exact.append(iou(state.cards[0].box_xyxy, box) > 0.8)
    assert 0.05 < sum(whole) / len(whole) < 0.35
    assert not any(exact)


def test_good_crops_hold_the_card_and_are_not_learned():
    for index in range(200):
        rng = generator("good", index)
        state = cards.generate(rng, cards.knobs_of(rng))
        box = [edge * SCALE for edge in cards.good_box(rng, state)]
        assert cover(state.cards[0].box_xyxy, box) > 0.999
        assert 0 <= box[0] < box[2] <= 256 and 0 <= box[1] < box[3] <= 256
        made = cards.look_well(generator("well", index))
        assert not any(made.messages[place].calls for place in made.learned)


@pytest.mark.parametrize("name", sorted(SKILLS))
def test_held_out_questions_exist_for_every_skill(name):
    held = items(name, 5)
    assert [each.question for each in held] == [each.question for each in items(name, 5)]
    assert all(each.pixels and each.question.answer != "" for each in held)
