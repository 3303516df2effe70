"""Boxes held against pixels: a crop must show the place its record names, and the box the model wrote must mean it.

A box read in the wrong frame of reference gives a valid picture of the wrong place; nothing downstream can notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image as PILImage

from saccade.core.message import Image
from saccade.core.store import MediaStore
from saccade.core.tool import Tool
from saccade.core.trajectory import ToolEvent, Trajectory
from saccade.learn.evidence import BlindError

DIFFER = 0.1
"""Largest mean difference (of 1) between a stored crop and the same place cut again: other resampling stays below it."""


def check_crops(attempts: Sequence[Trajectory], store: MediaStore, tools: Sequence[Tool]) -> None:
    """Boxes against pixels: a crop must show the place its record names, and the box the model wrote must mean it."""
    bins = {tool.name: tool.bins for tool in tools}
    for trajectory in attempts:
        shown = {image.ref: image for step in trajectory.steps for image in step.message.images}
        for event in trajectory.events:
            if event.error is None and event.box_xyxy is not None and event.image in store and event.result in shown:
                where = f"{trajectory.sample.id}, attempt {trajectory.attempt}, call of {event.name}"
                check_pixels(shown[event.result], store, where)
                check_frame(event, shown, store, bins.get(event.name, 16), where)


def check_pixels(made: Image, store: MediaStore, where: str) -> None:
    """The stored crop against the same place cut from its root again."""
    if made.root is None or made.root not in store:
        return
    root, part = store.get(made.root), store.get(made.ref)
    sx, sy, ox, oy = made.to_root
    box = clipped((ox, oy, ox + part.width * sx, oy + part.height * sy), root.size)
    if box[0] >= box[2] or box[1] >= box[3]:
        raise BlindError(f"{where}: wrong coordinate frame: {made.ref} lies outside its root of {root.size} pixels")
    whole, blank = box == (0.0, 0.0, *map(float, root.size)), len(set(part.getextrema())) == 1
    if whole or blank or sx <= 0 or sy <= 0:  # an edited whole, a blanked or a mirrored cut: nothing to compare
        return
    error = gap(root.resize(part.size, PILImage.Resampling.BICUBIC, box=box), part)
    if error > DIFFER:
        raise BlindError(
            f"{where}: wrong coordinate frame: {made.ref} should show {[round(edge) for edge in box]} of {made.root} "
            f"({root.width} x {root.height} pixels), but its pixels differ from that place by {error:.0%}"
        )


def check_frame(event: ToolEvent, shown: Mapping[str, Image], store: MediaStore, bins: int, where: str) -> None:
    """The box the model wrote, placed by arithmetic of our own, against the box that was looked at."""
    box = next((each for each in event.arguments.values() if isinstance(each, Mapping) and each.get("kind") == "box"), None)
    if box is None or event.image is None or event.box_xyxy is None:
        return
    read = next((shown[each] for each in event.arguments.values() if isinstance(each, str) and each in shown), None)
    source = read or Image(ref=event.image)
    if (source.root or source.ref) != event.image:
        return
    placed = {frame: place(box["xyxy"], frame, source, store, bins) for frame in ("px", "unit", "per_mille", "grid")}
    stated = placed[box.get("frame", "px")]
    overlaps = {frame: overlap(each, event.box_xyxy) for frame, each in placed.items()}
    best = max(overlaps, key=lambda frame: overlaps[frame])
    if overlap(stated, event.box_xyxy) < 0.2 and overlaps[best] > 0.9:
        raise BlindError(
            f"{where}: wrong coordinate frame: the model wrote {list(box['xyxy'])} in {box.get('frame', 'px')}, which is "
            f"{[round(edge) for edge in stated]} in pixels; {[round(edge) for edge in event.box_xyxy]} was looked at, as if "
            f"the numbers were {best}"
        )


def place(xyxy: Sequence[float], frame: str, source: Image, store: MediaStore, bins: int) -> tuple[float, ...]:
    """A box in pixels of the root image, clipped to the picture it was written about."""
    width, height = store.size(source.ref)
    unit = {"px": (1.0, 1.0), "unit": (width, height), "per_mille": (width / 1000, height / 1000)}.get(
        frame, (width / bins, height / bins)
    )
    x1, y1, x2, y2 = clipped((xyxy[0] * unit[0], xyxy[1] * unit[1], xyxy[2] * unit[0], xyxy[3] * unit[1]), (width, height))
    sx, sy, ox, oy = source.to_root
    return x1 * sx + ox, y1 * sy + oy, x2 * sx + ox, y2 * sy + oy


def clipped(box: Sequence[float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    return max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(size[0])), min(box[3], float(size[1]))


def overlap(left: Sequence[float], right: Sequence[float]) -> float:
    wide = min(left[2], right[2]) - max(left[0], right[0])
    tall = min(left[3], right[3]) - max(left[1], right[1])
    common = max(wide, 0.0) * max(tall, 0.0)
    whole = sum(max(each[2] - each[0], 0.0) * max(each[3] - each[1], 0.0) for each in (left, right)) - common
    return common / whole if whole > 0 else 0.0


def gap(left: Any, right: Any) -> float:
    """Mean absolute difference of two pictures of one size, 0..1."""
    return float(np.abs(np.asarray(left, np.float32) - np.asarray(right, np.float32)).mean() / 255)
