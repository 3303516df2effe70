"""hidden_detail: the split of real pixels, what a crop shows and an overview hides, and how cards lie."""

import dataclasses
import hashlib
import time

import numpy as np
import pytest
from PIL import Image as PILImage

from saccade.core.tool import read_box
from saccade.media.boxes import cover, iou, to_pixels
from saccade.worlds.hidden_detail import Knobs, hidden_detail, questions
from saccade.worlds.marks import COLOURS
from saccade.worlds.real import NUM_TEST_SCANS, PHOTOS, num_photos, photo, scan, scan_indices, shipped

REAL = {"level": "real"}


def test_digits_are_split_by_index_and_no_scan_is_on_both_sides() -> None:
    train, test = scan_indices("train"), scan_indices("test")
    assert (len(train), len(test)) == (1797 - NUM_TEST_SCANS, NUM_TEST_SCANS)
    assert not set(train) & set(test)
    pixels = {split: {scan(row)[0].tobytes() for row in scan_indices(split)} for split in ("train", "test")}
    assert not pixels["train"] & pixels["test"]


def test_every_digit_is_on_both_sides() -> None:
    for split in ("train", "test"):
        counts = np.bincount([int(scan(row)[1]) for row in scan_indices(split)], minlength=10)
        assert counts.min() >= 0.07 * counts.sum()


