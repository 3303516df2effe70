"""Marks, points and lines: drawn where they say, on a copy, and recorded in the root image whatever was in between."""

import numpy as np
import pytest

from saccade.clients import sight
from saccade.core.record import event_from, plain
from saccade.media import boxes
from saccade.tools import crop, draw_box, draw_line, flip, grid, mark, point, point_zoom
from tests.tools.bench import attempt, call, pixels, ramp


def changed(context, message):
    """Box of the pixels that differ from the first picture."""
    before = np.asarray(context.store.get(context.image(1).ref)).astype(int)
    rows, columns = np.nonzero(np.abs(pixels(context, message).astype(int) - before).sum(-1))
    return columns.min(), rows.min(), columns.max(), rows.max()


@pytest.mark.parametrize(("frame", "written"), [
    ("px", [160, 50]), ("unit", [0.5, 0.25]), ("per_mille", [500, 250]), ("grid", [8, 4]), ("px", "<8><4>"),
    ("px", "160, 50")])
def test_a_point_is_the_same_place_in_every_frame(frame, written):
    tool = point(frame=frame)
    context = attempt(tool)
    message = call(context, tool, point_2d=written)
    x1, y1, x2, y2 = changed(context, message)
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx((160, 50), abs=1)
    assert context.ledger.events[0].points_xy == ((160, 50),)
    assert context.ledger.events[0].image == context.image(1).ref


def test_places_in_a_crop_of_a_mirrored_picture_are_recorded_in_the_root():
    tools = (crop(target="indexed"), flip(), point(), draw_line(), draw_box())
    zoom, turn, dot, line, box = tools
    context = attempt(*tools)
    call(context, turn, axis="horizontal")
    call(context, zoom, bbox_2d=[20, 10, 120, 110], target_image=2)
    call(context, dot, point_2d=[30, 40], target_image=3)
    call(context, line, start_point_2d=[0, 0], end_point_2d=[100, 100], target_image=3)
    call(context, box, bbox_2d=[0, 0, 10, 20], target_image=3)
    root = context.image(1).ref
    assert all(event.image == root for event in context.ledger.events)
    assert context.ledger.events[1].box_xyxy == (200, 10, 300, 110)
    assert context.ledger.events[2].points_xy == ((270, 50),)
    assert context.ledger.events[3].points_xy == ((300, 10), (200, 110))
    assert boxes.to_root((0, 0, 10, 20), context.image(3).to_root) == (290, 10, 300, 30)
    kept = context.ledger.events[3]
    assert event_from(plain(kept)) == kept


def test_a_mirrored_picture_is_mirrored():
    turn = flip()
    context = attempt(turn)
    message = call(context, turn, axis="horizontal")
    assert pixels(context, message)[5, 0].tolist() == [319 % 256, 5, 0]
    message = call(context, turn, axis="vertical", target_image=2)
    assert pixels(context, message)[0, 0].tolist() == [319 % 256, 199, 0]
    assert context.image(3).to_root == (-1, -1, 320, 200)


def test_lines_run_where_they_are_drawn():
    line, across = draw_line(), draw_line(across="horizontal")
    context = attempt(line, across)
    one = pixels(context, call(context, line, start_point_2d=[20, 20], end_point_2d=[200, 20]))
    assert (one[20, 30:190] != np.asarray(context.store.get(context.image(1).ref))[20, 30:190]).any(-1).all()
    two = call(context, across, y=100)
    x1, y1, x2, y2 = changed(context, two)
    assert (x1, x2) == (0, 319) and 96 <= y1 <= 100 <= y2 <= 104


def test_a_number_stands_on_every_mark_and_the_text_lists_them():
    tool = mark(most=3)
    context = attempt(tool)
    message = call(context, tool, boxes_2d=[[10, 10, 60, 60], [100, 100, 180, 160]])
    assert message.text == "1: [10, 10, 60, 60]\n2: [100, 100, 180, 160]"
    shown, before = pixels(context, message).astype(int), np.asarray(ramp(320, 200)).astype(int)
    for x, y in ((35, 35), (140, 130)):
        assert np.abs(shown[y - 4:y + 4, x - 4:x + 4] - before[y - 4:y + 4, x - 4:x + 4]).sum() > 0
    assert "takes 1 to 3 boxes" in call(context, tool, boxes_2d=[[0, 0, 9, 9]] * 4).text
    assert "takes 1 to 3 boxes" in call(context, tool).text


def test_a_finder_marks_what_the_model_does_not_name():
    found = sight.Found(label="red card", box_xyxy=(10, 20, 30, 40))
    tool = mark(finder=sight.scripted(found), frame="grid")
    assert call(attempt(tool), tool).text == "1: <1><2><2><3> red card"


@pytest.mark.parametrize(("at", "corner"), [((160, 100), (110, 50)), ((0, 0), (0, 0)), ((320, 200), (220, 100))])
def test_a_look_at_a_point_is_a_whole_square_that_holds_it(at, corner):
    tool = point_zoom(reach_px=50, shown_px=200)
    context = attempt(tool)
    message = call(context, tool, coordinate=list(at))
    image = message.images[0]
    assert context.store.size(image.ref) == (200, 200) and image.to_root == (0.5, 0.5, *corner)
    event = context.ledger.events[0]
    assert event.box_xyxy == (*corner, corner[0] + 100, corner[1] + 100) and event.points_xy == (at,)


def test_the_dot_stands_at_the_point():
    plain_look, dotted = point_zoom(shown_px=200), point_zoom(shown_px=200, dot=True, name="dotted")
    context = attempt(plain_look, dotted)
    one, two = (pixels(context, call(context, each, coordinate=[10, 100])) for each in (plain_look, dotted))
    rows, columns = np.nonzero((one != two).any(-1))
    assert (columns.mean(), rows.mean()) == pytest.approx((20, 100), abs=1.5)


def test_the_grid_has_its_lines_where_the_grid_frame_says():
    tool = grid()
    context = attempt(tool)
    shown = pixels(context, call(context, tool, cells=4))
    assert (shown[:, 80] == 128).all() and (shown[50, :] == 128).all()
