"""Finished attempts with other pictures or words: what changes, what stays, and that the record is not touched."""

import pytest

from saccade.core import Rows
from saccade.episodes import tool_loop
from saccade.rollout.interventions import grounded, intervene, swapped_crop
from saccade.rollout.traces import CHANGES, about, asked_again, before_answer, seen
from saccade.tools import crop

from .conftest import call, picture, question
from .test_attempt import ZOOM, go

BOX = [64, 32, 112, 64]
EVIDENCE = [[200.0, 100.0, 222.0, 122.0]]


def looked(store, renderer, *, id="s", seed=0, words="", says=None, tools=None):
    sample = question(id=id, pixels=picture(seed=seed), meta={"evidence": EVIDENCE})
    say = says or [words + call(ZOOM, bbox_2d=BOX), "4"]
    return go(sample, tool_loop(), store, renderer, say, tools=tools or [crop()])


def pixels(store, images):
    return [store.get(image.ref).tobytes() for image in images]


def test_the_conversation_ends_before_the_answer(store, renderer):
    made = looked(store, renderer)
    assert [message.role for message in before_answer(made)] == ["user", "assistant", "tool"]
    assert len(seen(made)) == 1 and before_answer(looked(store, renderer, says=["4"])) == ()


@pytest.mark.parametrize("name", ["unchanged", "blank", "swapped", "looks_alone"])
def test_attempts_without_a_look_have_nothing_to_change(name, store, renderer):
    answered_at_once = looked(store, renderer, says=["4"])
    assert CHANGES[name](answered_at_once, looked(store, renderer, id="t", seed=1), store) is None


def test_pictures_of_tools_change_and_the_overview_does_not(store, renderer):
    made, other = looked(store, renderer), looked(store, renderer, id="t", seed=1)
    before = pixels(store, seen(made))
    for name in ("blank", "swapped"):
        talk = CHANGES[name](made, other, store)
        assert [message.role for message in talk] == ["user", "assistant", "tool"]
        assert talk[0] == before_answer(made)[0] and talk[1] == before_answer(made)[1]
        assert pixels(store, talk[2].images) != before
        assert [store.size(image.ref) for image in talk[2].images] == [(48, 32)]
    (grey,) = CHANGES["blank"](made, other, store)[2].images
    assert store.get(grey.ref).getcolors() == [(48 * 32, (128, 128, 128))]
    assert pixels(store, CHANGES["swapped"](made, other, store)[2].images) == pixels(store, seen(other))
    assert pixels(store, seen(made)) == before


def test_words_change_and_calls_and_pictures_do_not(store, renderer):
    made, other = (looked(store, renderer, id=id, words=words) for id, words in (("s", "left? "), ("t", "right? ")))
    for name, said in (("silent", ""), ("misquoted", other.steps[1].message.text)):
        talk = CHANGES[name](made, other, store)
        assert talk[1].text == said and talk[1].calls == made.steps[1].message.calls
        assert talk[2] == made.steps[2].message
    assert CHANGES["silent"](looked(store, renderer), other, store) is None


def test_looks_alone_show_the_question_without_the_overview(store, renderer):
    made = looked(store, renderer)
    (message,) = CHANGES["looks_alone"](made, made, store)
    assert message.text == made.sample.prompt[0].text and [image.ref for image in message.images] == [
        image.ref for image in seen(made)]
    assert message.images[0].root is None  # a picture of its own: a look at it must not be placed in the overview
    assert about(made, ()) is None
    again = asked_again(made, (message,))
    assert again.id == made.sample.id and again.target == "4" and made.sample.prompt[0] != message


def test_grounding_can_be_set(store, renderer):
    def hits(share):
        tools = intervene([crop()], grounded(share))
        made = [looked(store, renderer, id=f"s{n}", tools=tools).events[0].box_xyxy for n in range(30)]
        return sum(box == (189.0, 89.0, 233.0, 133.0) for box in made)

    assert hits(0.0) == 0 and hits(1.0) == 30 and 8 <= hits(0.5) <= 22
    with pytest.raises(ValueError, match=r"0..1, not 2"):
        grounded(2)


def test_swapped_crops_show_the_same_place_of_another_picture(store, renderer):
    others = Rows(rows=[question(id="s", pixels=picture(seed=0)), question(id="o", pixels=picture(seed=7))])
    made = looked(store, renderer, tools=intervene([crop()], swapped_crop(others)))
    (image,) = seen(made)
    assert pixels(store, [image]) == [picture(seed=7).crop(tuple(BOX)).tobytes()]
    assert list(made.events[0].box_xyxy) == BOX
    alone = Rows(rows=[question(id="s")])
    failed = looked(store, renderer, tools=intervene([crop()], swapped_crop(alone)))
    assert failed.stop.failed and "picture of another sample" in failed.error
