"""What a client of sight is shown, and what it may be able to do.

All boxes, masks and maps are in pixels of the picture that is looked at, not of its root image.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image as PILImage

from saccade.core.message import Image
from saccade.core.sample import Sample
from saccade.media import boxes

Said = str | Awaitable[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A picture somebody looks at: its pixels, where it lies in its root image, and the sample it belongs to.

    `number` is the place, from 0, of the root image among the sample's own pictures; None where it is none of them.
    `whole` is the size of the root image.
    """

    pixels: PILImage.Image
    image: Image
    sample: Sample
    whole: tuple[int, int]
    number: int | None = None

    @property
    def region_xyxy(self) -> boxes.Pixels:
        """What it shows of the root image."""
        return boxes.to_root((0, 0, *self.pixels.size), self.image.to_root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something in the picture: what it is (or reads), where, and how sure the client is, 0..1."""

    label: str
    box_xyxy: boxes.Pixels
    score: float = 1.0


class Finds(Protocol):
    def find(self, look: Look, phrase: str) -> Sequence[Found]:
        """Everything the phrase fits, best first; everything there is for an empty phrase."""
        ...


class Reads(Protocol):
    def read(self, look: Look) -> Sequence[Found]:
        """Lines of text, from top to bottom; their labels are what they read."""
        ...


class Outlines(Protocol):
    def outline(self, look: Look, box_xyxy: boxes.Pixels) -> np.ndarray | None:
        """bool[H, W], the thing in the box; None where there is none."""
        ...


class Ranges(Protocol):
    def range(self, look: Look) -> np.ndarray | None:
        """float[H, W], how far away each pixel is; larger is farther, infinite where there is nothing. None: unknown."""
        ...


class Matches(Protocol):
    def match(self, look: Look, texts: Sequence[str]) -> Sequence[float]:
        """How well each text fits the picture, 0..1."""
        ...


class Describes(Protocol):
    def describe(self, look: Look) -> Said:
        """The picture in words."""
        ...


class Answers(Protocol):
    def answer(self, look: Look, question: str) -> Said:
        """The answer to a question about the picture."""
        ...
