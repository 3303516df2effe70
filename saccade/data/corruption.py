"""Pictures turned or mirrored so that the model must undo it, with the inverse known (CodeVision, December 2025).

``meta["required"]`` lists what a good attempt must do, in order: the operation that undoes the change, then a crop of the
evidence where there is any. Boxes of the truth are moved along, so a look can still be scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image as PILImage

from saccade.core.message import Image
from saccade.core.sample import Sample, Source
from saccade.core.seed import generator
from saccade.media.image import read_rgb

Transpose = PILImage.Transpose
CHANGES: Mapping[str, Any] = {
    "none": None, "rotate90": Transpose.ROTATE_270, "rotate180": Transpose.ROTATE_180, "rotate270": Transpose.ROTATE_90,
    "flip_h": Transpose.FLIP_LEFT_RIGHT, "flip_v": Transpose.FLIP_TOP_BOTTOM,
}
"""Clockwise turns and mirrorings by name, and how Pillow (which turns the other way) makes them."""
INVERSE = {"none": "none", "rotate90": "rotate270", "rotate180": "rotate180", "rotate270": "rotate90", "flip_h": "flip_h",
           "flip_v": "flip_v"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrupted:
    """Every row of a source under a change drawn by its name. See `corrupted`."""

    source: Source
    changes: tuple[str, ...]
    seed: int = 0

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Sample:
        sample = self.source[index]
        change = self.changes[int(generator("corrupted", self.seed, sample.id).integers(len(self.changes)))]
        return changed(sample, change)


def corrupted(source: Source, *, changes: Sequence[str] = tuple(CHANGES), seed: int = 0) -> Corrupted:
    """Make the source; all changes are equally likely. Raises ValueError for an unknown one."""
    strange = sorted(set(changes) - set(CHANGES))
    if strange or not changes:
        raise ValueError(f"corrupted: changes are {', '.join(CHANGES)}, not {', '.join(strange) or 'none'}")
    return Corrupted(source=source, changes=tuple(changes), seed=seed)


def changed(sample: Sample, change: str) -> Sample:
    """One row under one change of all its pictures. Raises ValueError for a row without pictures."""
    if not sample.images:
        raise ValueError(f"row {sample.id} has no picture to change")
    size = read_rgb(sample.images[int(sample.meta.get("evidence_image", 0))]).size
    moved = {key: [moved_box(box, size, change) for box in sample.meta[key]]
             for key in ("evidence", "distractors") if sample.meta.get(key)}
    required = [INVERSE[change]] if change != "none" else []
    required += ["crop"] * len(moved.get("evidence", ()))
    prompt = tuple(replace(message, parts=tuple(shown(part, sample.id, change) if isinstance(part, Image) else part
                                                for part in message.parts)) for message in sample.prompt)
    return replace(sample, id=f"{sample.id}#{change}", prompt=prompt,
                   meta={**sample.meta, **moved, "change": change, "required": required})


def shown(image: Image, name: str, change: str) -> Image:
    if change == "none":
        return image
    return replace(image, ref=f"lazy:{name}#{change}/{image.ref}", data=lambda: read_rgb(image).transpose(CHANGES[change]))


def moved_box(box: Sequence[float], size: tuple[int, int], change: str) -> list[float]:
    """A box in pixels of the unchanged picture of this size, in pixels of the changed one."""
    (x1, y1, x2, y2), (wide, high) = box, size
    return {
        "none": [x1, y1, x2, y2],
        "rotate90": [high - y2, x1, high - y1, x2],
        "rotate180": [wide - x2, high - y2, wide - x1, high - y1],
        "rotate270": [y1, wide - x2, y2, wide - x1],
        "flip_h": [wide - x2, y1, wide - x1, y2],
        "flip_v": [x1, high - y2, x2, high - y1],
    }[change]
