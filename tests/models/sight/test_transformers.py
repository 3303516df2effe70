"""Real `transformers` classes with random weights behind every ability, through the tools, and embeddings that compare."""

import numpy as np
import pytest

from saccade.clients.sight import Look
from saccade.core import Image, Sample
from saccade.testing import tiny_sight
from saccade.tools import caption, depth, detect, match_text, ocr, search_pages, segment_from_box, vqa
from tests.tools.bench import attempt, call, ramp

pytestmark = pytest.mark.slow  # imports torch
sight = pytest.importorskip("saccade.models.sight")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("sight")
    return lambda kind: tiny_sight.tiny_sight(kind, made / kind)


def look(pixels):
    return Look(pixels=pixels, image=Image(ref="px:0"), sample=Sample(id="s", prompt=()), whole=pixels.size)


@pytest.mark.parametrize("kind", ["owlvit", "detr"])
def test_a_detector_finds_boxes_inside_the_picture(folder, kind):
    client = sight.detector(folder(kind), least=0.0)
    found = client.find(look(ramp(80, 60)), "a red card" if kind == "owlvit" else "")
    assert found and [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert all(np.isfinite(each.box_xyxy).all() for each in found)
    tool = detect(client=client, most=3)
    message = call(attempt(tool, pictures=(ramp(80, 60),)), tool, phrase="label_0 label_1 label_2")
    assert message.images and len(message.text.splitlines()) <= 3


def test_a_segmenter_outlines_in_the_size_of_the_picture(folder):
    tool = segment_from_box(client=sight.segmenter(folder("sam")))
    mask = sight.segmenter(folder("sam")).outline(look(ramp(80, 60)), (10, 10, 40, 40))
    assert mask is None or mask.shape == (60, 80)
    assert call(attempt(tool, pictures=(ramp(80, 60),)), tool, bbox_2d=[10, 10, 40, 40]).text


def test_a_ranger_gives_a_distance_for_every_pixel(folder):
    client = sight.ranger(folder("dpt"))
    far = client.range(look(ramp(80, 60)))
    assert far.shape == (60, 80) and far.min() == pytest.approx(1) and far.max() <= 10.001
    tool = depth(client=client)
    assert call(attempt(tool, pictures=(ramp(80, 60),)), tool, points_2d=[[1, 1]]).text.startswith("From 1.00 to")


def test_a_pairing_matches_and_embeds(folder):
    client = sight.pairing(folder("clip"))
    scores = client.match(look(ramp(40, 40)), ["red", "blue", "a red card"])
    assert sum(scores) == pytest.approx(1) and min(scores) >= 0
    vectors = client.embed_pictures([ramp(40, 40), ramp(90, 20)])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1) and vectors.shape[1] == client.embed_texts(["red"]).shape[1]
    for tool in (match_text(client=client), search_pages(corpus={"a.png": ramp(40, 40)}, embedder=client)):
        arguments = {"texts": ["red"]} if "texts" in tool.parameters["properties"] else {"query": "red"}
        assert "Error" not in call(attempt(tool), tool, **arguments).text


def test_words_come_out_of_generating_models(folder):
    tell, ask = caption(client=sight.captioner(folder("blip"))), vqa(client=sight.answerer(folder("blip_vqa")))
    tools = (tell, ask, read := ocr(client=sight.reader(folder("trocr"))))
    context = attempt(*tools, pictures=(ramp(80, 60),))
    for tool, arguments in ((tell, {}), (ask, {"question": "how many red cards"}), (read, {})):
        message = call(context, tool, **arguments)
        assert context.ledger.events[-1].error is None and isinstance(message.text, str)


def test_a_folder_without_weights_is_named(tmp_path):
    for name in sight.__all__:
        make = vars(sight)[name]
        with pytest.raises(ValueError, match="no checkpoint"):
            make(tmp_path)


def test_a_checkpoint_of_another_kind_is_named(folder):
    with pytest.raises(ValueError, match="cannot be loaded as AutoModelForMaskGeneration"):
        sight.segmenter(folder("clip"))
