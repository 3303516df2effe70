"""The zoom tool: frames of reference, clipping, provenance through crops of crops, and its settings."""

import asyncio

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

from saccade.core import Limits, Sample, ToolCall
from saccade.core.seed import generator
from saccade.media import boxes, open_store
from saccade.rollout.context import AttemptContext, Ledger
from saccade.rollout.waiting import Clock
from saccade.tools import crop, draw_box, rotate, select_frames

WIDTH, HEIGHT = 320, 200


def bench(*tools, sizes=((WIDTH, HEIGHT),), meta=None):
    store = open_store()
    images = []
    for place, (width, height) in enumerate(sizes):
        x, y = np.meshgrid(np.arange(width) % 256, np.arange(height) % 256)
        images.append(store.put(PILImage.fromarray(np.stack([x, y, np.full_like(x, place)], -1).astype(np.uint8))))
    return AttemptContext(
        sample=Sample(id="b", prompt=(), meta=meta or {}), limits=Limits(), tools=tools, store=store, clock=Clock(),
        ledger=Ledger(images=tuple(images), offered=tools), rng=generator("b"), names=("b",))


def ask(context, tool, **arguments):
    message = asyncio.run(context.call(ToolCall(name=tool.name, arguments=arguments)))
    return message.images[0] if message.images else message.text


def corner(context, image):
    """The pixel at the top left says where the crop was cut."""
    red, green, _ = context.store.get(image.ref).getpixel((0, 0))
    return red, green


@pytest.mark.parametrize(("frame", "written"), [
    ("px", [80, 50, 160, 100]), ("unit", [0.25, 0.25, 0.5, 0.5]), ("per_mille", [250, 250, 500, 500]),
    ("grid", [4, 4, 8, 8]), ("grid", "<4><4><8><8>"), ("px", "<4><4><8><8>"), ("px", "[80, 50, 160, 100]")])
def test_the_same_region_in_every_frame(frame, written):
    zoom = crop(frame=frame)
    context = bench(zoom)
    image = ask(context, zoom, bbox_2d=written)
    assert context.store.size(image.ref) == (80, 50) and corner(context, image) == (80, 50)
    assert image.to_root == (1, 1, 80, 50) and image.root == context.image(1).ref
    assert context.ledger.events[0].box_xyxy == (80, 50, 160, 100)


edges = st.floats(-400, 800, allow_nan=False)


@settings(max_examples=40, deadline=None)
@given(edges, edges, edges, edges, st.sampled_from([0.0, 0.3]), st.sampled_from([1, 28]), st.sampled_from([1.0, 2.0]))
@example(0.0, 0.0, 4e-187, 4e-187, 0.0, 1, 1.0)  # has sides, but an area only beyond what a float holds
def test_a_crop_lies_inside_and_knows_its_place(x1, y1, x2, y2, padding, least, enlarge):
    zoom = crop(padding=padding, min_side_px=least, enlarge=enlarge, max_aspect=float("inf"))
    context = bench(zoom)
    got = ask(context, zoom, bbox_2d=[x1, y1, x2, y2])
    inside = boxes.clip((x1, y1, x2, y2), (WIDTH, HEIGHT))
    if x1 >= x2 or y1 >= y2 or inside[0] >= inside[2] or inside[1] >= inside[3]:
        assert isinstance(got, str) and got.startswith("Error: the box")
        return
    width, height = context.store.size(got.ref)
    assert width >= least and height >= least
    placed = boxes.to_root((0, 0, width, height), got.to_root)
    assert all(placed[side] <= inside[side] + 1e-6 for side in (0, 1))
    assert all(placed[side] >= inside[side] - 1e-6 for side in (2, 3))
    assert min(placed) >= -1e-6 and placed[2] <= WIDTH + 1e-6 and placed[3] <= HEIGHT + 1e-6


def test_a_crop_of_a_crop_is_placed_in_the_root():
    zoom = crop(target="indexed")
    context = bench(zoom)
    first = ask(context, zoom, bbox_2d=[100, 50, 200, 150])
    context.ledger.images += (first,)
    second = ask(context, zoom, bbox_2d=[10, 20, 40, 60], target_image=2)
    assert corner(context, second) == (110, 70) and second.root == context.image(1).ref
    assert context.ledger.events[1].box_xyxy == (110, 70, 140, 110)
    again = ask(context, zoom, bbox_2d=[10, 20, 40, 60], target_image=first.ref)
    assert again.ref == second.ref


def test_root_means_the_first_picture_whatever_was_shown_since():
    zoom = crop()
    context = bench(zoom, sizes=((WIDTH, HEIGHT), (64, 64)))
    assert context.store.get(ask(context, zoom, bbox_2d=[0, 0, 9, 9]).ref).getpixel((0, 0))[2] == 0
    assert "unknown: ['target_image']" in ask(context, zoom, bbox_2d=[0, 0, 9, 9], target_image=2)


def test_enlarging_and_the_smallest_side():
    small, large = crop(min_side_px=28), crop(enlarge=3.0)
    context = bench(small)
    assert context.store.size(ask(context, small, bbox_2d=[100, 100, 104, 110]).ref) == (28, 28)
    image = ask(bench(large), large, bbox_2d=[100, 100, 120, 110])
    assert image.to_root == pytest.approx((1 / 3, 1 / 3, 100, 100))


