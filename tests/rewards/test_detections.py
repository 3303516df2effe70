"""Detection rewards against hand-made cases and scipy: what is paid for boxes too many, too few, unsure, unlabelled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade import rewards
from saccade.rewards._detections import best_pairs
from saccade.testing.scripted import scripted
from saccade.text.detections import detections

THREE = [{"bbox_2d": [0, 0, 20, 20], "label": "cat"}, {"bbox_2d": [40, 0, 60, 20], "label": "cat"},
         {"bbox_2d": [0, 40, 20, 60], "label": "dog"}]


def value(reward, boxes, target=THREE, **meta):
    return reward.function(scripted(f"<answer>{boxes}</answer>", target, **meta)).value


def test_boxes_at_the_end_never_lower_average_precision_and_always_lower_it_with_length():
    extra = [{"bbox_2d": [100 + 30 * k, 100, 120 + 30 * k, 120], "label": "cat"} for k in range(6)]
    plain, scaled = rewards.detection_ap(length_scaled=False), rewards.detection_ap()
    assert value(plain, THREE) == value(plain, THREE + extra) == 1.0
    assert [value(scaled, THREE + extra[:n]) for n in (0, 1, 3, 6)] == pytest.approx([1, 3 / 4, 1 / 2, 1 / 3])


def test_false_boxes_in_front_lower_average_precision():
    wrong = {"bbox_2d": [100, 100, 120, 120], "label": "cat"}
    cats = THREE[:2]
    # one label: precision 1/2 and 2/3 at the two hits; the envelope is 2/3 for every recall
    assert value(rewards.detection_ap(thresholds=(0.5,), length_scaled=False), [wrong, *cats], cats) == pytest.approx(2 / 3)
    # one of two found: 51 of 101 recall points have precision 1
    assert value(rewards.detection_ap(thresholds=(0.5,)), cats[:1], cats) == pytest.approx(51 / 101)


def test_coco_thresholds_grade_the_overlap():
    shifted = [{"bbox_2d": [0, 0, 20, 15], "label": "cat"}]  # overlap 0.75: passes 0.5 to 0.75, six of ten
    assert value(rewards.detection_ap(), shifted, THREE[:1]) == pytest.approx(0.6)


def test_labels_must_agree_where_both_sides_have_them():
    swapped = [{**each, "label": "dog" if each["label"] == "cat" else "cat"} for each in THREE]
    bare = [each["bbox_2d"] for each in THREE]
    for reward in (rewards.detection_iou(), rewards.detection_f1(), rewards.detection_ap(), rewards.object_match()):
        assert value(reward, THREE) == pytest.approx(1.0)
        assert value(reward, swapped) < 0.4 or reward.name == "object_match"
        assert value(reward, bare) > 0.3


def test_the_published_normalisers_of_visual_rft():
    one = [{"Position": [0, 0, 20, 20], "Confidence": 1.0, "label": "cat"}]
    assert value(rewards.detection_iou(), one) == pytest.approx(1 / 3)
    assert value(rewards.detection_iou(per="found"), one) == 1.0
    published = rewards.detection_confidence(published=True)
    sure = [{"Position": [0, 0, 20, 20], "Confidence": 0.8}, {"Position": [90, 90, 99, 99], "Confidence": 0.3}]
    assert value(published, sure) == pytest.approx((0.8 + 0.7) / 2)
    assert value(published, [sure[1] | {"Confidence": 0.0}]) == 1.0  # a sure miss: why the default asks for a hit
    assert value(rewards.detection_confidence(), [sure[1] | {"Confidence": 0.0}]) == 0.0


def test_duplicates_count_once_and_nothing_is_an_answer():
    assert value(rewards.detection_iou(), THREE + THREE) == pytest.approx(1.0)
    for reward in (rewards.detection_iou(), rewards.detection_f1(), rewards.detection_ap(), rewards.object_match()):
        assert value(reward, "none", []) == value(reward, "[]", "none") == 1.0
        assert value(reward, THREE, []) == 0.0 == value(reward, "none")
    assert value(rewards.detection_confidence(), "none", []) is None


def test_weighted_sum_of_place_and_completeness():
    # two of three matched perfectly, one false box: place 1, missed 1/3, false 1/3
    boxes = [*THREE[:2], {"bbox_2d": [90, 90, 99, 99], "label": "dog"}]
    assert value(rewards.detection_f1(measure="weighted"), boxes) == pytest.approx(0.7 + 0.3 * (1 - 1 / 3))
    assert value(rewards.detection_f1(), boxes) == pytest.approx(2 / 3)


def test_grid_tokens_carry_labels_and_confidence():
    found = detections("red star <1><2><3><4>; blue cross <5><6><7><8> @ 0.25")
    assert [(each.label, each.box.frame, each.confidence) for each in found] == [
        ("red star", "grid", 1.0), ("blue cross", "grid", 0.25)]
    target = "red star <1><2><3><4>"
    assert value(rewards.detection_iou(), target, target) == 1.0


def test_confidences_are_never_more_than_sure():
    found = detections("[{'Position': [0, 0, 9, 9], 'Confidence': 1e308}, {'Position': [1, 1, 9, 9], 'Confidence': 'nan'}]")
    assert [each.confidence for each in found] == [1.0, 0.0]


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 10_000))
def test_the_assignment_is_the_best_one(rows, columns, seed):
    optimize = pytest.importorskip("scipy.optimize")
    worth = np.random.default_rng(seed).integers(0, 4, (rows, columns)).astype(float)
    pairs = best_pairs(worth)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    row, column = optimize.linear_sum_assignment(worth, maximize=True)
    assert sum(worth[pair] for pair in pairs) == worth[row, column].sum()


def test_targets_that_are_no_boxes_are_named():
    with pytest.raises(ValueError, match=r"scripted: the target 'seven'"):
        value(rewards.detection_iou(), THREE, "seven")
    with pytest.raises(ValueError, match="answer_frame"):
        value(rewards.detection_f1(), THREE, answer_frame="feet")


def test_giou_tells_near_misses_from_far_ones():
    reward = rewards.box_iou(measure="giou")
    near, far, none = (value(reward, text, [0, 0, 10, 10]) for text in ("[10, 0, 20, 10]", "[90, 0, 100, 10]", "nowhere"))
    assert value(reward, "[0, 0, 10, 10]", [0, 0, 10, 10]) == 1.0
    assert near == 0.0 and far == pytest.approx(-0.8) and none == -1.0
