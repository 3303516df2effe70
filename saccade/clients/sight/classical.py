"""Sight without weights: coloured things by colour and form, print by the shapes of its letters, outlines by flooding.

It is meant for drawn pictures (charts, pages, games, the worlds of this library) and says little about photographs. Needs
scikit-image (extra `vision`). It has no `range` and no `answer`: depth and questions want a model or an oracle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage

from saccade.clients.sight.letters import read_lines
from saccade.clients.sight.look import Found, Look
from saccade.clients.sight.pieces import MISSING, Piece, pieces, speckle
from saccade.media.boxes import Pixels
from saccade.media.colours import NAMES, name_codes
from saccade.media.image import fit

FORMS = {"circle": "circle", "disc": "circle", "square": "square", "rectangle": "square", "triangle": "triangle",
         "cross": "cross", "star": "star"}
MOST_PX = 1024
"""Longer side at which it looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classical:
    """See `classical`."""

    least_px: int = 3
    most: int = 100

    def find(self, look: Look, phrase: str) -> Sequence[Found]:
        """Areas of one named colour that differ from the background, the largest first.

        Colours and forms in the phrase narrow them down; other words are not understood and narrow nothing. Black, grey and
        white areas, which are mostly paper and print, have to be named.
        """
        words = {re.sub(r"(?<=[a-z]{3})e?s$", "", word) if word not in FORMS else word
                 for word in re.findall(r"[a-z]+", phrase.lower())}
        colours, forms = words & set(NAMES), {FORMS[word] for word in words if word in FORMS}
        things = [each for each in self._things(look.pixels)
                  if each.label.split()[0] in (colours or set(NAMES[3:])) and (not forms or each.label.split()[1] in forms)]
        return sorted(things, key=lambda each: -_area(each))[: self.most]

    def _things(self, pixels: PILImage.Image) -> list[Found]:
        small, (scale_x, scale_y, _, _) = fit(pixels, max_side_px=MOST_PX)
        codes = name_codes(np.asarray(small))
        if speckle(codes) > 0.4:
            return []
        rim = np.concatenate([codes[0], codes[-1], codes[:, 0], codes[:, -1]])
        paper = int(np.bincount(rim, minlength=len(NAMES)).argmax())
        out: list[Found] = []
        for code in set(np.unique(codes).tolist()) - {paper}:
            for piece in pieces(codes == code, least=self.least_px**2, most=self.most):
                x1, y1, x2, y2 = piece.box
                if min(y2 - y1, x2 - x1) < self.least_px:
                    continue
                box, (form, score) = (x1 * scale_x, y1 * scale_y, x2 * scale_x, y2 * scale_y), form_of(piece)
                out.append(Found(label=f"{NAMES[code]} {form}", box_xyxy=box, score=score))
        return out

    def read(self, look: Look) -> Sequence[Found]:
        """Print in one ink on lighter or darker paper, upright, capitals at least 7 px high."""
        return read_lines(look.pixels)

    def outline(self, look: Look, box_xyxy: Pixels) -> np.ndarray | None:
        """Flood from the middle of the box and from its border; where the floods meet is the edge (watershed)."""
        try:
            from skimage.filters import sobel
            from skimage.segmentation import watershed
        except ImportError as error:
            raise ValueError(MISSING) from error

        small, (scale_x, scale_y, _, _) = fit(look.pixels, max_side_px=MOST_PX)
        height, width = small.height, small.width
        x1, y1, x2, y2 = (round(edge / scale) for edge, scale in zip(box_xyxy, (scale_x, scale_y) * 2, strict=True))
        if x2 - x1 < 3 or y2 - y1 < 3:
            return None
        channels = np.asarray(small, np.float32) / 255
        edges = np.max([sobel(channels[..., channel]) for channel in range(3)], axis=0)
        seeds = np.ones((height, width), np.int32)
        seeds[max(y1, 0):y2, max(x1, 0):x2] = 0
        across, down = max(1, (x2 - x1) // 8), max(1, (y2 - y1) // 8)
        seeds[(y1 + y2) // 2 - down:(y1 + y2) // 2 + down, (x1 + x2) // 2 - across:(x1 + x2) // 2 + across] = 2
        if (x1, y1) <= (0, 0) and x2 >= width and y2 >= height:
            seeds[0], seeds[-1], seeds[:, 0], seeds[:, -1] = 1, 1, 1, 1
        inside = np.asarray(watershed(edges, seeds)) == 2
        grown = PILImage.fromarray(inside).resize(look.pixels.size, PILImage.Resampling.NEAREST)
        return np.asarray(grown, bool)

    def match(self, look: Look, texts: Sequence[str]) -> Sequence[float]:
        """The share of a text's words that it can see: colours and forms of things, and words it can read."""
        things = self.find(look, "")
        known = {word for each in things for word in each.label.split()}
        known |= {word.lower() for line in self.read(look) for word in re.findall(r"\w+", line.label)}
        wanted = [{re.sub(r"(?<=[a-z]{3})e?s$", "", word) for word in re.findall(r"\w+", text.lower())} for text in texts]
        known = {re.sub(r"(?<=[a-z]{3})e?s$", "", word) for word in known}
        return [len(words & known) / len(words) if words else 0.0 for words in wanted]

    def describe(self, look: Look) -> str:
        """The ten largest things with their boxes, and what is written."""
        things = [f"a {each.label} at [{', '.join(f'{edge:.0f}' for edge in each.box_xyxy)}]"
                  for each in self.find(look, "")[:10]]
        written = [f"it reads {line.label!r}" for line in self.read(look)]
        said = "; ".join([*things, *written])
        return f"In the picture: {said}." if said else "Nothing stands out in the picture."


def classical(*, least_px: int = 3, most: int = 100) -> Classical:
    """Sight without weights. Things under `least_px` on a side are not seen; at most `most` are found."""
    return Classical(least_px=least_px, most=most)


def form_of(piece: Piece) -> tuple[str, float]:
    """circle, square, triangle, cross, star or thing, by the shares of its box and hull it fills; the latter."""
    from skimage.morphology import convex_hull_image

    height, width = piece.mask.shape
    extent = piece.area / (height * width)
    solid = piece.area / max(int(np.count_nonzero(convex_hull_image(piece.mask))), 1) if piece.area > 12 else 1.0
    if not 0.7 < width / height < 1.4:
        form = "square" if extent > 0.92 else "thing"
    elif solid < 0.62:
        form = "star"
    elif solid < 0.85:
        form = "cross" if extent > 0.5 else "star"
    elif extent > 0.9:
        form = "square"
    else:
        form = "circle" if extent > 0.68 else "triangle" if extent < 0.62 else "thing"
    return form, min(solid, 1.0)


def _area(found: Found) -> float:
    x1, y1, x2, y2 = found.box_xyxy
    return (x2 - x1) * (y2 - y1)
