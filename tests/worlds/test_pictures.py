"""What a picture shows is what the state says: measured in the pixels, without the code that drew them."""

from collections import deque

import numpy as np
import pytest
from PIL import Image as PILImage

from saccade.worlds import clips, hidden_detail, mazes, pairs, scenes, tables, text
from saccade.worlds.charts import charts
from saccade.worlds.clips import WAYS
from saccade.worlds.hidden_detail import LIGHT
from saccade.worlds.marks import COLOURS, DIGITS, glyph
from saccade.worlds.mazes import questions as mazes_questions
from saccade.worlds.tables import cell_box


def states(world, num: int, level: str = "easy", **changes):
    source = world.source(size=num, seed=21, level=level, **changes)
    for index in range(num):
        state = world.state(21, index, source.knobs)
        yield state, [np.asarray(picture, dtype=int) for picture in world.render(state)]


def near(pixels: np.ndarray, colour: str, reach: int = 40) -> np.ndarray:
    """Which pixels have about this colour."""
    return np.abs(pixels - np.array(COLOURS[colour])).max(axis=2) < reach


@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
def test_every_shape_has_its_colour_in_its_middle(level: str) -> None:
    for state, (pixels,) in states(scenes, 40, level):
        side = state.knobs.size_px
        for shape in state.shapes:
            assert near(pixels, shape.colour)[int(shape.y * side), int(shape.x * side)]


def test_shapes_fill_their_boxes_and_nothing_else() -> None:
    for state, (pixels,) in states(scenes, 40):
        inside = np.zeros(pixels.shape[:2], bool)
        for shape in state.shapes:
            x1, y1, x2, y2 = shape.box_xyxy(state.knobs.size_px)
            inside[int(y1) - 1:int(y2) + 2, int(x1) - 1:int(x2) + 2] = True
        saturation = pixels.max(axis=2) - pixels.min(axis=2)
        assert saturation[~inside].max() < 30
        assert (saturation[inside] > 80).sum() > 20 * len(state.shapes)


def test_bars_are_as_high_as_their_values() -> None:
    for state, (pixels,) in states(charts, 60, size_px=128, low=0):
        heights = [near(pixels, colour).any(axis=1).sum() for colour in state.colours]
        unit = (0.94 - 0.1) * 128 / 9
        assert [round(float(height) / unit) for height in heights] == list(state.values)


def test_points_stand_at_their_values() -> None:
    for state, (pixels,) in states(charts, 40, size_px=128, kinds=("line",), gridlines=False):
        for colour, value in zip(state.colours, state.values, strict=True):
            middle = np.nonzero(near(pixels, colour))[0].mean()
            assert round((0.94 * 128 - middle) / ((0.94 - 0.1) * 128 / 9)) == value


def test_slices_are_as_large_as_their_values() -> None:
    for state, (pixels,) in states(charts, 40, size_px=256, kinds=("pie",), most=5):
        shown = np.array([near(pixels, colour).sum() for colour in state.colours], float)
        assert shown / shown.sum() == pytest.approx(np.array(state.values) / sum(state.values), abs=0.02)


def readable(patch: PILImage.Image) -> str:
    """The digit whose font glyph is nearest to a dark-on-light patch of one digit."""
    ink = 255 - np.asarray(patch.convert("L"), dtype=int)
    ys, xs = np.nonzero(ink > 110)
    cut = patch.convert("L").crop((xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))
    shape = cut.width / cut.height
    fits = {}
    for digit in DIGITS:
        want = glyph(digit)
        seen = 255 - np.asarray(cut.resize((12, 16)), dtype=float)
        away = np.abs(seen - np.asarray(want.resize((12, 16)), dtype=float)).mean()
        fits[digit] = away + 200 * abs(shape - want.width / want.height)
    return min(fits, key=fits.__getitem__)


@pytest.mark.parametrize("level", ["easy", "medium"])
def test_cells_of_a_table_can_be_read_where_they_should_be(level: str) -> None:
    right = total = 0
    for state, (pixels,) in states(tables, 15, level, coloured=False):
        picture = PILImage.fromarray(pixels.astype(np.uint8))
        for r, row in enumerate(state.cells):
            for c, value in enumerate(row):
                x1, y1, x2, y2 = cell_box(state.knobs, r, c)
                right += readable(picture.crop((int(x1) + 2, int(y1) + 2, int(x2) - 2, int(y2) - 2))) == str(value)
                total += 1
    assert right / total > 0.95


