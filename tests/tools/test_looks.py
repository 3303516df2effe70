"""Contrast, sharpness and measures: closed forms on small pictures."""

import numpy as np
import pytest
from PIL import Image as PILImage

from saccade.media.colours import NAMES, colour_name, name_codes
from saccade.tools import contrast, measure, sharpen
from saccade.worlds.marks import COLOURS
from tests.tools.bench import attempt, call, pixels


def edge():
    values = np.full((20, 20, 3), 100, np.uint8)
    values[:, 10:] = 140
    return PILImage.fromarray(values)


def test_contrast_and_brightness_are_factors():
    tool = contrast()
    context = attempt(tool, pictures=(edge(),))
    assert np.array_equal(pixels(context, call(context, tool)), np.asarray(edge()))
    louder = pixels(context, call(context, tool, contrast=2))
    assert louder[0, 0, 0] == 80 and louder[0, 19, 0] == 160
    assert (pixels(context, call(context, tool, brightness=0)) == 0).all()
    assert call(context, tool, contrast=2).images[0].root == context.image(1).ref


def test_sharpening_lifts_the_edge_and_leaves_flat_parts():
    tool = sharpen()
    context = attempt(tool, pictures=(edge(),))
    sharp = pixels(context, call(context, tool, amount=2)).astype(int)
    assert sharp[10, 9, 0] < 100 and sharp[10, 10, 0] > 140 and sharp[10, 0, 0] == 100 and sharp[10, 19, 0] == 140
    assert np.array_equal(pixels(context, call(context, tool, amount=0)), np.asarray(edge()))


@pytest.mark.parametrize(("what", "points", "told"), [
    ("distance", [[0, 0], [3, 4]], "5.0 px"), ("angle", [[10, 0], [0, 0], [10, 10]], "45.0 degrees"),
    ("angle", [[0, 10], [10, 10]], "0.0 degrees"), ("angle", [[10, 10], [10, 0]], "90.0 degrees"),
    ("angle", [[0, 0], [10, 0], [20, 0]], "180.0 degrees"), ("angle", [[1, 1], [1, 1], [3, 3]], "are the same"),
    ("colour", [[2, 2]], "grey, rgb(100, 100, 100)"), ("colour", [[20, 20]], "rgb(140, 140, 140)"),
    ("colour", [[21, 2]], "outside the image"), ("distance", [[1, 1]], "takes 2 points"),
    ("angle", [], "takes 2 or 3 points"),
    ("distance", [["a", "b"], [1, 1]], "a point is two numbers"), ("distance", "1, 2", "must be a JSON array"),
    ("distance", [[1, 2], [float("nan"), 1]], "two finite numbers"), ("length", [[1, 2]], "what is one of")])
def test_measures(what, points, told):
    tool = measure()
    context = attempt(tool, pictures=(edge(),))
    assert told in call(context, tool, what=what, points_2d=points).text


def test_measures_are_in_pixels_whatever_the_frame():
    tool = measure(frame="unit")
    assert "10.0 px" in call(attempt(tool, pictures=(edge(),)), tool, what="distance", points_2d=[[0, 0], [0.5, 0]]).text


def test_the_colours_of_worlds_are_called_by_their_names():
    assert {name: colour_name(rgb) for name, rgb in COLOURS.items()} == {name: name for name in COLOURS}
    known = {"black": (5, 5, 5), "white": (250, 250, 250), "grey": (128, 128, 128), "orange": (255, 140, 0),
             "brown": (110, 60, 20), "pink": (250, 100, 180)}
    assert {name: colour_name(rgb) for name, rgb in known.items()} == {name: name for name in known}


def test_every_colour_has_a_name():
    values = np.random.default_rng(0).integers(0, 256, (50, 50, 3), dtype=np.uint8)
    assert set(np.unique(name_codes(values)).tolist()) <= set(range(len(NAMES)))
