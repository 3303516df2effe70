"""One question three times: as it is, without its evidence, and without something irrelevant (DeFacto, September 2025).

A model that answers the second as before did not answer from the evidence; one that refuses the third has learned that a
hole in a picture means "refuse". Pictures are changed when they are first read, so a million rows cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image as PILImage

from saccade.core.message import Image
from saccade.core.sample import Sample, Source
from saccade.core.seed import generator
from saccade.media.boxes import clip, shared
from saccade.media.image import read_rgb

KINDS = ("positive", "counterfactual", "random_mask")
UNKNOWN = "unknown"
TRIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Triples:
    """Rows 3i, 3i+1, 3i+2 are the positive, the counterfactual and the randomly masked form of row i. See `triples`."""

    source: Source
    unknown: str = UNKNOWN
    kinds: tuple[str, ...] = KINDS

    def __len__(self) -> int:
        return len(self.kinds) * len(self.source)

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        place, kind = divmod(index, len(self.kinds))
        return formed(self.source[place], self.kinds[kind], self.unknown)


def triples(source: Source, *, unknown: str = UNKNOWN, kinds: Sequence[str] = KINDS) -> Triples:
    """Make the source. ``meta["sample_type"]`` names the form; the target of a counterfactual is `unknown`.

    Raises ValueError for unknown kinds, and on reading for a row without evidence boxes or without a picture.
    """
    strange = sorted(set(kinds) - set(KINDS))
    if strange or not kinds:
        raise ValueError(f"triples: kinds are {', '.join(KINDS)}, not {', '.join(strange) or 'none'}")
    return Triples(source=source, unknown=unknown, kinds=tuple(kinds))


def formed(sample: Sample, kind: str, unknown: str = UNKNOWN) -> Sample:
    """One form of a sample."""
    boxes = sample.meta.get("evidence")
    at = int(sample.meta.get("evidence_image", 0))
    if not boxes or at >= len(sample.images):
        raise ValueError(f"row {sample.id}: removing evidence needs meta['evidence'] (boxes) and the picture they lie in")
    meta = {**sample.meta, "sample_type": kind}
    if kind == "positive":
        return replace(sample, id=f"{sample.id}#{kind}", meta=meta)
    image = sample.images[at]
    if kind == "counterfactual":
        meta = {key: value for key, value in meta.items() if key not in ("world", "seed", "knobs", "index")}
        masked = replace(image, ref=f"lazy:{sample.id}#{kind}", data=lambda: erased(image, boxes))
        meta |= {"evidence": [], "distractors": [], "answer_type": "exact"}
        return replace(with_image(sample, image, masked), id=f"{sample.id}#{kind}", target=unknown, choices=(), meta=meta)
    masked = replace(image, ref=f"lazy:{sample.id}#{kind}", data=lambda: erased(image, boxes, elsewhere=sample.id))
    return replace(with_image(sample, image, masked), id=f"{sample.id}#{kind}", meta=meta)


def with_image(sample: Sample, old: Image, new: Image) -> Sample:
    prompt = tuple(replace(message, parts=tuple(new if part is old else part for part in message.parts))
                   for message in sample.prompt)
    return replace(sample, prompt=prompt)


def erased(image: Image, boxes: Sequence[Sequence[float]], *, elsewhere: str = "") -> PILImage.Image:
    """The picture with boxes filled in the mean colour of their rim; `elsewhere` (a name) fills boxes of equal size that
    touch none of them, where there is room."""
    pixels = read_rgb(image).copy()
    for number, box in enumerate(boxes):
        place = beside(box, boxes, pixels.size, f"{elsewhere}/{number}") if elsewhere else clip(box, pixels.size)
        if place is not None:
            fill(pixels, tuple(round(edge) for edge in place))
    return pixels


def beside(
    box: Sequence[float], taken: Sequence[Sequence[float]], size: tuple[int, int], name: str
) -> tuple[float, float, float, float] | None:
    """A box of equal size apart from all `taken`; None where none was found."""
    rng = generator("counterfactual", name)
    wide, high = box[2] - box[0], box[3] - box[1]
    if wide > size[0] or high > size[1]:
        return None
    for _ in range(TRIES):
        x, y = rng.uniform(0, size[0] - wide), rng.uniform(0, size[1] - high)
        place = (x, y, x + wide, y + high)
        if not any(shared(place, other) for other in taken):
            return place
    return None


def fill(pixels: PILImage.Image, place: tuple[int, ...]) -> None:
    x1, y1, x2, y2 = place
    rim = pixels.crop((max(x1 - 2, 0), max(y1 - 2, 0), min(x2 + 2, pixels.width), min(y2 + 2, pixels.height)))
    array = np.asarray(rim, dtype=float)
    edge = np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])
    pixels.paste(tuple(int(value) for value in edge.mean(axis=0)), (x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)))
