"""Coloured shapes scattered over a picture: what `scenes`, `pairs` and `clips` are made of.

Positions and radii are shares of the picture's side (0..1, centre and half extent), so that the same shapes can be
rendered at any size. Outlines are drawn four times as large and averaged, so that they stay smooth at 64 px.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.seed import generator
from saccade.worlds.marks import COLOURS, texture

KINDS = ("circle", "square", "triangle", "cross", "star")
PLURAL = {"circle": "circles", "square": "squares", "triangle": "triangles", "cross": "crosses", "star": "stars"}
RADIUS = {"large": 0.16, "small": 0.09}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    kind: str
    colour: str
    size: str
    x: float
    y: float

    @property
    def name(self) -> str:
        return f"{self.colour} {self.kind}"

    def box_xyxy(self, size_px: int) -> list[float]:
        """Pixels of a picture of that side."""
        reach = RADIUS[self.size]
        return [edge * size_px for edge in (self.x - reach, self.y - reach, self.x + reach, self.y + reach)]


def scatter(
    rng: np.random.Generator, num: int, *, kinds: Sequence[str] = KINDS, colours: Sequence[str] = tuple(COLOURS)
) -> tuple[Shape, ...]:
    """Shapes that do not touch each other or the border. Gives fewer than `num` where no room is found.

    Half of the draws use two kinds and two colours only, so that counts above one happen.
    """
    if rng.random() < 0.5:
        kinds = [str(kind) for kind in rng.permutation(list(kinds))[:2]]
        colours = [str(colour) for colour in rng.permutation(list(colours))[:2]]
    placed: list[Shape] = []
    for _ in range(num):
        size = "large" if rng.random() < 0.5 else "small"
        spot = free_spot(rng, size, placed)
        if spot is None:
            size = "small"
            spot = free_spot(rng, size, placed)
        if spot is None:
            break
        kind, colour = kinds[int(rng.integers(len(kinds)))], colours[int(rng.integers(len(colours)))]
        placed.append(Shape(kind=kind, colour=colour, size=size, x=spot[0], y=spot[1]))
    return tuple(placed)


def free_spot(rng: np.random.Generator, size: str, placed: Sequence[Shape]) -> tuple[float, float] | None:
    """A centre 0.02 away from the border and 0.03 from every shape, rounded to 1/1000; None after sixty tries."""
    reach = RADIUS[size]
    for _ in range(60):
        x, y = (round(float(value), 3) for value in rng.uniform(reach + 0.02, 0.98 - reach, 2))
        if all(max(abs(x - shape.x), abs(y - shape.y)) > reach + RADIUS[shape.size] + 0.03 for shape in placed):
            return x, y
    return None


def draw_shapes(
    shapes: Sequence[Shape], *, size_px: int, paper: int, num_lines: int = 0, textured: bool = False
) -> PILImage.Image:
    """The picture. `paper` seeds the background: a light grey, or soft texture under `num_lines` thin grey lines."""
    rng = generator("shapes", "paper", paper)
    times = 4 if size_px <= 128 else 2
    side = size_px * times
    if textured:
        picture = PILImage.blend(texture(rng, size_px, cells=8), PILImage.new("RGB", (size_px, size_px), "white"), 0.55)
        picture = picture.resize((side, side), PILImage.Resampling.NEAREST)
    else:
        picture = PILImage.new("RGB", (side, side), (int(rng.integers(225, 256)),) * 3)
    draw = ImageDraw.Draw(picture)
    for _ in range(num_lines):
        ends = [float(value) for value in rng.uniform(0, side, 4)]
        draw.line(ends, fill=(int(rng.integers(90, 170)),) * 3, width=times)
    for shape in shapes:
        outline(draw, shape, side)
    return picture.reduce(times)


def outline(draw: ImageDraw.ImageDraw, shape: Shape, side: int, *, reach: float | None = None) -> None:
    """Draw a shape on a picture `side` px wide; `reach` is another half extent than that of its size, as a share."""
    reach, x, y = (RADIUS[shape.size] if reach is None else reach) * side, shape.x * side, shape.y * side
    fill = COLOURS[shape.colour]
    if shape.kind == "circle":
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=fill)
    elif shape.kind == "square":
        draw.rectangle((x - reach * 0.9, y - reach * 0.9, x + reach * 0.9, y + reach * 0.9), fill=fill)
    elif shape.kind == "triangle":
        draw.polygon(((x, y - reach), (x + reach, y + reach * 0.9), (x - reach, y + reach * 0.9)), fill=fill)
    elif shape.kind == "cross":
        arm = reach * 0.36
        draw.rectangle((x - arm, y - reach, x + arm, y + reach), fill=fill)
        draw.rectangle((x - reach, y - arm, x + reach, y + arm), fill=fill)
    else:
        points = []
        for corner in range(10):
            far, angle = (reach * 1.05 if corner % 2 == 0 else reach * 0.45), math.pi * corner / 5
            points.append((x + far * math.sin(angle), y - far * math.cos(angle)))
        draw.polygon(points, fill=fill)


def corners(shape: Shape, size_px: int) -> list[list[float]]:
    """The shape as a polygon, px of a picture of that side: what `draw_shapes` fills, a circle with 48 corners."""
    reach, x, y = RADIUS[shape.size] * size_px, shape.x * size_px, shape.y * size_px
    arm = 0.36
    around: dict[str, list[tuple[float, float]]] = {
        "circle": [(math.cos(math.pi * k / 24), math.sin(math.pi * k / 24)) for k in range(48)],
        "square": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        "triangle": [(0, -1), (1, 0.9), (-1, 0.9)],
        "cross": [(-arm, -1), (arm, -1), (arm, -arm), (1, -arm), (1, arm), (arm, arm), (arm, 1), (-arm, 1), (-arm, arm),
                  (-1, arm), (-1, -arm), (-arm, -arm)],
        "star": [(far * math.sin(math.pi * k / 5), -far * math.cos(math.pi * k / 5))
                 for k, far in ((k, 1.05 if k % 2 == 0 else 0.45) for k in range(10))],
    }
    return [[x + reach * across, y + reach * down] for across, down in around[shape.kind]]


def in_words(shapes: Sequence[Shape]) -> str:
    """Every shape with size, colour, kind and centre."""
    return "; ".join(f"a {s.size} {s.name} at ({s.x:.3f}, {s.y:.3f})" for s in shapes) or "nothing"
