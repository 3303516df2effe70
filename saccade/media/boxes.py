"""Boxes: frames of reference, overlap and matching.

A box is four numbers x1, y1, x2, y2 (edges, not pixel centres) with x1 < x2 and y1 < y2. Models write them in pixels,
in 0..1, in 0..1000 or as edges of a grid; everything else in the library works in pixels of a named image. A wrong
frame is the silent error this file exists to prevent: conversions name both sides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from saccade.core.message import Affine, Box, Frame, Point

Pixels = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of some image."""


def _units(size: tuple[int, int], frame: Frame, bins: int) -> tuple[float, float]:
    """Pixels per unit of a frame, horizontally and vertically."""
    width, height = size
    spans: dict[str, float] = {"unit": 1.0, "per_mille": 1000.0, "grid": float(bins)}
    if frame == "px":
        return 1.0, 1.0
    if frame not in spans:
        raise ValueError(f"no frame {frame!r}; boxes are written in px, unit, per_mille or grid")
    return width / spans[frame], height / spans[frame]


def to_pixels(box: Box, size: tuple[int, int], *, bins: int = 16) -> Pixels:
    """The box in pixels of an image of `size` (width, height). `bins` is the number of bins of the ``grid`` frame."""
    x, y = _units(size, box.frame, bins)
    x1, y1, x2, y2 = box.xyxy
    return x1 * x, y1 * y, x2 * x, y2 * y


def point_to_pixels(point: Point, size: tuple[int, int], *, bins: int = 16) -> tuple[float, float]:
    """The place in pixels of an image of `size` (width, height)."""
    x, y = _units(size, point.frame, bins)
    return point.xy[0] * x, point.xy[1] * y


def from_pixels(box_xyxy: Sequence[float], size: tuple[int, int], *, frame: Frame, bins: int = 16) -> Box:
    """The same box in another frame, not rounded. The inverse of `to_pixels`."""
    x, y = _units(size, frame, bins)
    x1, y1, x2, y2 = box_xyxy
    return Box(xyxy=(x1 / x, y1 / y, x2 / x, y2 / y), frame=frame)


def grid_edges(box_xyxy: Sequence[float], size: tuple[int, int], *, bins: int = 16) -> tuple[int, int, int, int]:
    """The nearest grid edges of a box in pixels, at least one bin wide and high and inside 0..bins."""
    x1, y1, x2, y2 = from_pixels(box_xyxy, size, frame="grid", bins=bins).xyxy
    left, right = _edges(x1, x2, bins)
    top, bottom = _edges(y1, y2, bins)
    return left, top, right, bottom


def _edges(low: float, high: float, bins: int) -> tuple[int, int]:
    start, end = (min(max(math.floor(value + 0.5), 0), bins) for value in (low, high))
    if end > start:
        return start, end
    start = min(max(math.floor((low + high) / 2), 0), bins - 1)
    return start, start + 1


def moved(box_xyxy: Sequence[float], by: tuple[float, float]) -> Pixels:
    """The box shifted to the right and down by so many pixels."""
    x1, y1, x2, y2 = box_xyxy
    return x1 + by[0], y1 + by[1], x2 + by[0], y2 + by[1]


def clip(box_xyxy: Sequence[float], size: tuple[int, int]) -> Pixels:
    """The part of a box inside an image; an empty box (area 0, on the border) where there is none."""
    x1, y1, x2, y2 = box_xyxy
    width, height = size
    return (min(max(x1, 0.0), width), min(max(y1, 0.0), height), min(max(x2, 0.0), width), min(max(y2, 0.0), height))


def to_root(box_xyxy: Sequence[float], affine: Affine) -> Pixels:
    """A box of an image placed in its root image, by the image's `to_root`. Mirrored axes are put in order."""
    sx, sy, ox, oy = affine
    x1, y1, x2, y2 = box_xyxy
    (left, right), (top, bottom) = sorted((x1 * sx + ox, x2 * sx + ox)), sorted((y1 * sy + oy, y2 * sy + oy))
    return left, top, right, bottom


def point_to_root(point_xy: Sequence[float], affine: Affine) -> tuple[float, float]:
    """A place of an image placed in its root image, by the image's `to_root`."""
    sx, sy, ox, oy = affine
    return point_xy[0] * sx + ox, point_xy[1] * sy + oy


def from_root(box_xyxy: Sequence[float], affine: Affine) -> Pixels:
    """A box of the root image in coordinates of an image placed by `affine`. The inverse of `to_root`."""
    sx, sy, ox, oy = affine
    return to_root(box_xyxy, (1 / sx, 1 / sy, -ox / sx, -oy / sy))


def area(box_xyxy: Sequence[float]) -> float:
    """Square pixels; 0 for an inverted box."""
    x1, y1, x2, y2 = box_xyxy
    return max(x2 - x1, 0.0) * max(y2 - y1, 0.0)


def shared(first: Sequence[float], second: Sequence[float]) -> float:
    """Square pixels that two boxes have in common."""
    return area((max(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]), min(first[3], second[3])))


def iou(first: Sequence[float], second: Sequence[float]) -> float:
    """Intersection over union, 0..1; 0 where both are empty."""
    common = shared(first, second)
    union = area(first) + area(second) - common
    return common / union if union > 0 else 0.0


def giou(first: Sequence[float], second: Sequence[float]) -> float:
    """Generalised intersection over union, -1..1 (arXiv 1902.09630): tells near misses from far ones."""
    common = shared(first, second)
    union = area(first) + area(second) - common
    hull = area((min(first[0], second[0]), min(first[1], second[1]), max(first[2], second[2]), max(first[3], second[3])))
    return common / union - (hull - union) / hull if union > 0 and hull > 0 else -1.0


def cover(inner: Sequence[float], outer: Sequence[float]) -> float:
    """The share of `inner` that lies in `outer`, 0..1; 0 for an empty `inner`."""
    whole = area(inner)
    return shared(inner, outer) / whole if whole > 0 else 0.0


def match(
    found: Sequence[Sequence[float]], wanted: Sequence[Sequence[float]], *, least: float = 0.5
) -> tuple[tuple[int, int, float], ...]:
    """Pair boxes greedily by overlap: (index found, index wanted, iou), best first, each box once, iou at least `least`.

    Ties go to lower indices. No pair has an overlap of 0.
    """
    pairs = sorted((-iou(one, other), i, j) for i, one in enumerate(found) for j, other in enumerate(wanted))
    taken: list[tuple[int, int, float]] = []
    free_found, free_wanted = set(range(len(found))), set(range(len(wanted)))
    for negative, i, j in pairs:
        if -negative >= max(least, 1e-12) and i in free_found and j in free_wanted:
            taken.append((i, j, -negative))
            free_found.remove(i)
            free_wanted.remove(j)
    return tuple(taken)
