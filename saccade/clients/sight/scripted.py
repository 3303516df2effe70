"""Sight that says what it is told, whatever the picture: for tests and examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saccade.clients.sight.look import Found, Look
from saccade.media.boxes import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """See `scripted`."""

    found: tuple[Found, ...]
    words: str

    def find(self, look: Look, phrase: str) -> Sequence[Found]:
        return self.found

    def read(self, look: Look) -> Sequence[Found]:
        return self.found

    def outline(self, look: Look, box_xyxy: Pixels) -> np.ndarray:
        """The ellipse that fits the box."""
        x1, y1, x2, y2 = box_xyxy
        x, y = np.arange(look.pixels.width) + 0.5, np.arange(look.pixels.height) + 0.5
        across, down = (2 * x - x1 - x2) / (x2 - x1), (2 * y - y1 - y2) / (y2 - y1)
        return across[None] ** 2 + down[:, None] ** 2 <= 1

    def range(self, look: Look) -> np.ndarray:
        """Farther towards the top, from 1 to 2."""
        height, width = look.pixels.height, look.pixels.width
        return np.repeat(np.linspace(2, 1, height)[:, None], width, 1)

    def match(self, look: Look, texts: Sequence[str]) -> Sequence[float]:
        """Better the longer the text, at most 1."""
        return [min(len(text) / 20, 1.0) for text in texts]

    def describe(self, look: Look) -> str:
        return self.words

    def answer(self, look: Look, question: str) -> str:
        return self.words


def scripted(*found: Found, words: str = "") -> Scripted:
    """A client that finds and reads `found`, and says `words`."""
    return Scripted(found=found, words=words)
