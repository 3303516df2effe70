"""Figures of a run as inline vectors: curves over updates, and intervals side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from saccade.viewer.markup import Html, tag

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 520, 270, 66, 44, 12, 14
INKS = ("c0", "c1", "c2", "c3", "c4", "c5")
"""Classes of the lines of one figure, in turn; no more are drawn."""

Points = Sequence[tuple[float, float]]


def curves(series: Mapping[str, Points], *, across: str = "update") -> Html:
    """Lines over a common axis, at most six; points that are not finite are left out. Wide spreads start at 0 or -1."""
    clean = {
        name: sorted((x, y) for x, y in points if math.isfinite(x) and math.isfinite(y))
        for name, points in list(series.items())[: len(INKS)]
    }
    clean = {name: points for name, points in clean.items() if points}
    if not clean:
        return tag("p", "Nothing was measured.", class_="soft")
    xs = [x for points in clean.values() for x, _ in points]
    ys = [y for points in clean.values() for _, y in points]
    low, high, step = ticks(min(ys), max(ys))
    start, end = min(xs), max(max(xs), min(xs) + 1)

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + (x - start) / (end - start) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - (y - low) / (high - low) * (HEIGHT - BOTTOM - TOP),
        )

    shapes: list[Html] = []
    for at in range(round((high - low) / step) + 1):
        y = place(start, low + at * step)[1]
        shapes += [
            tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"),
            tag("text", f"{low + at * step:g}", x=LEFT - 8, y=y + 4, text_anchor="end"),
        ]
    for x in sorted({start, round((start + end) / 2), end}):
        shapes.append(tag("text", f"{x:g}", x=place(x, low)[0], y=HEIGHT - 24, text_anchor="middle"))
    shapes.append(tag("text", across, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 6, text_anchor="middle"))
    for ink, points in zip(INKS, clean.values(), strict=False):
        placed = [place(x, y) for x, y in points]
        shapes.append(
            tag("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in thinned(placed)), class_=f"line {ink}")
        )
        if len(points) <= 40:
            shapes += [tag("circle", cx=x, cy=y, r=3.2, class_=f"dot {ink}") for x, y in placed]
    keys = [
        tag("span", tag("span", class_=f"key {ink}"), f"{name} (last {points[-1][1]:.3g})", class_="named")
        for ink, (name, points) in zip(INKS, clean.items(), strict=False)
    ]
    return tag(
        "figure",
        tag("svg", *shapes, viewBox=f"0 0 {WIDTH} {HEIGHT}", class_="chart", role="img", aria_label=", ".join(clean)),
        tag("figcaption", *keys),
    )


def thinned(placed: Points, most: int = 400) -> Points:
    """The least and the greatest of each stretch, so that a long curve keeps its spikes and a page stays small."""
    if len(placed) <= most:
        return placed
    width = math.ceil(len(placed) / (most // 2))
    out: list[tuple[float, float]] = []
    for first in range(0, len(placed), width):
        part = placed[first : first + width]
        out += sorted({min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])})
    return out


def ticks(low: float, high: float) -> tuple[float, float, float]:
    """A round axis around the values: least, most, step. Values within 0..1 get the whole of it, unless all are so
    small (learning rates, mismatches) that they would lie on its floor; those begin at 0."""
    if low >= 0 and (0.1 < high <= 1 or high < 1e-12):
        return 0.0, 1.0, 0.25
    if low >= 0 and high <= 0.1:
        low = 0.0
    elif high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / 4
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def smoothed(points: Points, window: int = 9) -> list[tuple[float, float]]:
    """Mean over the last `window` points."""
    return [
        (x, sum(y for _, y in points[max(0, at - window + 1) : at + 1]) / (at + 1 - max(0, at - window + 1)))
        for at, (x, _) in enumerate(points)
    ]


def intervals(rows: Mapping[str, tuple[float, float, float, int]]) -> Html:
    """Values with their intervals: name to (value, low, high, n), all within 0..1."""
    high, left, width = 34, 112, WIDTH - 112 - 132
    shapes: list[Html] = []
    for at in range(5):
        x = left + at / 4 * width
        shapes += [
            tag("line", x1=x, x2=x, y1=4, y2=len(rows) * high + 4, class_="grid"),
            tag("text", f"{at * 25}%", x=x, y=len(rows) * high + 20, text_anchor="middle"),
        ]
    for at, (name, (value, low, top, n)) in enumerate(rows.items()):
        y = at * high + high / 2 + 4
        ends = [left + min(max(edge, 0.0), 1.0) * width for edge in (low, value, top)]
        shapes += [
            tag("text", name[:16], x=left - 12, y=y + 5, text_anchor="end", class_="strong"),
            tag("line", x1=ends[0], x2=ends[2], y1=y, y2=y, class_="range"),
            tag("circle", cx=ends[1], cy=y, r=5, class_="dot c0"),
            tag("text", f"{value:.1%}", x=WIDTH - 112, y=y + 5, class_="strong"),
            tag("text", f"n={n}", x=WIDTH - 2, y=y + 5, text_anchor="end"),
        ]
    return tag(
        "svg",
        *shapes,
        viewBox=f"0 0 {WIDTH} {len(rows) * high + 26}",
        class_="chart",
        role="img",
        aria_label="accuracy with 95 % intervals",
    )
