"""Which image a call read and where: the part of a tool event that rewards and the viewer use.

The picture that came back knows best: its provenance says which part of the root image it shows, padding and every
intervention included. Where no picture came back, the box the model wrote is placed by the image it was about.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Sequence
from typing import Any

from saccade.core.episode import Context
from saccade.core.message import Box, Image, Point
from saccade.core.record import plain
from saccade.core.tool import Tool
from saccade.media import boxes


def arguments_of_type(tool: Tool, wanted: type) -> tuple[str, ...]:
    """Names of the parameters typed so (or so or None, or a list of such), in order."""
    target = tool.function if inspect.isroutine(tool.function) else type(tool.function).__call__
    hints = typing.get_type_hints(target)
    return tuple(
        name for name, hint in hints.items() if name != "return" and (hint is wanted or wanted in typing.get_args(hint))
    )


def image_arguments(tool: Tool) -> tuple[str, ...]:
    return arguments_of_type(tool, Image)


def read_image(tool: Tool, arguments: dict[str, Any], context: Context) -> Image:
    """The image a call is about: the one it names, else the first one shown. Raises ToolError where none was shown."""
    named = (arguments[name] for name in image_arguments(tool) if isinstance(arguments.get(name), Image))
    return next(named, None) or context.image(1)


def looked_at(tool: Tool, arguments: dict[str, Any], images: Sequence[Image], context: Context) -> dict[str, Any]:
    """Fields ``image``, ``box_xyxy``, ``points_xy`` (pixels of that root image) and ``result`` of a tool event."""
    out: dict[str, Any] = {"result": images[0].ref} if images else {}
    points = [each for name in arguments_of_type(tool, Point) for each in listed(arguments.get(name))]
    if points:
        read = read_image(tool, arguments, context)
        size = context.store.size(read.ref)
        here = (boxes.point_to_pixels(each, size, bins=tool.bins) for each in points)
        placed_xy = tuple(boxes.point_to_root(each, read.to_root) for each in here)
        out |= {"image": read.root or read.ref, "points_xy": placed_xy}
    if images and images[0].root is not None and images[0].root in context.store:
        shown = images[0]
        size, whole = context.store.size(shown.ref), context.store.size(shown.root)
        box = boxes.clip(boxes.to_root((0, 0, *size), shown.to_root), whole)
        out |= {"image": shown.root, "image_px": float(whole[0] * whole[1])}
        if box != (0, 0, *whole):
            return {**out, "box_xyxy": tuple(float(edge) for edge in box)}
    written = next((arguments[name] for name in arguments_of_type(tool, Box) if isinstance(arguments.get(name), Box)), None)
    if written is not None:
        read = read_image(tool, arguments, context)
        pixels = boxes.to_pixels(written, context.store.size(read.ref), bins=tool.bins)
        root = read.root or read.ref
        if root in context.store:
            placed = boxes.clip(boxes.to_root(pixels, read.to_root), context.store.size(root))
            wide, high = context.store.size(root)
            out |= {"image": root, "image_px": float(wide * high), "box_xyxy": tuple(float(edge) for edge in placed)}
    return out


def listed(value: Any) -> list[Point]:
    """The points in an argument: one, a list of them, or none."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, Point)]


def recorded(arguments: Any) -> dict[str, Any]:
    """Arguments as plain JSON values, so that a record read back equals the one written."""
    if not isinstance(arguments, dict):
        return {}
    return {str(name): _json(value) for name, value in arguments.items()}


def _json(value: Any) -> Any:
    if isinstance(value, Image):
        return value.ref
    if isinstance(value, (Box, Point)):
        return plain(value)
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    return value if isinstance(value, float) and value == value and abs(value) != float("inf") else str(value)
