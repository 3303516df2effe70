"""Questions in three forms and pictures with a known change: what is erased, what is not, and that truth moves along."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PILImage

from saccade import rewards, worlds
from saccade.core import Group, Image, Rows, Sample, user
from saccade.core.reward import evaluate
from saccade.data.corruption import CHANGES, INVERSE, changed, corrupted, moved_box
from saccade.data.counterfactual import triples
from saccade.media.image import read_rgb
from saccade.testing.attacks import attack

SOURCE = worlds.hidden_detail.source(size=12, seed=3, level="easy", distractors=1)


def array(sample):
    return np.asarray(read_rgb(sample.images[0]), dtype=int)


def test_the_three_forms_of_a_question():
    rows = triples(SOURCE)
    assert len(rows) == 36
    for at in range(3):
        plain, (as_is, without, beside) = SOURCE[at], (rows[3 * at + kind] for kind in range(3))
        assert (as_is.target, without.target, beside.target) == (plain.target, "unknown", plain.target)
        assert len({as_is.id, without.id, beside.id}) == 3 == len({each.images[0].ref for each in (as_is, without, beside)})
        assert np.array_equal(array(as_is), array(plain))
        x1, y1, x2, y2 = (int(edge) for edge in plain.meta["evidence"][0])
        gone, moved = (np.abs(array(each) - array(plain)).sum(axis=2) for each in (without, beside))
        assert gone[y1:y2, x1:x2].any() and np.ptp(array(without)[y1:y2, x1:x2], axis=(0, 1)).max() == 0
        gone[y1:y2, x1:x2] = 0
        assert not gone.any() and not moved[y1:y2, x1:x2].any() and moved.any()


def test_a_counterfactual_is_judged_by_what_it_asks_for_not_by_its_world():
    rows = triples(SOURCE)
    kept = [rows[at] for at in range(3)]
    assert attack([rewards.abstain_answer()], kept) == ()
    with pytest.raises(IndexError):
        rows[36]
    with pytest.raises(ValueError, match="kinds are positive"):
        triples(SOURCE, kinds=("negative",))
    bare = Rows(rows=[Sample(id="bare", prompt=(user("?"),), target="7")])
    with pytest.raises(ValueError, match="row bare: removing evidence needs"):
        triples(bare)[1]


def test_always_answering_and_always_refusing_earn_less_than_telling_them_apart():
    from saccade.testing.scripted import scripted

    def earned(sample, reply):
        made = scripted(reply, sample.target, **sample.meta)
        group = evaluate(Group(sample=made.sample, trajectories=(made,)), [rewards.abstain_answer()])
        return group.trajectories[0].rewards["abstain_answer"].value

    forms = [triples(SOURCE)[at] for at in range(3)]
    truth = str(forms[0].target)
    always, never = (sum(earned(each, f"<answer>{say}</answer>") for each in forms) for say in (truth, "unknown"))
    assert always == 1.0 and never == -1.0
    assert sum(earned(each, f"<answer>{each.target}</answer>") for each in forms) == 3.0


@given(st.tuples(*[st.integers(0, 30)] * 2), st.tuples(*[st.integers(1, 20)] * 2), st.sampled_from(sorted(CHANGES)))
def test_a_box_moves_as_the_pixels_do(corner, side, change):
    pixels = np.zeros((60, 80), np.uint8)
    (x, y), (wide, high) = corner, side
    pixels[y : y + high, x : x + wide] = 255
    picture = PILImage.fromarray(pixels)
    turned = picture if change == "none" else picture.transpose(CHANGES[change])
    assert turned.getbbox() == tuple(moved_box((x, y, x + wide, y + high), (80, 60), change))
    back = turned if change == "none" else turned.transpose(CHANGES[INVERSE[change]])
    assert np.array_equal(np.asarray(back), pixels)


def test_a_changed_row_says_what_must_be_done_and_keeps_its_truth():
    plain = SOURCE[0]
    turned = changed(plain, "rotate90")
    assert turned.meta["required"] == ["rotate270", "crop"] and turned.target == plain.target
    assert changed(plain, "none").meta["required"] == ["crop"] and turned.images[0].ref != plain.images[0].ref
    x1, y1, x2, y2 = (int(edge) for edge in turned.meta["evidence"][0])
    u1, v1, u2, v2 = (int(edge) for edge in plain.meta["evidence"][0])
    assert np.array_equal(array(turned)[y1:y2, x1:x2], np.rot90(array(plain)[v1:v2, u1:u2], k=-1))


def test_changes_are_drawn_by_name_and_all_occur():
    rows = corrupted(worlds.hidden_detail.source(size=60, seed=1))
    found = [rows[at].meta["change"] for at in range(60)]
    assert set(found) == set(CHANGES) and found == [rows[at].meta["change"] for at in range(60)]
    with pytest.raises(ValueError, match="changes are none"):
        corrupted(SOURCE, changes=("shear",))
    with pytest.raises(ValueError, match="no picture to change"):
        changed(Sample(id="bare", prompt=(user("?"),)), "flip_h")


def test_pictures_are_read_only_when_looked_at():
    def boom():
        raise AssertionError("read")

    image, meta = Image(ref="lazy:x", data=boom), {"evidence": [[0, 0, 4, 4]]}
    lazy = Sample(id="lazy", prompt=(user(image, "?"),), target="7", meta=meta)
    rows = triples(Rows(rows=[lazy]))
    assert [rows[at].meta["sample_type"] for at in range(3)] == ["positive", "counterfactual", "random_mask"]
