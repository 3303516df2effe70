"""Square boards with marks in their cells, and how answers about them are read.

What puzzle worlds share: geometry with room for clues at the sides, characters that fill their cells, and strict readers for
grids and moves. A reader gives None for anything that is not exactly of the asked shape: half a solution is none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.worlds.marks import DARK, RGB, glyph, stamp

Grid = tuple[tuple[str, ...], ...]
MOST = 20_000
"""Characters of an answer that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Cells of equal size in a square picture; `left`, `top`, `right`, `bottom` are margins in cells, for clues."""

    size_px: int
    rows: int
    columns: int
    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0

    @property
    def cell_px(self) -> float:
        return self.size_px * 0.96 / max(self.rows + self.top + self.bottom, self.columns + self.left + self.right)

    def box(self, row: float, column: float, *, air: float = 0.0) -> tuple[float, float, float, float]:
        """Pixels of a cell, `air` a share of it left free all around. Cells of the margins have places outside 0..n-1."""
        side, edge = self.cell_px, self.size_px * 0.02
        x, y = edge + (self.left + column) * side, edge + (self.top + row) * side
        return x + air * side, y + air * side, x + side - air * side, y + side - air * side

    def blank(self, *, lines: bool = True, thin: RGB = (150, 150, 150)) -> PILImage.Image:
        """A white picture with the board's lines."""
        picture = PILImage.new("RGB", (self.size_px, self.size_px), "white")
        draw = ImageDraw.Draw(picture)
        x1, y1, *_ = self.box(0, 0)
        *_, x2, y2 = self.box(self.rows - 1, self.columns - 1)
        for number in range(self.columns + 1 if lines else 0):
            x = x1 + number * self.cell_px
            draw.line((x, y1, x, y2), fill=thin)
        for number in range(self.rows + 1 if lines else 0):
            y = y1 + number * self.cell_px
            draw.line((x1, y, x2, y), fill=thin)
        if lines:
            draw.rectangle((x1, y1, x2, y2), outline=DARK, width=max(1, self.size_px // 96))
        return picture

    def write(self, picture: PILImage.Image, row: float, column: float, text: str, *, colour: RGB = DARK,
              air: float = 0.14) -> None:
        """A text as large as fits into a cell."""
        stamp(picture, glyph(text), self.box(row, column, air=air), colour=colour)


def read_grid(text: str, rows: int, columns: int, symbols: Sequence[str]) -> Grid | None:
    """A grid of these symbols: a 2-D list as JSON, or rows between new lines, slashes or semicolons, with or without
    spaces."""
    text = text.strip()[:MOST]
    if text.startswith("["):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
        lists = value if isinstance(value, list) and all(isinstance(row, list) for row in value) else []
        found = tuple(tuple(str(cell) for cell in row) for row in lists)
    else:
        lines = [line.strip() for line in re.split(r"[\n/;]", text) if line.strip()]
        found = tuple(tuple(line.replace(",", " ").split()) if re.search(r"[\s,]", line) else tuple(line) for line in lines)
    if len(found) != rows or any(len(row) != columns or not set(row) <= set(symbols) for row in found):
        return None
    return found


def written_grid(grid: Sequence[Sequence[object]]) -> str:
    """Rows of symbols with slashes between: ``12/21``."""
    return "/".join("".join(str(cell) for cell in row) for row in grid)


def read_moves(text: str, moves: Sequence[str], *, most: int = 2000) -> tuple[str, ...] | None:
    """Words out of `moves`, between spaces, commas, semicolons or arrows; None for any other word or none at all."""
    words = [word for word in re.split(r"[\s,;]+|->|→", text.strip()[:MOST].lower().rstrip(".")) if word]
    return tuple(words) if words and len(words) <= most and set(words) <= set(moves) else None