def test_cards_hold_the_digit_they_say() -> None:
    right = total = 0
    for state, (pixels,) in states(hidden_detail, 15, distractors=2, blank=0.0):
        picture = PILImage.fromarray(pixels.astype(np.uint8))
        for card in state.cards:
            x1, y1, x2, y2 = card.box_xyxy
            assert near(pixels, card.colour, 5)[y1, x1:x2].all()
            patch = picture.crop((x1 + 4, y1 + 4, x2 - 4, y2 - 4))
            right += readable(patch.resize((56, 56), PILImage.Resampling.BICUBIC)) == card.text
            total += 1
    assert right / total > 0.85


def test_blank_cards_are_blank() -> None:
    for state, (pixels,) in states(hidden_detail, 20, distractors=3, blank=1.0):
        for card in state.cards[1:]:
            x1, y1, x2, y2 = card.box_xyxy
            assert (pixels[y1 + 3:y2 - 3, x1 + 3:x2 - 3] == LIGHT).all()
        x1, y1, x2, y2 = state.cards[0].box_xyxy
        assert (pixels[y1 + 3:y2 - 3, x1 + 3:x2 - 3] < 100).any()


@pytest.mark.parametrize(("level", "num"), [("easy", 25), ("medium", 12), ("hard", 4)])
def test_walls_part_what_cannot_be_reached(level: str, num: int) -> None:
    """Paint flows from the green disc over everything that is not wall; it meets red exactly where there is a way."""
    for state, (pixels,) in states(mazes, num, level):
        free = pixels.max(axis=2) > 120
        side = state.knobs.size_px / state.knobs.cells
        start, end = ((int((cell[0] + 0.5) * side), int((cell[1] + 0.5) * side)) for cell in (state.green, state.red))
        wet, waiting = {start}, deque([start])
        while waiting:
            y, x = waiting.popleft()
            for spot in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if min(spot) >= 0 and max(spot) < state.knobs.size_px and free[spot] and spot not in wet:
                    wet.add(spot)
                    waiting.append(spot)
        reachable = next(q.answer for q in mazes_questions(state) if q.text == "Can green reach red?")
        assert (end in wet) == (reachable == "yes")


def test_same_pairs_show_the_same_marks_and_others_do_not() -> None:
    seen = set()
    for state, (first, second) in states(pairs, 80):
        masks = [np.stack([near(pixels, colour) for colour in COLOURS]) for pixels in (first, second)]
        same = (masks[0] != masks[1]).sum() <= 12
        assert same == (state.change == "none"), state
        seen.add(state.change)
    assert seen == {"none", "colour", "shape", "missing", "other"}


def test_the_mover_goes_the_way_it_says() -> None:
    for state, frames in states(clips, 60):
        places = [[axis.mean() for axis in np.nonzero(near(pixels, state.mover.colour))] for pixels in frames]
        down, right = places[-1][0] - places[0][0], places[-1][1] - places[0][1]
        dx, dy = WAYS.get(state.way, (0, 0))
        assert abs(right - dx * 32) < 3
        assert abs(down - dy * 32) < 3
        if state.guest is not None:
            shown = [near(pixels, state.guest.colour).sum() > 10 for pixels in frames]
            assert shown == [number >= state.since for number in range(1, len(frames) + 1)]


def test_text_is_written_in_its_colour_inside_its_room() -> None:
    for state, (pixels,) in states(text, 60):
        mask = near(pixels, state.colour, 60)
        ys, xs = np.nonzero(mask)
        x1, y1, x2, y2 = state.box_xyxy
        assert len(ys) > 15
        assert xs.min() >= x1 - 4
        assert xs.max() <= x2 + 4
        assert ys.min() >= y1 - 4
        assert ys.max() <= y2 + 4
        assert ys.max() - ys.min() >= 0.5 * min(y2 - y1, (x2 - x1) / len(state.text))
