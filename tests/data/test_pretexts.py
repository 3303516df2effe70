"""Pretexts: the target is what was done to the picture, measured in the pixels."""

import numpy as np
import pytest

from saccade import rewards
from saccade.data import source
from saccade.data.pretexts import QUARTERS, pretexts
from saccade.testing.scripted import scripted

PICTURES = source("world:scenes?size=12&seed=4&level=easy&least=3")


def pixels(sample):
    return [np.asarray(image.data, dtype=int) for image in sample.images]


def test_the_second_picture_is_the_first_one_turned():
    for index in range(8):
        sample = pretexts(PICTURES, "rotation")[index]
        first, second = pixels(sample)
        assert np.array_equal(np.rot90(first, int(sample.target) // 90), second)
    assert pretexts(PICTURES, "rotation", step=45)[0].choices == tuple(str(angle) for angle in range(0, 360, 45))


def test_pieces_in_the_answered_order_restore_the_picture():
    for pieces in ((2, 2), (2, 1), (3, 3)):
        sample = pretexts(PICTURES, "jigsaw", pieces=pieces)[1]
        shown = pixels(sample)
        order = [int(each) - 1 for each in sample.target.split(", ")]
        rows = [np.concatenate([shown[place] for place in order[at: at + pieces[1]]], axis=1)
                for at in range(0, len(order), pieces[1])]
        whole = np.asarray(PICTURES[1].images[0].data, dtype=int)
        restored = np.concatenate(rows)
        assert np.array_equal(restored, whole[: restored.shape[0], : restored.shape[1]])


def test_a_jigsaw_is_paid_by_pieces_in_place():
    reward = rewards.answer_match(partial=True)
    sample = pretexts(PICTURES, "jigsaw")[0]
    right = sample.target.split(", ")
    wrong = [right[1], right[0], *right[2:]]
    for text, value in ((", ".join(right), 1.0), (", ".join(wrong), 0.5), ("1", 0.0), ("", 0.0)):
        assert reward.function(scripted(f"<answer>{text}</answer>", sample.target, answer_type="sequence")).value == value


def test_the_crop_lies_in_the_quarter():
    for index in range(8):
        sample = pretexts(PICTURES, "position")[index]
        whole, crop = pixels(sample)
        high, wide = crop.shape[:2]
        places = [(y, x) for y in range(whole.shape[0] - high + 1) for x in range(whole.shape[1] - wide + 1)
                  if np.array_equal(whole[y: y + high, x: x + wide], crop)]
        inside = {QUARTERS[2 * (y + high / 2 > whole.shape[0] / 2) + (x + wide / 2 > whole.shape[1] / 2)] for y, x in places}
        assert sample.target in inside


def test_contrastive_views_without_alterations_are_equal_when_positive_only():
    made = pretexts(PICTURES, "contrastive", strength=0.0, seed=3)
    answers = set()
    for index in range(12):
        sample = made[index]
        answers.add(sample.target)
        first, second = pixels(sample)
        assert (sample.target == "positive") or not np.array_equal(first, second)
    assert answers == {"positive", "negative"}


def test_items_do_not_depend_on_the_order_of_asking():
    made = pretexts(PICTURES, "jigsaw", seed=1)
    assert [made[index].target for index in (3, 1, 2)] == [pretexts(PICTURES, "jigsaw", seed=1)[i].target for i in (3, 1, 2)]
    with pytest.raises(ValueError, match="task is rotation"):
        pretexts(PICTURES, "colouring")
    with pytest.raises(ValueError, match="step divides 360"):
        pretexts(PICTURES, "rotation", step=7)
