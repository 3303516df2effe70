"""Draw boxes, points, labels and grids on a copy of a picture, with Pillow's bundled font.

Everything a tool or the viewer shows to a model goes through here. Sizes default to a share of the picture, so that a
line is seen at 64 px and at 4,000 px alike. The given picture is never changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

PALETTE = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#42d4f4", "#f032e6", "#bfef45")
LABEL_CHARACTERS = 60


@cache
def font(size_px: int) -> Any:
    """Pillow's bundled font at a size in px."""
    return ImageFont.load_default(size=size_px)


def draw_boxes(
    pixels: PILImage.Image, boxes_xyxy: Sequence[Sequence[float]], *, labels: Sequence[str] = (),
    colours: Sequence[str] = PALETTE, width_px: int | None = None,
) -> PILImage.Image:
    """Outline boxes (pixels of this picture, cut at its border), each with its label if there is one.

    Colours are taken in turn. Raises ValueError for a box that is not finite, is inverted, or for too many labels.
    """
    if labels and len(labels) != len(boxes_xyxy):
        raise ValueError(f"{len(labels)} labels for {len(boxes_xyxy)} boxes")
    picture = pixels.copy()
    draw, width = ImageDraw.Draw(picture), width_px or _line_px(pixels)
    for place, (box, colour) in enumerate(zip(boxes_xyxy, _in_turn(colours), strict=False)):
        x1, y1, x2, y2 = _finite(box, 4)
        if x1 > x2 or y1 > y2:
            raise ValueError(f"the box {list(box)} is inverted")
        x1, x2 = (min(max(value, 0), pixels.width - 1) for value in (x1, x2))
        y1, y2 = (min(max(value, 0), pixels.height - 1) for value in (y1, y2))
        draw.rectangle((x1, y1, x2, y2), outline=colour, width=width)
        if labels:
            _label(draw, labels[place], (x1, y1), colour, pixels.size)
    return picture


def draw_points(
    pixels: PILImage.Image, points_xy: Sequence[Sequence[float]], *, labels: Sequence[str] = (),
    colours: Sequence[str] = PALETTE, radius_px: int | None = None,
) -> PILImage.Image:
    """Mark points (pixels of this picture) with discs that have a white rim, each with its label if there is one."""
    if labels and len(labels) != len(points_xy):
        raise ValueError(f"{len(labels)} labels for {len(points_xy)} points")
    picture = pixels.copy()
    draw, radius = ImageDraw.Draw(picture), radius_px or 2 * _line_px(pixels)
    for place, (point, colour) in enumerate(zip(points_xy, _in_turn(colours), strict=False)):
        x, y = _finite(point, 2)
        if not (-radius <= x <= pixels.width + radius and -radius <= y <= pixels.height + radius):
            raise ValueError(f"the point {list(point)} lies outside the image of {pixels.width} x {pixels.height} pixels")
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour, outline="white")
        if labels:
            _label(draw, labels[place], (x + radius, y - radius), colour, pixels.size)
    return picture


