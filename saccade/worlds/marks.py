"""What worlds draw with: named colours, and characters that fill a box.

Characters are cut out of Pillow's bundled font at a large size once and scaled, so that a glyph has the height it is
asked to have, on every machine with the same Pillow, without any font file.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

from saccade.core.seed import generator

RGB = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "red": (220, 30, 35),
    "green": (25, 165, 50),
    "blue": (35, 70, 225),
    "yellow": (240, 205, 0),
    "purple": (160, 40, 190),
    "cyan": (0, 195, 215),
}

DIGITS = "0123456789"
LETTERS = "ACEFHJKLMNPRTUVXY"
"""Capitals that stay apart from each other when small."""

OVERVIEW_PX = 64
"""Side of the overview that `overview_suffices` speaks of: what a small policy sees of a whole picture."""

DARK: RGB = (25, 25, 30)
LIGHT: RGB = (245, 245, 240)


@lru_cache(maxsize=256)
def glyph(text: str) -> PILImage.Image:
    """The ink of a text (mode L, 255 full), tightly cut, capitals about 70 px high."""
    font = ImageFont.load_default(size=96)
    _, _, right, bottom = font.getbbox(text)
    ink = PILImage.new("L", (int(right) + 8, int(bottom) + 8), 0)
    ImageDraw.Draw(ink).text((4, 4), text, fill=255, font=font)
    return ink.crop(ink.getbbox() or (0, 0, 1, 1))


def stamp(
    picture: PILImage.Image, ink: PILImage.Image, box_xyxy: tuple[float, float, float, float], *, colour: RGB = DARK,
    turn: float = 0.0,
) -> None:
    """Draw ink into the middle of a box of the picture, as large as fits with its proportions, turned by degrees."""
    x1, y1, x2, y2 = box_xyxy
    scale = min((x2 - x1) / ink.width, (y2 - y1) / ink.height)
    if turn:
        ink = ink.rotate(turn, PILImage.Resampling.BILINEAR, expand=True)
    size = (max(1, round(ink.width * scale)), max(1, round(ink.height * scale)))
    mask = ink.resize(size, PILImage.Resampling.BOX if scale < 1 else PILImage.Resampling.BICUBIC)
    picture.paste(colour, (round((x1 + x2 - size[0]) / 2), round((y1 + y2 - size[1]) / 2)), mask)


def texture(rng: np.random.Generator, size_px: int, *, cells: int = 12, contrast: float = 36.0) -> PILImage.Image:
    """Soft blotches of muted colours under fine grain, size_px square."""
    middle = rng.uniform(90, 190)
    light, tint = rng.normal(0, contrast, (cells, cells, 1)), rng.normal(0, contrast / 3, (cells, cells, 3))
    blotches = np.clip(middle + light + tint, 0, 255).astype(np.uint8)
    large = PILImage.fromarray(blotches).resize((size_px, size_px), PILImage.Resampling.BICUBIC)
    return PILImage.blend(large, grain(size_px), 0.18)


@lru_cache(maxsize=4)
def grain(size_px: int) -> PILImage.Image:
    """Fixed fine noise, grey."""
    values = generator("grain", size_px).integers(0, 256, (size_px, size_px), dtype=np.uint8)
    return PILImage.fromarray(values).convert("RGB")
