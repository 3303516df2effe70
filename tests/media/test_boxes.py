"""Boxes: conversions invert, overlaps obey their bounds, and nothing depends on argument order that should not."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from saccade.core.message import Box
from saccade.media.boxes import (
    area,
    clip,
    cover,
    from_pixels,
    from_root,
    giou,
    grid_edges,
    iou,
    match,
    to_pixels,
    to_root,
)

numbers = st.floats(-500, 500, allow_nan=False)
lengths = st.floats(0.01, 400)
sizes = st.tuples(st.integers(1, 5000), st.integers(1, 5000))
boxes = st.builds(lambda x, y, w, h: (x, y, x + w, y + h), numbers, numbers, lengths, lengths)
frames = st.sampled_from(["px", "unit", "per_mille", "grid"])


def close(one, other, tolerance: float = 1e-6) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=tolerance) for a, b in zip(one, other, strict=True))


@given(boxes, sizes, frames, st.integers(1, 64))
def test_frames_invert(box, size, frame, bins) -> None:
    written = from_pixels(box, size, frame=frame, bins=bins)
    assert written.frame == frame
    assert close(to_pixels(written, size, bins=bins), box)


def test_frames_by_hand() -> None:
    assert to_pixels(Box(xyxy=(0.25, 0.5, 1, 1), frame="unit"), (200, 100)) == (50, 50, 200, 100)
    assert to_pixels(Box(xyxy=(250, 500, 1000, 1000), frame="per_mille"), (200, 100)) == (50, 50, 200, 100)
    assert to_pixels(Box(xyxy=(4, 8, 16, 16), frame="grid"), (200, 100), bins=16) == (50, 50, 200, 100)
    assert to_pixels(Box(xyxy=(1, 2, 3, 4)), (200, 100)) == (1, 2, 3, 4)
    with pytest.raises(ValueError, match="no frame 'parsec'"):
        to_pixels(Box(xyxy=(0, 0, 1, 1), frame="parsec"), (10, 10))  # type: ignore[arg-type]


@given(boxes, boxes)
def test_overlap_is_symmetric_and_bounded(one, other) -> None:
    assert math.isclose(iou(one, other), iou(other, one), abs_tol=1e-12)
    assert 0 <= iou(one, other) <= 1 + 1e-9
    assert -1 - 1e-9 <= giou(one, other) <= iou(one, other) + 1e-9
    assert 0 <= cover(one, other) <= 1 + 1e-9


@given(boxes)
def test_a_box_is_itself(box) -> None:
    assert math.isclose(iou(box, box), 1, abs_tol=1e-9)
    assert math.isclose(giou(box, box), 1, abs_tol=1e-9)
    assert math.isclose(cover(box, box), 1, abs_tol=1e-9)


@given(boxes, boxes, numbers, numbers, st.floats(0.1, 10))
def test_overlap_survives_shift_and_scale(one, other, dx, dy, scale) -> None:
    assume(area(one) > 1e-2 and area(other) > 1e-2)
    moved = [to_root(box, (scale, scale, dx, dy)) for box in (one, other)]
    assert math.isclose(iou(*moved), iou(one, other), abs_tol=1e-5)


def test_overlap_by_hand() -> None:
    assert iou((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7)
    assert giou((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7 - 2 / 9)
    assert cover((0, 0, 2, 2), (1, 0, 5, 5)) == pytest.approx(0.5)
    assert iou((0, 0, 0, 0), (0, 0, 0, 0)) == 0
    assert giou((0, 0, 1, 1), (9, 9, 10, 10)) < -0.9
    assert area((3, 3, 1, 1)) == 0


@given(boxes, sizes)
def test_clipped_boxes_are_inside_and_not_larger(box, size) -> None:
    x1, y1, x2, y2 = clip(box, size)
    assert 0 <= x1 <= x2 <= size[0]
    assert 0 <= y1 <= y2 <= size[1]
    assert area((x1, y1, x2, y2)) <= area(box) + 1e-6


@given(boxes, st.tuples(st.floats(0.01, 10), st.floats(0.01, 10), numbers, numbers), st.booleans(), st.booleans())
def test_affines_invert_even_when_mirrored(box, affine, flip_x, flip_y) -> None:
    sx, sy, ox, oy = affine
    placed = (-sx if flip_x else sx, -sy if flip_y else sy, ox, oy)
    there = to_root(box, placed)
    assert there[0] < there[2]
    assert there[1] < there[3]
    assert close(from_root(there, placed), box, 1e-4)


@given(boxes, sizes, st.integers(1, 64))
def test_grid_edges_are_whole_ordered_and_inside(box, size, bins) -> None:
    x1, y1, x2, y2 = grid_edges(box, size, bins=bins)
    assert 0 <= x1 < x2 <= bins
    assert 0 <= y1 < y2 <= bins


@given(st.integers(0, 15), st.integers(0, 15), st.integers(1, 16), st.integers(1, 16), sizes)
def test_grid_edges_of_a_grid_box_are_its_own(x1, y1, w, h, size) -> None:
    box = (x1, y1, min(x1 + w, 16), min(y1 + h, 16))
    assert grid_edges(to_pixels(Box(xyxy=box, frame="grid"), size), size) == box


@given(st.lists(boxes, max_size=6), st.lists(boxes, max_size=6))
def test_matching_uses_each_box_once_best_first(found, wanted) -> None:
    pairs = match(found, wanted, least=0.1)
    assert len({i for i, _, _ in pairs}) == len({j for _, j, _ in pairs}) == len(pairs)
    overlaps = [value for _, _, value in pairs]
    assert overlaps == sorted(overlaps, reverse=True)
    assert all(value >= 0.1 and value == iou(found[i], wanted[j]) for i, j, value in pairs)


def test_matching_by_hand() -> None:
    assert match([(0, 0, 2, 2), (10, 10, 12, 12)], [(10, 10, 12, 12), (0, 0, 2, 1)]) == ((1, 0, 1.0), (0, 1, 0.5))
    assert match([(0, 0, 1, 1)], [(5, 5, 6, 6)], least=0.0) == ()
