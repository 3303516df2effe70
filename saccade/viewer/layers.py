"""What lies over a root picture, by layer: looks, drawings, boxes, points and masks the model gave, and the truth.

Everything is in pixels of that root picture. A tool event carries the box it looked at and the points it was about; other
shapes are read from the arguments of calls (where a tool says them in pixels) and from the boxes in what the model said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from saccade.core.message import Box, Image
from saccade.core.trajectory import ToolEvent, Trajectory
from saccade.media import boxes

Layer = Literal["looks", "truth", "distractors", "boxes", "points", "masks", "drawings"]
LAYERS: tuple[Layer, ...] = ("drawings", "masks", "distractors", "truth", "boxes", "points", "looks")
"""In the order in which they are drawn."""

POLYGONS, POINTS, MASKS = (
    ("polygon", "polygons"),
    ("point", "points", "point_2d", "points_2d"),
    ("mask", "masks", "rle"),
)
MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One shape. `xy` are its corners: two for a box, one for a point, more for a polygon; `look` numbers looks from 0;
    `ref` is a drawing's picture."""

    layer: Layer
    xy: tuple[tuple[float, float], ...]
    look: int | None = None
    label: str = ""
    ref: str = ""


def looks_of(trajectory: Trajectory) -> dict[int, ToolEvent]:
    """Tool calls that cut a box out of a root image, by their number."""
    seen = [event for event in trajectory.events if event.box_xyxy is not None and event.error is None]
    return dict(enumerate(seen))


def marks_of(
    trajectory: Trajectory, image: Image, size: tuple[int, int], *, number: int, truth: bool = True
) -> list[Mark]:
    """Everything that lies over input picture `number` (counted from 0), in the order in which it is drawn."""
    found = [*drawings(trajectory, image), *written(trajectory, image, size, number)]
    if (
        truth
        and isinstance(trajectory.sample.meta.get("evidence_image", 0), int)
        and trajectory.sample.meta.get("evidence_image", 0) == number
    ):
        found += [
            Mark(layer=layer, xy=xy)
            for layer, key in (("distractors", "distractors"), ("truth", "evidence"))
            for xy in corner_lists(trajectory.sample.meta.get(key))
        ]
    for look, event in looks_of(trajectory).items():
        if event.image == image.ref:
            found += [
                Mark(layer="looks", xy=xy, look=look, label=str(look + 1)) for xy in corner_lists([event.box_xyxy])
            ]
    return sorted(found[:MOST], key=lambda mark: LAYERS.index(mark.layer))


def drawings(trajectory: Trajectory, image: Image) -> Iterator[Mark]:
    """Pictures that tools made of the whole root picture: marks the model drew for itself."""
    for step in trajectory.path():
        for part in step.message.images:
            if part.source != "input" and part.root == image.ref and tuple(part.to_root) == (1.0, 1.0, 0.0, 0.0):
                yield Mark(layer="drawings", xy=((0.0, 0.0),), ref=part.ref)


def written(trajectory: Trajectory, image: Image, size: tuple[int, int], number: int) -> Iterator[Mark]:
    """Boxes of messages, and shapes in the arguments of calls that read this picture."""
    for step in trajectory.path():
        if step.message.role == "assistant":
            for part in step.message.parts:
                if isinstance(part, Box) and number == 0:
                    yield from (Mark(layer="boxes", xy=xy) for xy in framed(part, size))
    for event in trajectory.events:
        if event.error is None and event.image in (image.ref, None) and (event.image or number == 0):
            yield from (Mark(layer="points", xy=(xy,)) for xy in pairs(event.points_xy))
            own_frame = POINTS if event.points_xy else ()  # the same points, as the tool's frame has them
            yield from shapes({key: value for key, value in event.arguments.items() if key not in own_frame})


def shapes(arguments: Mapping[str, Any]) -> Iterator[Mark]:
    for key, value in arguments.items():
        if key in POINTS:
            yield from (Mark(layer="points", xy=(xy,)) for xy in pairs(value if listed(value, 2) else [value]))
        elif key in POLYGONS:
            for each in value if listed(value, 3) else [value]:
                xy = tuple(pairs(each))
                if len(xy) > 2:
                    yield Mark(layer="masks", xy=xy)
        elif key in MASKS:
            for each in value if isinstance(value, list) else [value]:
                yield from (Mark(layer="masks", xy=xy) for xy in outlines(each))


def listed(value: Any, depth: int) -> bool:
    """Whether lists are nested at least this deep."""
    while depth and isinstance(value, list | tuple) and value:
        value, depth = value[0], depth - 1
    return depth == 0


def pairs(value: Any) -> Iterator[tuple[float, float]]:
    """Points of ``[[x, y], ...]``; what is none is left out."""
    for each in value if isinstance(value, list | tuple) else ():
        if isinstance(each, list | tuple) and len(each) == 2 and all(map(finite, each)):
            yield float(each[0]), float(each[1])


def corner_lists(values: Any) -> Iterator[tuple[tuple[float, float], ...]]:
    """Boxes as two corners; those that are not four finite numbers, or empty, are left out."""
    for box in values if isinstance(values, list | tuple) else ():
        if isinstance(box, list | tuple) and len(box) == 4 and all(map(finite, box)):
            x1, y1, x2, y2 = map(float, box)
            if x1 < x2 and y1 < y2:
                yield (x1, y1), (x2, y2)


def framed(box: Box, size: tuple[int, int]) -> list[tuple[tuple[float, float], ...]]:
    try:
        return list(corner_lists([boxes.to_pixels(box, size)]))
    except (TypeError, ValueError, KeyError):
        return []


def outlines(value: Any) -> Iterator[tuple[tuple[float, float], ...]]:
    """A mask ``{"size": [h, w], "counts": [...]}`` (run lengths down the columns, first of background) as the edge of each
    of its column bands, coarse enough to draw: at most 64 bands."""
    if not isinstance(value, Mapping) or not isinstance(value.get("counts"), list):
        return
    try:
        height, width = (int(side) for side in value["size"])
        counts = np.asarray(value["counts"], dtype=np.int64)
    except (TypeError, ValueError, KeyError, OverflowError):
        return
    if not 0 < height * width <= 50_000_000 or (counts < 0).any() or counts.sum() != height * width:
        return
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(width, height)
    band = max(1, width // 64)
    for left in range(0, width, band):
        rows = np.flatnonzero(inside[left : left + band].any(axis=0))
        for part in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(rows) else ():
            right = min(left + band, width)
            yield (left, part[0]), (right, part[0]), (right, part[-1] + 1), (left, part[-1] + 1)


def finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