@pytest.mark.slow
def test_scans_are_those_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    for row in (0, 500, 1796):
        ink, says = scan(row)
        assert says == str(digits.target[row])
        assert np.array_equal(np.asarray(ink), (digits.images[row] * 255 // 16).astype(np.uint8))


def test_photographs_are_split_by_file_and_the_stereo_pair_stays_together() -> None:
    files = {split: [shipped(*each) for each in PHOTOS[split]] for split in ("train", "test")}
    digests = {split: {hashlib.sha256(path.read_bytes()).hexdigest() for path in files[split]} for split in files}
    assert not digests["train"] & digests["test"]
    assert sum(map(len, digests.values())) == len(PHOTOS["train"]) + len(PHOTOS["test"]) >= 10
    sides = {split for split in files for path in files[split] if path.name.startswith("motorcycle")}
    assert len(sides) == 1


def test_items_draw_from_their_own_split_only() -> None:
    for split in ("train", "test"):
        source = hidden_detail.source(size=60, seed=1, split=split, **REAL)
        states = [hidden_detail.state(1, index, source.knobs) for index in range(60)]
        assert {state.cards[0].scan for state in states} <= set(scan_indices(split))
        assert {state.photo[0] for state in states if state.photo} == set(range(num_photos(split)))


def test_a_missing_package_is_answered_with_the_extra() -> None:
    with pytest.raises(ValueError, match=r"saccade\[demo\]"):
        shipped("sklearn", "datasets/images/absent.jpg")
    with pytest.raises(ValueError, match=r"saccade\[demo\]"):
        shipped("a_package_nobody_has", "x.png")


def test_photographs_behind_the_cards_are_unchanged_pixels() -> None:
    """Outside its cards, the picture is the photograph's square at 256 px."""
    source = hidden_detail.source(size=5, split="test", **REAL)
    for index in range(5):
        state = hidden_detail.state(0, index, source.knobs)
        which, x, y, side, mirrored = state.photo
        cut = photo("test", which).resize((256, 256), PILImage.Resampling.BILINEAR, box=(x, y, x + side, y + side))
        behind = np.asarray(cut)[:, ::-1] if mirrored else np.asarray(cut)
        shown = np.asarray(source[index].images[0].data)
        free = np.ones((256, 256), bool)
        for card in state.cards:
            x1, y1, x2, y2 = card.box_xyxy
            free[y1:y2, x1:x2] = False
        assert np.array_equal(shown[free], behind[free])


def nearest_reader(patches: np.ndarray, says: np.ndarray, split: int) -> float:
    """Accuracy of the nearest neighbour among the first `split` patches on the rest."""
    known, asked = patches[:split], patches[split:]
    distance = (asked ** 2).sum(1)[:, None] - 2 * asked @ known.T + (known ** 2).sum(1)
    return float((says[split:] == says[:split][distance.argmin(1)]).mean())


def read(level: str, num: int = 600, **changes) -> tuple[float, float]:
    """Accuracy from the card in the root image and from the same place in the overview of a quarter of the size."""
    source = hidden_detail.source(size=num, seed=9, level=level, **changes)
    near, far, says = [], [], []
    for index in range(num):
        sample = source[index]
        picture = sample.images[0].data.convert("L")
        box = sample.meta["evidence"][0]
        near.append(np.asarray(picture.crop(box).resize((16, 16)), float).ravel())
        small = np.pad(np.asarray(picture.resize((64, 64), PILImage.Resampling.BICUBIC), float), 4, mode="edge")
        x, y = int((box[0] + box[2]) / 8), int((box[1] + box[3]) / 8)
        far.append(small[y + 1:y + 8, x + 1:x + 8].ravel())
        says.append(sample.target)
    return tuple(nearest_reader(np.stack(each), np.array(says), num * 2 // 3) for each in (near, far))


def test_a_crop_can_be_read_and_an_overview_much_less() -> None:
    """Even a reader that is told where the card lies loses most of what a crop shows on the real variant."""
    crop, overview = read("real")
    assert crop > 0.85
    assert overview < 0.45


def test_large_glyphs_are_marked_as_readable_in_the_overview() -> None:
    source = hidden_detail.source(size=80, large=0.5)
    sides = {True: [], False: []}
    for index in range(80):
        meta = source[index].meta
        x1, _, x2, _ = meta["evidence"][0]
        sides[meta["overview_suffices"]].append((x2 - x1) / 4)
    assert min(sides[True]) >= 12
    assert max(sides[False]) < 8
    assert 20 < len(sides[True]) < 60


def test_cards_never_touch_and_have_colours_of_their_own() -> None:
    source = hidden_detail.source(size=100, level="hard")
    for index in range(100):
        state = hidden_detail.state(0, index, source.knobs)
        assert len({card.colour for card in state.cards}) == len(state.cards) == 6
        for place, card in enumerate(state.cards):
            assert all(iou(card.box_xyxy, other.box_xyxy) == 0 for other in state.cards[place + 1:])


def test_a_named_border_is_the_one_asked_about() -> None:
    source = hidden_detail.source(size=20, border="blue", distractors=2)
    assert all("blue card" in source[index].prompt[0].text for index in range(20))
    picture, box = np.asarray(source[3].images[0].data), source[3].meta["evidence"][0]
    assert tuple(picture[int(box[1]), int(box[0])]) == COLOURS["blue"]


def test_questions_about_places_cover_the_card() -> None:
    source = hidden_detail.source(size=40)
    for index in range(40):
        state = hidden_detail.state(0, index, source.knobs)
        where = next(question for question in questions(state) if question.answer_type == "box")
        box = to_pixels(read_box(where.answer, frame="grid", bins=16), (256, 256), bins=16)
        assert cover(state.cards[0].box_xyxy, box) > 0.4


@pytest.mark.parametrize(("changes", "message"), [
    ({"distractors": 6}, "distractors is 0 to 5"), ({"border": "beige"}, "border is 'any' or one of"),
    ({"glyph_px": 300}, "does not fit"), ({"glyph_px": 120, "distractors": 5}, "do not fit"),
])
def test_impossible_knobs_are_named(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        for index in range(20):
            hidden_detail.source(size=20, **changes)[index]


def test_items_of_the_real_variant_are_made_fast() -> None:
    source = hidden_detail.source(size=200, **REAL)
    source[0]
    start = time.process_time()
    for index in range(100):
        source[index]
    assert (time.process_time() - start) / 100 < 0.02  # a tenth of it on an idle machine


def test_knobs_are_kept_in_the_item() -> None:
    knobs = hidden_detail.source(size=1, glyph_px=10)[0].meta["knobs"]
    assert knobs == dataclasses.asdict(Knobs(glyph_px=10))
