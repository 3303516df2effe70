"""Small graphs with letters for nodes, drawn on a circle: what the graph worlds share.

Nodes stand on one circle (two beyond twelve nodes), turned by a little, so that no edge passes through a third node on one
circle. A weight stands on a white plate at a place of its edge where no other plate stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.worlds.marks import DARK, RGB, glyph, stamp

NAMES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Edge = tuple[int, int]
XY = tuple[float, float]
INK: RGB = (90, 90, 100)
FILL: RGB = (255, 235, 150)


def places(num: int, turn: float) -> tuple[XY, ...]:
    """Centres as shares of the side; `turn` 0..1 of the angle between neighbours."""
    if num <= 12:
        return tuple(on_circle(number, num, turn, 0.4) for number in range(num))
    inner = num // 3
    return (*(on_circle(number, num - inner, turn, 0.44) for number in range(num - inner)),
            *(on_circle(number, inner, turn + 0.37, 0.22) for number in range(inner)))


def on_circle(number: int, num: int, turn: float, reach: float) -> XY:
    angle = 2 * math.pi * (number + turn) / num
    return round(0.5 + reach * math.sin(angle), 4), round(0.5 - reach * math.cos(angle), 4)


def radius(num: int) -> float:
    """Of a node, as a share of the side."""
    return 0.1 if num <= 5 else 0.08 if num <= 7 else 0.055 if num <= 12 else 0.035


def node_box(at: XY, num: int, size_px: int) -> list[float]:
    reach = radius(num)
    return [max(0.0, (at[0] - reach) * size_px), max(0.0, (at[1] - reach) * size_px),
            min(float(size_px), (at[0] + reach) * size_px), min(float(size_px), (at[1] + reach) * size_px)]


def draw_graph(
    size_px: int, at: Sequence[XY], edges: Sequence[Edge], *, weights: Mapping[Edge, int] | None = None,
    arrows: bool = False, marked: Mapping[int, RGB] | None = None,
) -> PILImage.Image:
    """The picture; `marked` gives nodes another colour."""
    times = 2
    side, num = size_px * times, len(at)
    picture = PILImage.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture)
    thick = max(times, round(side * (0.022 if num <= 5 else 0.012)))
    for one, other in edges:
        (x1, y1), (x2, y2) = ((x * side, y * side) for x, y in (at[one], at[other]))
        draw.line((x1, y1, x2, y2), fill=INK, width=thick)
        if arrows:
            head(draw, (x1, y1), (x2, y2), radius(num) * side, side * (0.1 if num <= 5 else 0.06 if num <= 7 else 0.035))
    plates: list[XY] = []
    high = (0.12 if num <= 5 else 0.085 if num <= 9 else 0.042) * side
    for one, other in edges if weights else ():
        others = [(at[a], at[b]) for a, b in edges if (a, b) != (one, other)]
        middle = free_plate((at[one], at[other]), plates, others, high / side)
        plates.append(middle)
        x, y = middle[0] * side, middle[1] * side
        text = str(weights[one, other])  # type: ignore[index]
        wide = high * 0.62 * len(text)
        draw.rectangle(
            (x - wide / 2 - times, y - high / 2 - times, x + wide / 2 + times, y + high / 2 + times), fill="white"
        )
        stamp(picture, glyph(text), (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2), colour=(190, 20, 30))
    for number, (x, y) in enumerate(at):
        reach = radius(num) * side
        box = (x * side - reach, y * side - reach, x * side + reach, y * side + reach)
        draw.ellipse(box, fill=(marked or {}).get(number, FILL), outline=DARK, width=thick)
        air = reach * 0.3
        stamp(picture, glyph(NAMES[number]), (box[0] + air, box[1] + air, box[2] - air, box[3] - air))
    return picture.reduce(times)


def free_plate(ends: tuple[XY, XY], taken: Sequence[XY], others: Sequence[tuple[XY, XY]], high: float) -> XY:
    """The place on an edge, as near its middle as may be, that lies on no other edge and no other plate."""
    (x1, y1), (x2, y2) = ends
    best, room = (0.5 * (x1 + x2), 0.5 * (y1 + y2)), -1.0
    for share in (0.5, 0.42, 0.58, 0.36, 0.64, 0.3, 0.7):
        spot = (x1 + share * (x2 - x1), y1 + share * (y2 - y1))
        gap = min(
            [*(math.dist(spot, other) for other in taken), *(2 * beside(spot, *other) for other in others)], default=9.0
        )
        if gap >= high * 1.3:
            return spot
        if gap > room:
            best, room = spot, gap
    return best


def beside(spot: XY, start: XY, end: XY) -> float:
    """Distance of a place from a line between two others."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = ((spot[0] - start[0]) * dx + (spot[1] - start[1]) * dy) / (dx * dx + dy * dy)
    along = min(max(along, 0.0), 1.0)
    return math.dist(spot, (start[0] + along * dx, start[1] + along * dy))


def head(draw: ImageDraw.ImageDraw, start: XY, end: XY, back: float, long: float) -> None:
    """An arrow head that touches the rim of the node at the end."""
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    x, y = end[0] - back * math.cos(angle), end[1] - back * math.sin(angle)
    wings = [(x - long * math.cos(angle + side), y - long * math.sin(angle + side)) for side in (0.45, -0.45)]
    draw.polygon([(x, y), *wings], fill=DARK)


def joined(rng: np.random.Generator, num: int, extra: int) -> tuple[Edge, ...]:
    """Edges (smaller node first) that join all nodes, and `extra` more at most."""
    order = [int(node) for node in rng.permutation(num)]
    edges = {tuple(sorted((order[at], order[int(rng.integers(at))]))) for at in range(1, num)}
    others = [(a, b) for a in range(num) for b in range(a + 1, num) if (a, b) not in edges]
    for place in rng.permutation(len(others))[:extra]:
        edges.add(others[int(place)])
    return tuple(sorted(edges))  # type: ignore[arg-type]


def read_nodes(text: str, num: int) -> tuple[int, ...] | None:
    """Letters of the graph's nodes, in order, between commas, spaces or arrows (or ``ABC``); None for anything else."""
    flat = text.strip().upper()[:4000].replace("->", " ").replace("→", " ").replace(",", " ").replace("-", " ").rstrip(".")
    names = list(flat) if flat.isalpha() else flat.split()
    if not names or any(len(name) != 1 or name not in NAMES[:num] for name in names):
        return None
    return tuple(NAMES.index(name) for name in names)


def written_nodes(nodes: Sequence[int]) -> str:
    return " ".join(NAMES[node] for node in nodes)
