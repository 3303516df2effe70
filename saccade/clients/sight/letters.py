"""Read print by the shapes of its letters: find ink, cut it into lines and letters, compare with a font.

No weights: every letter is scaled to a small square and correlated with those of Pillow's bundled font. Good for printed
digits and words; not for handwriting, nor for letters that touch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.clients.sight.look import Found
from saccade.clients.sight.pieces import MISSING, pieces, speckle
from saccade.media.draw import font
from saccade.media.image import fit

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz.,:;!?%&+-=/()'$#"
SIDE, LEAST_PX, MOST_LETTERS, MOST_DOTS, MOST_PX = 16, 5, 1500, 200, 1600
SURE = 0.62
"""Least correlation at which a shape counts as a letter."""

Part = tuple[int, int, int, int]
"""x1, y1, x2, y2 of a piece of ink."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    character: str
    box: Part
    score: float


def read_lines(pixels: PILImage.Image) -> list[Found]:
    """Lines from top to bottom, each with its text, box and mean correlation. Small print is enlarged first."""
    grey, (scale_x, scale_y, _, _) = fit(pixels.convert("L"), max_side_px=MOST_PX)
    if any(speckle(ink) > 0.35 for ink in inks(np.asarray(grey, np.float32))):
        return []
    if max(grey.size) <= 400:
        grey = grey.resize((grey.width * 3, grey.height * 3), PILImage.Resampling.BICUBIC)
        scale_x, scale_y = scale_x / 3, scale_y / 3
    best: list[Found] = []
    for ink in inks(np.asarray(grey, np.float32)):
        found = [each for row in rows(parts(ink)) if (each := line(row, ink)) is not None]
        if sum(len(each.label) * each.score for each in found) > sum(len(each.label) * each.score for each in best):
            best = found
    return [Found(label=each.label, score=each.score, box_xyxy=(
        each.box_xyxy[0] * scale_x, each.box_xyxy[1] * scale_y, each.box_xyxy[2] * scale_x, each.box_xyxy[3] * scale_y))
        for each in best]


def line_boxes(pixels: PILImage.Image) -> list[tuple[float, float, float, float]]:
    """Where lines of ink are, px, from top to bottom, whatever they say; for readers that are given one line."""
    grey, (scale_x, scale_y, _, _) = fit(pixels.convert("L"), max_side_px=MOST_PX)
    both = inks(np.asarray(grey, np.float32))
    if any(speckle(ink) > 0.35 for ink in both):
        return []
    ink = min(both, key=lambda each: float(each.mean()), default=None)
    spans = [(min(p[0] for p in row), min(p[1] for p in row), max(p[2] for p in row), max(p[3] for p in row))
             for row in (rows(parts(ink)) if ink is not None else [])]
    return [(x1 * scale_x, y1 * scale_y, x2 * scale_x, y2 * scale_y) for x1, y1, x2, y2 in spans]


def inks(values: np.ndarray) -> list[np.ndarray]:
    """Dark ink and light ink: bool[H, W] each, split at Otsu's threshold; none where the picture is flat."""
    try:
        from skimage.filters import threshold_otsu
    except ImportError as error:
        raise ValueError(MISSING) from error
    if np.ptp(values) < 24:
        return []
    border = threshold_otsu(values)
    return [values < border, values > border]


def parts(ink: np.ndarray) -> list[Part]:
    """Connected ink that could be a letter, dots joined to what they stand on; the largest where there are too many."""
    height, width = ink.shape
    found = [(x1, y1, x2, y2) for piece in pieces(ink, least=4, most=MOST_LETTERS) for x1, y1, x2, y2 in (piece.box,)
             if piece.area > 0.15 * (x2 - x1) * (y2 - y1)  # frames and rules hold less ink than any letter
             and y2 - y1 < 0.9 * height and x2 - x1 < 0.9 * width and y1 > 0 and x1 > 0 and y2 < height and x2 < width]
    tall = [part for part in found if part[3] - part[1] >= LEAST_PX]
    return joined(tall, [part for part in found if part[3] - part[1] < LEAST_PX][:MOST_DOTS])


def joined(tall: Sequence[Part], dots: Sequence[Part]) -> list[Part]:
    """Letters with the marks above or below them that overlap sideways and stand near; other dots by themselves."""
    out = list(tall)
    for x1, y1, x2, y2 in dots:
        for place, (a, b, c, d) in enumerate(out):
            near = min(abs(y1 - d), abs(b - y2)) < 0.4 * (d - b)
            if near and x1 >= a - 2 and x2 <= c + 2 and (y2 <= b or y1 >= d):
                out[place] = (min(a, x1), min(b, y1), max(c, x2), max(d, y2))
                break
        else:
            if y2 - y1 >= 2:
                out.append((x1, y1, x2, y2))
    return out


