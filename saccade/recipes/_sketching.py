"""Figures of points, and a policy that draws a line or a circle into them to see which point it meets.

A tabular policy answers message by message, each in a context of its own; what a drawing meets is read from its pixels.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

import saccade as sc
from saccade.recipes import _simulated as table

GRID, STEP_PX = 8, 16
LABELS = ("C", "D", "E")
NEAR_PX = 3.0
"""How near a point must be to what was drawn to be met."""


def figures(seed: int, count: int = 96) -> list[sc.Sample]:
    """Points A and B and three others on a grid, one of them on the line through A and B, or as far from A as B."""
    out, number = [], 0
    while len(out) < count:
        rng, number = sc.generator("figures", seed, number), number + 1
        kind = ("line", "circle")[len(out) % 2]
        places = [(int(x), int(y)) for x, y in rng.integers(0, GRID, (5, 2))]
        met = [distance(kind, places[0], places[1], each) * STEP_PX for each in places[2:]]
        if len(set(places)) == 5 and sum(each < NEAR_PX for each in met) == 1 and sorted(met)[1] > 3 * NEAR_PX:
            out.append(table.question(len(out), kind, LABELS[int(np.argmin(met))], places=places, kind=kind))
    return out


def distance(kind: str, a: tuple[int, int], b: tuple[int, int], point: tuple[int, int]) -> float:
    """From the line through a and b, or the circle about a through b, in steps of the grid; infinite where there is none."""
    length = math.dist(a, b)
    if not length:
        return math.inf
    if kind == "circle":
        return abs(math.dist(a, point) - length)
    return abs((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])) / length


@sc.tool(name="draw")
async def draw(command: str, places: list[int], context: sc.Context) -> str:
    """Draw into the figure; tells which named points the drawing meets.

    Args:
        command: line, circle or point
        places: x and y of two places of the grid
    """
    ax, ay, bx, by = places
    if command not in ("line", "circle", "point"):
        raise sc.ToolError(f"there is no command {command!r}")
    if (ax, ay) == (bx, by):
        raise sc.ToolError("both places are the same")
    drawn = drawing(command, (ax, ay), (bx, by))
    names = zip(LABELS, context.sample.meta["places"][2:], strict=True)
    met = [label for label, place in names if inked(drawn, place)]
    return f"it meets {met[0]}" if len(met) == 1 else "it meets no single point"


def drawing(command: str, a: tuple[int, int], b: tuple[int, int]) -> PILImage.Image:
    """White on black; the figure's own points are left out, so that what is inked was drawn."""
    picture = PILImage.new("L", ((GRID + 1) * STEP_PX,) * 2)
    pen, (start, end) = ImageDraw.Draw(picture), (tuple((each + 1) * STEP_PX for each in place) for place in (a, b))
    if command == "line":
        reach = 2 * GRID / math.dist(a, b)
        pen.line([tuple(s + sign * reach * (e - s) for s, e in zip(start, end, strict=True)) for sign in (-1, 1)], fill=255,
                 width=2)
    if command == "circle":
        radius = math.dist(start, end)
        pen.ellipse((start[0] - radius, start[1] - radius, start[0] + radius, start[1] + radius), outline=255, width=2)
    return picture


def inked(drawn: PILImage.Image, place: tuple[int, int]) -> bool:
    x, y = ((each + 1) * STEP_PX for each in place)
    return bool(np.asarray(drawn.crop((x - 3, y - 3, x + 4, y + 4))).max())


@sc.episode
async def sketching(sample: sc.Sample, context: sc.Context, *, shows: bool = True):
    """Where A is, where B is, a command, the answer; each in a context of its own. shows: the drawing is seen."""
    read = []
    for place in sample.meta["places"][:2]:
        said = yield sc.show(sc.user(spot(place)), tools=context.tools, after="new")
        words = [int(word) for word in said.text.split() if word.isdigit()]
        read += [*words, 0, 0][:2]
    command = yield sc.show(sc.user(f"a question of {sample.meta['kind']}"), tools=context.tools, after="new")
    result = await context.call(sc.ToolCall(name="draw", arguments={"command": command.text, "places": read}))
    yield sc.show(sc.user(result.text if shows else "it meets no single point"), after="new")


def spot(place: tuple[int, int]) -> str:
    """What a place looks like to the policy: one of 64, without numbers of its own."""
    return f"a point at spot {place[1] * GRID + place[0]}"


def places_shown(times: int) -> list[sc.Sample]:
    """Every spot and its two numbers."""
    spots = [(x, y) for x in range(GRID) for y in range(GRID)]
    return [table.question(at, spot(each), f"{each[0]} {each[1]}") for at, each in enumerate(spots * times)]


def edits(seed: int) -> list[sc.Sample]:
    """Messages of sloppy traces: half of the commands fit the question; some places; what is met is mostly the answer."""
    rng, out = sc.generator("edits", seed), places_shown(1)
    for at in range(240):
        kind = ("line", "circle")[at % 2]
        command = kind if rng.random() < 0.5 else str(rng.choice(["point", "erase"]))
        out.append(table.question(len(out), f"a question of {kind}", command))
    for label in (*LABELS, "no single point"):
        for _ in range(20):
            answer = label if label in LABELS and rng.random() < 0.9 else str(rng.choice(LABELS))
            out.append(table.question(len(out), f"it meets {label}", answer))
    return out
