"""Forced modes: what the model wrote stays, what it sees changes, the same way every time."""

import pytest

from saccade.core import Image, Stop, tool
from saccade.episodes import tool_loop
from saccade.media import boxes
from saccade.rollout.interventions import blank_crop, intervene, no_tool, oracle_box, random_box, refuse
from saccade.tools import crop, select_frames

from .conftest import call, question
from .test_attempt import ZOOM, go

BOX = [64, 32, 112, 64]
EVIDENCE = [[200.0, 100.0, 222.0, 122.0], [10.0, 10.0, 20.0, 20.0]]


def played(mode, store, renderer, *, zoom=None, id="s", index=0, boxes_written=(BOX,), **arguments):
    sample = question(id=id, meta={"evidence": EVIDENCE})
    say = [*(call(ZOOM, bbox_2d=box, **arguments) for box in boxes_written), "4"]
    return go(sample, tool_loop(), store, renderer, say, tools=intervene([zoom or crop()], mode), index=index)


def shown(made):
    return [image for step in made.steps if step.message.role == "tool" for image in step.message.images]


def test_no_tool_is_not_even_declared(store, renderer):
    made = played(no_tool, store, renderer)
    assert made.stop is Stop.DONE and "[tool" not in renderer.decode(made.steps[0].tokens) and shown(made) == []


def test_refused_calls_are_declared_and_answered(store, renderer):
    made = played(refuse, store, renderer)
    assert "[tool image_zoom_in_tool]" in renderer.decode(made.steps[0].tokens)
    assert "switched off" in made.steps[2].message.text and shown(made) == []


def test_a_random_box_has_equal_size_and_its_own_stream(store, renderer):
    made = played(random_box, store, renderer, boxes_written=(BOX, BOX))
    sizes = {store.size(image.ref) for image in shown(made)}
    places = [event.box_xyxy for event in made.events]
    assert sizes == {(48, 32)} and len(set(places)) == 2 and list(places[0]) != BOX
    assert all(boxes.clip(place, (256, 192)) == place for place in places)
    assert made.events[0].arguments["bbox_2d"]["xyxy"] == BOX
    again = played(random_box, store, renderer, boxes_written=(BOX, BOX))
    assert [event.box_xyxy for event in again.events] == places
    assert played(random_box, store, renderer, index=1).events[0].box_xyxy != places[0]
    assert played(random_box, store, renderer, id="t").events[0].box_xyxy != places[0]


def test_random_boxes_reach_everywhere(store, renderer):
    places = [played(random_box, store, renderer, index=index).events[0].box_xyxy for index in range(25)]
    assert min(place[0] for place in places) < 40 and max(place[2] for place in places) > 216
    assert min(place[1] for place in places) < 32 and max(place[3] for place in places) > 160


def test_a_whole_image_has_one_place(store, renderer):
    made = played(random_box, store, renderer, boxes_written=([0, 0, 256, 192],))
    assert store.size(shown(made)[0].ref) == (256, 192)


def test_an_oracle_box_holds_the_evidence(store, renderer):
    made = played(oracle_box, store, renderer, boxes_written=(BOX, BOX))
    assert [event.box_xyxy for event in made.events] == [(189, 89, 233, 133), (5, 5, 25, 25)]
    indexed = played(oracle_box, store, renderer, zoom=crop(target="indexed"), boxes_written=(BOX,), target_image=1)
    assert indexed.events[0].box_xyxy == (189, 89, 233, 133)


def test_an_oracle_needs_evidence(store, renderer):
    say = [call(ZOOM, bbox_2d=BOX), "4"]
    made = go(question(), tool_loop(), store, renderer, say, tools=intervene([crop()], oracle_box))
    assert made.stop is Stop.ERROR and "no evidence box" in made.error


def test_a_blank_crop_is_grey_and_of_equal_size(store, renderer):
    made = played(blank_crop, store, renderer)
    (image,) = shown(made)
    assert store.size(image.ref) == (48, 32) and store.get(image.ref).getcolors() == [(48 * 32, (128, 128, 128))]
    assert list(made.events[0].box_xyxy) == BOX


@pytest.mark.parametrize("mode", [random_box, oracle_box, blank_crop, refuse])
def test_modes_keep_what_the_model_is_told(mode):
    (changed,) = intervene([crop()], mode)
    assert changed.schema == crop().schema


@pytest.mark.parametrize("mode", [random_box, blank_crop, oracle_box])
def test_mistakes_of_the_model_are_still_its_own(store, renderer, mode):
    made = played(mode, store, renderer, boxes_written=([900, 900, 950, 950], [5, 5, 1, 1]))
    assert "outside the image" in made.steps[2].message.text and "is empty" in made.steps[4].message.text


def test_modes_work_on_tools_without_boxes_and_without_context(store, renderer):
    @tool
    async def describe_it(at: Image, style: str = "plain") -> str:
        """Describe.

        Args:
            at: Which image.
            style: How.
        """
        return f"{style} {at.ref[:3]}"

    for mode in (random_box, blank_crop, oracle_box):
        tools = intervene([describe_it, select_frames()], mode)
        say = [call("describe_it", at=1), call("select_frames", target_frames=[1]), "4"]
        made = go(question(), tool_loop(), store, renderer, say, tools=tools)
        assert made.stop is Stop.DONE and made.steps[2].message.text == "plain px:"
        grey = store.get(shown(made)[0].ref).getcolors(1 << 16) == [(256 * 192, (128, 128, 128))]
        assert grey == (mode is blank_crop)


def test_modes_can_be_joined(store, renderer):
    sample = question(meta={"evidence": EVIDENCE})
    tools = intervene([crop()], oracle_box, blank_crop)
    made = go(sample, tool_loop(), store, renderer, [call(ZOOM, bbox_2d=BOX), "4"], tools=tools)
    assert made.events[0].box_xyxy == (189, 89, 233, 133)
    assert store.get(shown(made)[0].ref).getcolors() == [(44 * 44, (128, 128, 128))]