def rows(found: Sequence[Part]) -> list[list[Part]]:
    """Pieces gathered into lines from top to bottom: those level with a line's tallest, cut where a wide gap is."""
    levels: list[list[Part]] = []
    for part in sorted(found, key=lambda each: each[1] - each[3]):
        middle = (part[1] + part[3]) / 2
        for each in levels:
            _, top, _, bottom = each[0]
            if top - 0.15 * (bottom - top) <= middle <= bottom + 0.25 * (bottom - top):
                each.append(part)
                break
        else:
            if part[3] - part[1] >= LEAST_PX:
                levels.append([part])
    out: list[list[Part]] = []
    for each in levels:
        gap = 1.8 * (each[0][3] - each[0][1])
        across = sorted(each)
        cuts = [0, *(place for place in range(1, len(across)) if across[place][0] - across[place - 1][2] > gap), len(across)]
        out += [across[start:end] for start, end in pairwise(cuts)]
    return sorted(out, key=lambda each: (min(part[1] for part in each), each[0][0]))


def line(row: Sequence[Part], ink: np.ndarray) -> Found | None:
    """The text of a line, a space where letters stand apart; None where fewer than half its pieces are letters."""
    top, bottom = min(part[1] for part in row), max(part[3] for part in row)
    high = float(np.quantile([part[3] - part[1] for part in row], 0.8))
    letters = [letter(part, ink, top, high) for part in row]
    sure = [each for each in letters if each.score >= SURE]
    if 2 * len(sure) < len(letters) + 1 or not any(each.character.isalnum() for each in sure):
        return None
    text = sure[0].character
    for one, other in pairwise(sure):
        apart = other.box[0] - one.box[2] > 0.33 * high
        stroke = other.character == "I" and not apart and text[-1].islower()  # in this font I and l are one shape
        text += (" " if apart else "") + ("l" if stroke else other.character)
    box = (sure[0].box[0], top, max(each.box[2] for each in sure), bottom)
    return Found(label=text, box_xyxy=box, score=float(np.mean([each.score for each in sure])))


def letter(part: Part, ink: np.ndarray, top: int, high: float) -> Letter:
    """The character that fits a piece of ink best: by shape, by proportions and by its place in the height of the line."""
    x1, y1, x2, y2 = part
    shape = squared(PILImage.fromarray(ink[y1:y2, x1:x2]))
    shapes, aspects, tops, heights = alphabet()
    fits = shapes @ shape
    fits = fits - 0.6 * np.abs(aspects - (x2 - x1) / (y2 - y1))
    fits = fits - 0.25 * np.abs(heights - (y2 - y1) / high) - 0.25 * np.abs(tops - (y1 - top) / high)
    best = int(fits.argmax())
    return Letter(character=ALPHABET[best], box=part, score=float(fits[best]))


def squared(ink: PILImage.Image) -> np.ndarray:
    """The piece stretched to SIDE x SIDE with an empty rim (a bare stroke has a shape too), centred, of length 1."""
    values = np.asarray(ink.convert("L").resize((SIDE, SIDE), PILImage.Resampling.BOX), np.float32)
    values = np.pad(values, 2).ravel()
    values = values - values.mean()
    return values / max(float(np.linalg.norm(values)), 1e-6)


@cache
def alphabet() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Shapes, width by height, and top and height as shares of a capital, of every character of the font."""
    size = 64
    _, capital_top, _, capital_bottom = font(size).getbbox("H")
    shapes, aspects, tops, heights = [], [], [], []
    for character in ALPHABET:
        drawn = PILImage.new("L", (3 * size, 3 * size), 0)
        ImageDraw.Draw(drawn).text((size, size), character, fill=255, font=font(size))
        x1, y1, x2, y2 = drawn.getbbox() or (0, 0, 1, 1)
        shapes.append(squared(drawn.crop((x1, y1, x2, y2))))
        aspects.append((x2 - x1) / (y2 - y1))
        tops.append((y1 - size - capital_top) / (capital_bottom - capital_top))
        heights.append((y2 - y1) / (capital_bottom - capital_top))
    return np.array(shapes), np.array(aspects), np.array(tops), np.array(heights)
