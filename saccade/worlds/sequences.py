"""Rows of numbers as bars or as a line: what the worlds about sequences are drawn with.

Heights are true to the values in every picture. Where there is room and values are large they stand above their marks as
well, as they do in the charts that people read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Truth
from saccade.worlds.marks import COLOURS, DARK, glyph, stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px:     side of the picture
    least, most: number of values
    low, high:   values lie in low..high
    labelled:    every value stands above its mark
    """

    size_px: int = 64
    least: int = 4
    most: int = 5
    low: int = 0
    high: int = 4
    labelled: bool = False


PUBLISHED = {
    "L1": Knobs(size_px=256, least=5, most=10, low=1, high=20, labelled=True),
    "L2": Knobs(size_px=384, least=10, most=20, low=1, high=40, labelled=True),
    "L3": Knobs(size_px=512, least=20, most=30, low=1, high=60, labelled=True),
    "L4": Knobs(size_px=768, least=30, most=40, low=1, high=80, labelled=True),
    "L5": Knobs(size_px=1024, least=40, most=70, low=1, high=100, labelled=True),
}
"""Lengths and values of the five levels of MM-HELIX (arXiv 2510.08540)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    knobs: Knobs
    values: tuple[int, ...]


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 3 <= knobs.least <= knobs.most <= 100 or not 0 <= knobs.low < knobs.high <= 999:
        raise ValueError("sequences: 3 <= least <= most <= 100 and 0 <= low < high <= 999 are needed, not "
                         f"least={knobs.least}, most={knobs.most}, low={knobs.low}, high={knobs.high}")
    num = int(rng.integers(knobs.least, knobs.most + 1))
    return State(knobs=knobs, values=tuple(int(value) for value in rng.integers(knobs.low, knobs.high + 1, num)))


def columns(state: State) -> list[tuple[float, float, float, float]]:
    """The box of each value from its height to the axis, px; at least 1 px high."""
    side, num = state.knobs.size_px, len(state.values)
    foot, head = side * 0.95, side * (0.1 if state.knobs.labelled else 0.04)
    wide = side * 0.96 / num
    unit = (foot - head) / state.knobs.high
    return [(side * 0.02 + place * wide, min(foot - value * unit, foot - 1), side * 0.02 + (place + 1) * wide, foot)
            for place, value in enumerate(state.values)]


def draw_bars(state: State) -> PILImage.Image:
    """Blue bars side by side on an axis, with a thin line at every whole value where values are small."""
    picture, draw = paper(state)
    for (x1, y1, x2, y2), value in zip(columns(state), state.values, strict=True):
        if value:
            draw.rectangle((x1, y1, x2 - 1, y2), fill=COLOURS["blue"], outline=(20, 40, 140))
    finish(state, picture)
    return picture


def draw_line(state: State) -> PILImage.Image:
    """A line from value to value with a dot at each."""
    picture, draw = paper(state)
    points = [((x1 + x2) / 2, y1) for x1, y1, x2, _ in columns(state)]
    thick = max(1, state.knobs.size_px // 48)
    draw.line(points, fill=COLOURS["blue"], width=thick)
    reach = max(2.0, min(state.knobs.size_px * 0.03, state.knobs.size_px * 0.3 / len(points)))
    for x, y in points:
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=COLOURS["red"])
    finish(state, picture)
    return picture


def paper(state: State) -> tuple[PILImage.Image, ImageDraw.ImageDraw]:
    knobs = state.knobs
    picture = PILImage.new("RGB", (knobs.size_px, knobs.size_px), "white")
    draw = ImageDraw.Draw(picture)
    if knobs.high <= 10:
        foot, head = knobs.size_px * 0.95, knobs.size_px * (0.1 if knobs.labelled else 0.04)
        for value in range(1, knobs.high + 1):
            y = foot - value * (foot - head) / knobs.high
            draw.line((knobs.size_px * 0.02, y, knobs.size_px * 0.98, y), fill=(205, 205, 205))
    return picture, draw


def finish(state: State, picture: PILImage.Image) -> None:
    side = state.knobs.size_px
    ImageDraw.Draw(picture).line((side * 0.02, side * 0.95, side * 0.98, side * 0.95), fill=DARK, width=max(1, side // 64))
    if state.knobs.labelled:
        for (x1, y1, x2, _), value in zip(columns(state), state.values, strict=True):
            high = min(side * 0.045, 16.0)
            stamp(picture, glyph(str(value)), (x1 + 1, y1 - high - side * 0.012, x2 - 1, y1 - side * 0.012))


def in_words(state: State) -> str:
    return f"From left to right the {len(state.values)} values are {', '.join(map(str, state.values))}."


def truth(state: State) -> Truth:
    """Evidence: every mark. The overview suffices while a mark is at least 3 px wide and a step 3 px high there."""
    knobs = state.knobs
    return Truth(evidence=[list(box) for box in columns(state)], distractors=[],
                 overview_suffices=len(state.values) <= 16 and knobs.high <= 16)
