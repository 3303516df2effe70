"""Tools that let a client look: what the oracle knows reaches the model in its own frame, through crops and mirrors."""

import numpy as np
import pytest

from saccade import worlds
from saccade.clients import sight
from saccade.clients.scripted import scripted as scripted_chat
from saccade.core.message import user
from saccade.media import boxes
from saccade.tools import caption, crop, depth, detect, flip, match_text, ocr, segment_from_box, vqa
from tests.tools.bench import attempt, call, pixels

EYES = sight.oracle()
CARDS = worlds.hidden_detail.source(size=40, seed=2, level="medium")


def test_an_oracle_finds_and_reads_the_card_in_every_frame():
    sample = CARDS[1]
    (box,) = sample.meta["evidence"]
    colour = sample.meta["things"][0]["label"].split()[0]
    for frame in ("px", "unit", "per_mille", "grid"):
        tools = find, read = detect(client=EYES, frame=frame), ocr(client=EYES, frame=frame)
        context = attempt(*tools, sample=sample)
        line = call(context, find, phrase=f"the {colour} cards").text
        from saccade.core.tool import read_box
        again = boxes.to_pixels(read_box(line.split(" card ")[1], frame=frame, bins=16), (256, 256))
        assert boxes.iou(again, box) > (0.3 if frame == "grid" else 0.85), line
        assert f"'{sample.target}' at" in call(context, read).text
    assert call(context, find, phrase="the pink elephant").text == "Nothing was found."


def test_a_crop_shows_what_lies_in_it_and_nothing_else():
    sample = CARDS[1]
    x1, y1, x2, y2 = box = sample.meta["evidence"][0]
    tools = zoom, turn, find, ask = crop(target="indexed"), flip(), detect(client=EYES, draw=False), vqa(client=EYES)
    context = attempt(*tools, sample=sample)
    call(context, zoom, bbox_2d=[max(x1 - 5, 0), max(y1 - 5, 0), x2 + 5, y2 + 5])
    far = (x1 + 128) % 200, (y1 + 128) % 200
    call(context, zoom, bbox_2d=[*far, far[0] + 30, far[1] + 30])
    call(context, turn, axis="horizontal", target_image=2)
    whole = CARDS[1].prompt[0].text
    assert call(context, ask, question=whole).text == sample.target
    assert call(context, ask, question=whole, target_image=2).text == sample.target
    assert call(context, ask, question=whole, target_image=3).text == "That cannot be seen in this picture."
    assert call(context, ask, question="What is the meaning of life?").text == "That cannot be seen in this picture."
    colour = sample.meta["things"][0]["label"]
    for number in (2, 4):
        found = call(context, find, phrase=colour, target_image=number).text.split("[")[1].rstrip("]")
        placed = boxes.to_root([float(edge) for edge in found.split(",")], context.image(number).to_root)
        assert boxes.iou(placed, box) > 0.9
    assert call(context, find, phrase=colour, target_image=3).text == "Nothing was found."


def test_every_other_question_of_the_world_is_answered_from_the_whole_picture():
    from saccade.worlds.scenes import questions

    source = worlds.scenes.source(size=5, seed=3, level="medium")
    ask = vqa(client=EYES)
    for index in range(5):
        context = attempt(ask, sample=source[index])
        for question in questions(worlds.scenes.state(3, index, source.knobs))[:6]:
            assert call(context, ask, question=question.text).text == str(question.answer)


def test_an_outline_is_the_shape_that_was_drawn():
    sample = worlds.scenes.source(size=8, seed=1, level="medium")[2]
    tool = segment_from_box(client=EYES)
    for thing in sample.meta["things"]:
        context = attempt(tool, sample=sample)
        before = np.asarray(context.store.get(context.image(1).ref)).astype(int)
        message = call(context, tool, bbox_2d=thing["box_xyxy"])
        paper = before[0, 0]
        drawn = np.abs(before - paper).sum(-1) > 60
        mask = EYES.outline(sight_of(context), tuple(thing["box_xyxy"]))
        x1, y1, x2, y2 = (round(edge) for edge in thing["box_xyxy"])
        inside = drawn[y1:y2, x1:x2], mask[y1:y2, x1:x2]
        assert (inside[0] & inside[1]).sum() / (inside[0] | inside[1]).sum() > 0.8, thing["label"]
        assert f"{mask.sum()} px of" in message.text and message.images[0].root == context.image(1).ref
    assert "nothing stands out" in call(attempt(tool, sample=CARDS[0]), tool, bbox_2d=[0, 0, 2, 2]).text


def sight_of(context):
    from saccade.tools._seen import seen

    return seen(context, None)


def test_texts_are_ranked():
    sample = CARDS[1]
    colour = sample.meta["things"][0]["label"]
    tool = match_text(client=EYES)
    first, second = call(attempt(tool, sample=sample), tool, texts=["a pink elephant", f"the {colour}"]).text.splitlines()
    assert first == f"1.00 the {colour}" and second.startswith("0.00")


def test_an_oracle_errs_at_its_rate_and_by_content():
    asked = [CARDS[index] for index in range(40)]

    def answers(eyes, order):
        tool = vqa(client=eyes)
        return {each.id: call(attempt(tool, sample=each), tool, question=each.prompt[0].text).text for each in order}

    noisy = sight.oracle(error=0.3)
    said = answers(noisy, asked)
    assert 5 <= sum(said[each.id] != each.target for each in asked) <= 20
    assert answers(noisy, asked[::-1]) == said
    assert all(said[each.id] in each.choices for each in asked)
    dropped = [len(sight.oracle(error=1.0).find(looks(each), "")) for each in asked]
    assert 0 < sum(dropped) < sum(len(EYES.find(looks(each), "")) for each in asked)


def looks(sample):
    return sight_of(attempt(sample=sample))


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_is_a_probability(rate):
    with pytest.raises(ValueError, match="between 0 and 1"):
        sight.oracle(error=rate)


def test_an_oracle_without_truth_is_our_failure_and_says_what_is_missing():
    with pytest.raises(ValueError, match=r"needs meta\['things'\]"):
        EYES.find(looks_at_nothing(), "")


def looks_at_nothing():
    return sight_of(attempt())


def test_a_chat_client_is_asked_with_the_pixels():
    chat = scripted_chat("a cat", "three")
    tools = tell, ask = caption(client=sight.chat(chat, order="Tell me.")), vqa(client=sight.chat(chat))
    context = attempt(*tools)
    assert call(context, tell).text == "a cat" and call(context, ask, question="How many?").text == "three"
    (first,), (second,) = chat.asked
    assert first.text == "Tell me." and second.text == "How many?" and first.role == user().role
    assert first.images[0].data.size == (320, 200)


def test_depth_is_shown_near_light_and_told_at_points():
    tool = depth(client=sight.scripted())
    context = attempt(tool)
    message = call(context, tool, points_2d=[[5, 0], [5, 199]])
    assert message.text == "From 1.00 to 2.00.\nPoint 1: 2.00\nPoint 2: 1.00"
    shown = pixels(context, message).astype(int).sum(-1)
    assert (np.diff(shown[:, 0]) >= 0).mean() > 0.95
    nothing = depth(client=EYES)
    assert "nothing is known about the depth" in call(attempt(nothing, sample=CARDS[0]), nothing).text
