"""Sight without weights, held against the truth of the worlds it is meant for."""

import numpy as np
import pytest
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade import worlds
from saccade.clients.sight import Look, classical
from saccade.clients.sight.letters import read_lines
from saccade.core import Image, Sample
from saccade.media import boxes
from saccade.media.draw import font

pytest.importorskip("skimage", reason="the extra `vision` is not installed")
EYES = classical()


def look(pixels):
    return Look(pixels=pixels, image=Image(ref="px:0"), sample=Sample(id="s", prompt=()), whole=pixels.size)


def page(*lines, ink="black", paper="white"):
    picture = PILImage.new("RGB", (320, 30 + 34 * len(lines)), paper)
    for place, (text, size) in enumerate(lines):
        ImageDraw.Draw(picture).text((12, 12 + 34 * place), text, fill=ink, font=font(size))
    return picture


@pytest.mark.parametrize("ink, paper", [("black", "white"), ("white", "navy"), ("darkgreen", "lightyellow")])
def test_print_is_read_with_its_place(ink, paper):
    lines = EYES.read(look(page(("Harbour Report 2019", 24), ("Total 4725", 20), ink=ink, paper=paper)))
    assert [line.label for line in lines] == ["Harbour Report 2019", "Total 4725"]
    first, second = (line.box_xyxy for line in lines)
    assert first[0] == pytest.approx(13, abs=3) and first[3] < second[1] and all(0 <= line.score <= 1 for line in lines)


def test_three_quarters_of_large_texts_are_read():
    source = worlds.text.source(size=40, seed=4)
    samples = [source[index] for index in range(40)]
    read = [[line.label for line in read_lines(each.images[0].data)] == [each.target] for each in samples]
    assert np.mean(read) >= 0.75


def test_coloured_shapes_are_found_by_colour_and_form():
    source, hits, wanted = worlds.scenes.source(size=20, seed=9, level="medium"), 0, 0
    for index in range(20):
        sample = source[index]
        found = EYES.find(look(sample.images[0].data), "")
        for thing in sample.meta["things"]:
            wanted += 1
            colour = thing["label"].split()[1]
            named = [each for each in found if each.label.split()[0] == colour]
            hits += any(boxes.iou(each.box_xyxy, thing["box_xyxy"]) > 0.6 for each in named)
    assert hits / wanted > 0.9
    only = EYES.find(look(source[0].images[0].data), "red things")
    assert {each.label.split()[0] for each in only} <= {"red"}


def test_flooding_finds_the_disc_in_its_box():
    picture = PILImage.new("RGB", (120, 90), (200, 200, 205))
    ImageDraw.Draw(picture).ellipse((40, 20, 80, 60), fill=(200, 60, 40))
    mask = EYES.outline(look(picture), (34, 14, 86, 66))
    truth = np.zeros((90, 120), bool)
    y, x = np.mgrid[:90, :120]
    truth = (x - 60) ** 2 + (y - 40) ** 2 <= 20**2
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9


def test_a_text_fits_by_what_can_be_seen():
    picture = page(("Harbour 2019", 24))
    ImageDraw.Draw(picture).ellipse((200, 30, 230, 60), fill=(220, 30, 35))
    best, worst = EYES.match(look(picture), ["Harbour red", "blue elephant"])
    assert best == 1.0 and worst == 0.0 and EYES.match(look(picture), [""]) == [0.0]
    said = EYES.describe(look(picture))
    assert "red circle" in said and "Harbour 2019" in said


@pytest.mark.parametrize("pixels", [
    PILImage.new("RGB", (1, 1)), PILImage.new("RGB", (400, 1), "red"), PILImage.new("RGB", (3000, 40), "white"),
    PILImage.fromarray(np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)),
], ids=("one pixel", "a line", "white", "noise"))
def test_pictures_with_nothing_in_them_give_nothing(pixels):
    assert list(EYES.read(look(pixels))) == [] and isinstance(EYES.describe(look(pixels)), str)
    assert len(EYES.find(look(pixels), "red circle")) <= 1
    outline = EYES.outline(look(pixels), (0, 0, *pixels.size))
    assert outline is None or outline.shape == pixels.size[::-1]