def test_what_the_model_reads():
    assert set(crop().parameters["properties"]) == {"bbox_2d", "label"}
    assert set(crop(target="indexed", label=False).parameters["properties"]) == {"bbox_2d", "target_image"}
    assert crop().name == "image_zoom_in_tool" and "pixels" in crop().description
    assert crop(description="Look closer.").description == "Look closer."
    descriptions = {crop(frame=frame).description for frame in ("px", "unit", "per_mille", "grid")}
    assert len(descriptions) == 4


def test_the_declaration_glimpse_was_taught_does_not_change():
    assert crop(frame="grid", label=False).schema["function"] == {
        "name": "image_zoom_in_tool",
        "description": "Zoom in on a region of the image. The box is [x1, y1, x2, y2] as grid lines.",
        "parameters": {
            "type": "object", "required": ["bbox_2d"],
            "properties": {"bbox_2d": {"type": "array", "items": {"type": "number"}, "description": "Region to show."}}},
    }


def test_marks_are_drawn_on_a_copy_and_add_up():
    mark = draw_box()
    context = bench(mark)
    before = context.store.get(context.image(1).ref).tobytes()
    first = ask(context, mark, bbox_2d=[10, 10, 60, 60])
    context.ledger.images += (first,)
    second = ask(context, mark, bbox_2d=[100, 100, 160, 160], target_image=2)
    assert context.store.get(context.image(1).ref).tobytes() == before
    one, two = (np.asarray(context.store.get(image.ref)) for image in (first, second))
    assert (one[10, 10:60] != np.asarray(context.store.get(context.image(1).ref))[10, 10:60]).any()
    assert np.array_equal(one[5:70, 5:70], two[5:70, 5:70]) and not np.array_equal(one, two)
    assert context.ledger.events[0].box_xyxy == (10, 10, 60, 60)


def test_turned_pictures_keep_their_place_only_where_it_can_be_said():
    turn = rotate()
    context = bench(turn)
    half, quarter = ask(context, turn, degrees=180), ask(context, turn, degrees=90)
    assert boxes.to_root((0, 0, 1, 1), half.to_root) == (WIDTH - 1, HEIGHT - 1, WIDTH, HEIGHT)
    assert quarter.root is None and context.store.size(quarter.ref) == (HEIGHT, WIDTH)


def test_chosen_frames_come_in_the_order_asked_with_their_times():
    from dataclasses import replace

    pick = select_frames(enlarge=2.0, max_frames=2)
    context = bench(pick, sizes=((40, 30), (40, 30), (40, 30)))
    context.ledger.images = tuple(replace(image, at_s=float(k)) for k, image in enumerate(context.ledger.images))
    message = asyncio.run(context.call(ToolCall(name="select_frames", arguments={"target_frames": [3, 1]})))
    assert message.text == "<2.0 seconds><0.0 seconds>"
    assert [image.at_s for image in message.images] == [2.0, 0.0]
    assert all(context.store.size(image.ref) == (80, 60) for image in message.images)
    assert "choose 1 to 2" in ask(context, pick, target_frames=[1, 2, 3])


def test_a_cut_from_the_root_looks_like_the_picture_it_was_asked_of():
    from saccade.tools import flip

    tools = zoom, turn = crop(target="last", from_root=True, enlarge=2.0), flip()
    context = bench(*tools)
    context.ledger.images += (ask(context, turn, axis="horizontal"),)
    part = ask(context, zoom, bbox_2d=[0, 0, 40, 30])
    assert corner(context, part) == (319 % 256, 0) and part.to_root == (-0.5, 0.5, 320, 0)
    assert context.ledger.events[-1].box_xyxy == (280, 0, 320, 30)


@pytest.mark.parametrize(("box", "size"), [((0, 0, 32, 20), (64, 40)), ((0, 0, 320, 150), (320, 150)),
                                           ((0, 0, 160, 125), (240, 188))])
def test_small_cuts_are_enlarged_by_their_share(box, size):
    from saccade.tools.crop import by_area

    zoom = crop(enlarge=by_area)
    context = bench(zoom)
    assert context.store.size(ask(context, zoom, bbox_2d=list(box)).ref) == size


def test_an_enlargement_stays_within_the_limit_of_a_picture(monkeypatch):
    import sys

    monkeypatch.setattr(sys.modules["saccade.tools.crop"], "WHOLE_PIXELS", 500_000)
    zoom = crop(enlarge=1000.0)
    context = bench(zoom)
    width, height = context.store.size(ask(context, zoom, bbox_2d=[0, 0, 300, 180]).ref)
    assert 490_000 < width * height < 505_000


def test_a_thousand_cuts_of_cuts_end_at_a_pixel_and_lose_nothing():
    zoom = crop(target="last", frame="unit")
    context = bench(zoom)
    for _ in range(40):
        context.ledger.images += (ask(context, zoom, bbox_2d=[0.2, 0.2, 0.6, 0.6]),)
    assert max(context.store.size(context.images[-1].ref)) <= 2  # rounded outwards, a cut never vanishes
    for _ in range(1000):
        assert ask(context, zoom, bbox_2d=[0.2, 0.2, 0.6, 0.6]).root == context.image(1).ref
    assert len(context.ledger.events) == 1040 and all(event.error is None for event in context.ledger.events)