def draw_lines(
    pixels: PILImage.Image, lines_xyxy: Sequence[Sequence[float]], *, labels: Sequence[str] = (),
    colours: Sequence[str] = PALETTE, width_px: int | None = None, ends: bool = True,
) -> PILImage.Image:
    """Draw straight lines (x1, y1 to x2, y2 in pixels of this picture) on a white edge, each with its label at its middle.

    `ends` marks the start with a white disc and the end with a disc of the line's colour.
    """
    if labels and len(labels) != len(lines_xyxy):
        raise ValueError(f"{len(labels)} labels for {len(lines_xyxy)} lines")
    picture = pixels.copy()
    draw, width = ImageDraw.Draw(picture), width_px or _line_px(pixels)
    for place, (line, colour) in enumerate(zip(lines_xyxy, _in_turn(colours), strict=False)):
        x1, y1, x2, y2 = _finite(line, 4)
        draw.line((x1, y1, x2, y2), fill="white", width=width + 2)
        draw.line((x1, y1, x2, y2), fill=colour, width=width)
        reach = 1.5 * width + 1
        for x, y, fill in ((x1, y1, "white"), (x2, y2, colour)) if ends else ():
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=fill, outline=colour, width=max(1, width // 2))
        if labels:
            _label(draw, labels[place], ((x1 + x2) / 2 + reach, (y1 + y2) / 2 + reach), colour, pixels.size)
    return picture


def draw_numbers(
    pixels: PILImage.Image, points_xy: Sequence[Sequence[float] | None], *, colours: Sequence[str] = PALETTE
) -> PILImage.Image:
    """Write 1, 2, ... on discs about the points, large enough to read: the numbers of a set of marks. None is left out."""
    picture = pixels.copy()
    draw, high = ImageDraw.Draw(picture), max(9, min(pixels.size) // 18)
    for number, (point, colour) in enumerate(zip(points_xy, _in_turn(colours), strict=False), start=1):
        if point is None:
            continue
        x, y = _finite(point, 2)
        reach = high * (0.62 if number < 10 else 0.78)
        x, y = min(max(x, reach), pixels.width - reach - 1), min(max(y, reach), pixels.height - reach - 1)
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour, outline="white")
        draw.text((x, y), str(number), fill="white", font=font(high), anchor="mm", stroke_width=1, stroke_fill=colour)
    return picture


def draw_grid(pixels: PILImage.Image, *, bins: int, numbered: bool = True, colour: str = "#808080") -> PILImage.Image:
    """Rule the picture into bins x bins cells; the edges 0..bins are numbered along the top and the left."""
    if bins < 1:
        raise ValueError(f"a grid has at least 1 bin, not {bins}")
    picture = pixels.copy()
    draw = ImageDraw.Draw(picture)
    letters = font(max(9, min(pixels.size) // 26))
    for edge in range(bins + 1):
        x, y = edge * pixels.width / bins, edge * pixels.height / bins
        draw.line((x, 0, x, pixels.height), fill=colour)
        draw.line((0, y, pixels.width, y), fill=colour)
        if numbered and edge < bins:
            draw.text((x + 2, 1), str(edge), fill="black", font=letters, stroke_width=1, stroke_fill="white")
            if edge:
                draw.text((2, y + 1), str(edge), fill="black", font=letters, stroke_width=1, stroke_fill="white")
    return picture


def draw_label(pixels: PILImage.Image, text: str, *, colour: str = PALETTE[0]) -> PILImage.Image:
    """Write a label into the top left corner."""
    picture = pixels.copy()
    _label(ImageDraw.Draw(picture), text, (0, 0), colour, pixels.size)
    return picture


def _label(
    draw: ImageDraw.ImageDraw, text: str, at: tuple[float, float], colour: str, size: tuple[int, int]
) -> None:
    """White on a patch of colour, one line, moved to lie inside the picture."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LABEL_CHARACTERS]
    if not line:
        return
    letters = font(max(9, min(size) // 24))
    _, _, wide, high = draw.textbbox((0, 0), line, font=letters)
    x = max(0.0, min(at[0], size[0] - wide - 4))
    y = max(0.0, min(at[1], size[1] - high - 3))
    draw.rectangle((x, y, x + wide + 3, y + high + 2), fill=colour)
    draw.text((x + 2, y + 1), line, fill="white", font=letters)


def _line_px(pixels: PILImage.Image) -> int:
    return max(1, round(min(pixels.size) / 150))


def _in_turn(colours: Sequence[str]) -> Iterator[str]:
    while True:
        yield from colours


def _finite(numbers: Sequence[float], count: int) -> list[float]:
    if len(numbers) != count or not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"{count} finite numbers are needed, not {list(numbers)}")
    return [float(number) for number in numbers]
