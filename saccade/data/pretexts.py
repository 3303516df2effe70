"""Questions about pictures that need no labels: what was done to them (SSL4RL, arXiv 2510.16416).

Any source with pictures becomes a source of pretext tasks; its questions and targets are not used. ``rotation`` shows the
picture and a turned copy, ``jigsaw`` its pieces in another order, ``position`` a crop of one quarter, ``contrastive`` two
altered views that are of one picture or of two. Answers are compared by `rewards.answer_match` (``partial=True`` pays a
jigsaw by the share of pieces in place).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image as PILImage
from PIL import ImageEnhance, ImageFilter, ImageOps

from saccade.core.message import Image, Message, Text
from saccade.core.sample import Sample, Source
from saccade.core.seed import generator
from saccade.media.image import read_rgb

Task = Literal["rotation", "jigsaw", "position", "contrastive"]
QUARTERS = ("top-left", "top-right", "bottom-left", "bottom-right")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretexts:
    """See `pretexts`."""

    source: Source
    task: Task
    pieces: tuple[int, int]
    step: int
    strength: float
    seed: int

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Sample:
        """Raises ValueError for a row without a picture."""
        row = self.source[index]
        if not row.images:
            raise ValueError(f"sample {row.id} has no picture to make a pretext of")
        rng = generator("pretexts", self.task, self.seed, row.id)
        shown, text, target, choices = TASKS[self.task](self, index, read_rgb(row.images[0]), rng)
        name = f"{self.task}/{row.id}"
        images = tuple(
            Image(ref=f"lazy:pretexts/{self.seed}/{self.pieces}/{self.step}/{self.strength}/{name}/{number}", data=each)
            for number, each in enumerate(shown)
        )
        kind = "sequence" if self.task == "jigsaw" else "exact"
        return Sample(
            id=name,
            prompt=(Message(role="user", parts=(*images, Text(text=text))),),
            target=target,
            choices=choices,
            meta={"answer_type": kind, "pretext": self.task, "of": row.id},
        )


def pretexts(
    source: Source, task: Task, *, pieces: tuple[int, int] = (2, 2), step: int = 90, strength: float = 1.0, seed: int = 0
) -> Pretexts:
    """A source of pretext tasks over the pictures of another.

    pieces:   rows and columns of a jigsaw
    step:     angles of a rotation are multiples of this, a divisor of 360
    strength: of the alterations of contrastive views, 0 (none) to 1
    """
    if task not in TASKS:
        raise ValueError(f"pretexts: task is {', '.join(TASKS)}, not {task!r}")
    if min(pieces) < 1 or not 2 <= pieces[0] * pieces[1] <= 16 or step < 1 or 360 % step or not 0 <= strength <= 1:
        raise ValueError(f"pretexts: pieces make 2 to 16, step divides 360 and strength is 0 to 1; not {pieces}, {step}, "
                         f"{strength}")
    return Pretexts(source=source, task=task, pieces=pieces, step=step, strength=strength, seed=seed)


Made = tuple[list[PILImage.Image], str, str, tuple[str, ...]]
"""Pictures, question, target, choices."""


def rotation(source: Pretexts, index: int, picture: PILImage.Image, rng: np.random.Generator) -> Made:
    """Both are cut to the largest upright square that stays inside the picture at every angle, so that no border tells."""
    angles = tuple(range(0, 360, source.step))
    angle = angles[int(rng.integers(len(angles)))]
    turned = picture.rotate(angle, PILImage.Resampling.BICUBIC if angle % 90 else PILImage.Resampling.NEAREST, expand=False)
    side = min(picture.size) if source.step % 90 == 0 else int(min(picture.size) / 2**0.5)
    text = (f"The second picture is the first one turned counter-clockwise. By how many degrees: "
            f"{', '.join(map(str, angles))}?")
    return [middle(picture, side), middle(turned, side)], text, str(angle), tuple(map(str, angles))


def middle(picture: PILImage.Image, side: int) -> PILImage.Image:
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def jigsaw(source: Pretexts, index: int, picture: PILImage.Image, rng: np.random.Generator) -> Made:
    rows, columns = source.pieces
    wide, high = picture.width // columns, picture.height // rows
    pieces = [picture.crop((column * wide, row * high, (column + 1) * wide, (row + 1) * high))
              for row in range(rows) for column in range(columns)]
    order = [int(place) for place in rng.permutation(len(pieces))]
    text = (
        f"These are the {len(pieces)} pieces of a picture of {rows} x {columns} pieces in another order. Write their "
        "numbers (1 is the first shown) in the order that restores it, row by row, separated by commas."
    )
    target = ", ".join(str(order.index(place) + 1) for place in range(len(pieces)))
    return [pieces[place] for place in order], text, target, ()


def position(source: Pretexts, index: int, picture: PILImage.Image, rng: np.random.Generator) -> Made:
    """The crop covers a fifth to four fifths of a quarter."""
    quarter = int(rng.integers(4))
    wide, high = picture.width / 2, picture.height / 2
    share = float(np.sqrt(rng.uniform(0.2, 0.8)))
    x = (quarter % 2) * wide + rng.uniform(0, wide * (1 - share))
    y = (quarter // 2) * high + rng.uniform(0, high * (1 - share))
    crop = picture.crop((round(x), round(y), round(x + wide * share), round(y + high * share)))
    text = f"From which quarter of the first picture is the second one cut: {', '.join(QUARTERS)}?"
    return [picture, crop], text, QUARTERS[quarter], QUARTERS


def contrastive(source: Pretexts, index: int, picture: PILImage.Image, rng: np.random.Generator) -> Made:
    """The other picture is that of another row; where all rows show the same, both views are of one."""
    other, same = picture, bool(rng.random() < 0.5)
    if not same:
        places = [int(place) for place in rng.permutation(len(source.source))[:20] if place != index]
        found = (read_rgb(source.source[place].images[0]) for place in places if source.source[place].images)
        other = next((each for each in found if each.tobytes() != picture.tobytes()), picture)
        same = other is picture
    text = "Are these two views of the same picture (positive) or of different ones (negative)?"
    views = [altered(each, rng, source.strength) for each in (picture, other)]
    return views, text, "positive" if same else "negative", ("positive", "negative")


def altered(picture: PILImage.Image, rng: np.random.Generator, strength: float) -> PILImage.Image:
    """Crop, colour, grey, blur and mirror, as SimCLR draws them (arXiv 2002.05709), scaled by strength."""
    share = float(rng.uniform(1 - 0.92 * strength, 1.0)) ** 0.5
    wide, high = max(8, round(picture.width * share)), max(8, round(picture.height * share))
    left, top = int(rng.integers(picture.width - min(wide, picture.width) + 1)), int(rng.integers(
        picture.height - min(high, picture.height) + 1))
    out = picture.crop((left, top, left + wide, top + high)).resize(picture.size, PILImage.Resampling.BICUBIC)
    if rng.random() < 0.8:
        for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            out = enhance(out).enhance(float(rng.uniform(1 - 0.8 * strength, 1 + 0.8 * strength)))
    if rng.random() < 0.2 * strength:
        out = ImageOps.grayscale(out).convert("RGB")
    if rng.random() < 0.5 * strength:
        out = out.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.1, 2.0)) * picture.width / 224))
    return ImageOps.mirror(out) if rng.random() < 0.5 * strength else out


TASKS: dict[str, Callable[[Pretexts, int, PILImage.Image, np.random.Generator], Made]] = {
    "rotation": rotation, "jigsaw": jigsaw, "position": position, "contrastive": contrastive,
}
