"""Read points and boxes out of text, in the forms that vision-language models write.

JSON (``[{"bbox_2d": [x1, y1, x2, y2], "label": ...}]``), four bare numbers in brackets, Qwen-VL's
``<|box_start|>(x1,y1),(x2,y2)<|box_end|>``, grid tokens ``<3><4><9><8>`` (which say their own frame), and Molmo's
``<point x= y=>``. The frame of bare numbers is the caller's to say; numbers are never guessed to be pixels or fractions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from saccade.core.message import Box, Frame
from saccade.text.extract import json_values

NUM = r"\s*(-?[0-9]{1,9}(?:\.[0-9]{1,12})?)\s*"
_GRID = re.compile(r"<([0-9]{1,4})>\s*<([0-9]{1,4})>\s*<([0-9]{1,4})>\s*<([0-9]{1,4})>")
_PAIRS = re.compile(rf"\({NUM},{NUM}\)\s*,?\s*\({NUM},{NUM}\)")
_FOUR = re.compile(rf"[\[(]{NUM},{NUM},{NUM},{NUM}[\])]")
_TWO = re.compile(rf"[\[(]{NUM},{NUM}[\])]")
_POINT = re.compile(rf"<points?\b[^<>]*?\bx1?\s*=\s*[\"']?{NUM}[\"']?[^<>]*?\by1?\s*=\s*[\"']?{NUM}[\"']?[^<>]*>")
BOX_KEYS = ("bbox_2d", "bbox", "box", "box_2d")
POINT_KEYS = ("point_2d", "point")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point in a frame of reference, as written."""

    xy: tuple[float, float]
    frame: Frame = "px"


def boxes(text: str, *, frame: Frame = "px") -> tuple[Box, ...]:
    """Every box in a text, in order of writing; `frame` is that of bare numbers. Inverted and empty ones are left out."""
    found: list[tuple[Any, Frame]] = [(each, frame) for each in _lists(json_values(text), 4, BOX_KEYS)]
    if not found:
        found = [(match.groups(), "grid") for match in _GRID.finditer(text)]
    if not found:
        found = [(match.groups(), frame) for match in _PAIRS.finditer(text)]
    if not found:
        found = [(match.groups(), frame) for match in _FOUR.finditer(text)]
    made = ((_finite(each), kind) for each, kind in found)
    return tuple(
        Box(xyxy=(xyxy[0], xyxy[1], xyxy[2], xyxy[3]), frame=kind)
        for xyxy, kind in made
        if xyxy is not None and xyxy[0] < xyxy[2] and xyxy[1] < xyxy[3]
    )


def points(text: str, *, frame: Frame = "px") -> tuple[Point, ...]:
    """Every point in a text, in order of writing."""
    found: list[Any] = list(_lists(json_values(text), 2, POINT_KEYS))
    found = found or [match.groups() for match in _POINT.finditer(text)]
    found = found or [match.groups() for match in _TWO.finditer(text)]
    return tuple(Point(xy=(xy[0], xy[1]), frame=frame) for each in found if (xy := _finite(each)) is not None)


def _lists(value: Any, size: int, keys: tuple[str, ...], depth: int = 0) -> Iterator[Any]:
    """Lists of `size` numbers in a JSON value: bare, nested, or under one of the keys. Grid tokens in strings too."""
    if depth > 8:
        return
    if isinstance(value, dict):
        for key in keys:
            if key in value:
                yield from _lists(value[key], size, keys, depth + 1)
                return
        for item in value.values():
            yield from _lists(item, size, keys, depth + 1) if isinstance(item, list | dict) else ()
    elif isinstance(value, list):
        if len(value) == size and all(isinstance(item, int | float) and not isinstance(item, bool) for item in value):
            yield value
        else:
            for item in value:
                yield from _lists(item, size, keys, depth + 1) if isinstance(item, list | dict) else ()


def _finite(values: Any) -> tuple[float, ...] | None:
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if all(math.isfinite(number) for number in numbers) else None
