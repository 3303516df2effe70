"""A picture and the program that draws it: one line a shape (image to code, RRVF, arXiv 2507.20766).

A line says shape, colour, size and the centre on a grid of 16: ``star red large 4 11``. The renderer is exact, so a program
is judged by what it draws: shapes found again in place count by how many of their parts agree, over the number of shapes in
both programs. Pixels alone would pay a blank sheet.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.marks import COLOURS
from saccade.worlds.shapes import KINDS, RADIUS, Shape, draw_shapes, in_words, scatter

BINS = 16
NEAR = 0.13
"""Share of the side within which a centre counts as in place."""

LINE = re.compile(r"(\w+)\s+(\w+)\s+(\w+)\s+(\d{1,2})\s+(\d{1,2})")
TEXT = "Write the program that draws this picture: a line for each shape, as in: star red large 4 11."
MOST = 40
"""Shapes of a program; a longer one does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px:   side of the picture
    least, most: number of shapes
    """

    size_px: int = 64
    least: int = 1
    most: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    knobs: Knobs
    shapes: tuple[Shape, ...]


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 1 <= knobs.least <= knobs.most <= 9:
        raise ValueError(f"drawings: 1 <= least <= most <= 9 is needed, not {knobs.least} and {knobs.most}")
    shapes = scatter(rng, int(rng.integers(knobs.least, knobs.most + 1)))
    placed = [replace(each, x=round(each.x * BINS) / BINS, y=round(each.y * BINS) / BINS) for each in shapes]
    return State(knobs=knobs, shapes=tuple(sorted(placed, key=lambda each: (each.y, each.x))))


def written(shapes: Sequence[Shape]) -> str:
    return "\n".join(
        f"{each.kind} {each.colour} {each.size} {round(each.x * BINS)} {round(each.y * BINS)}" for each in shapes
    )


def read_program(text: str) -> tuple[Shape, ...] | None:
    """The shapes of a program, lines between new lines or semicolons; None where a line is no shape or there is none."""
    lines = [line.strip().lower() for line in re.split(r"[\n;]", text[:4000]) if line.strip()]
    found = [LINE.fullmatch(line) for line in lines]
    if not lines or len(lines) > MOST or not all(found):
        return None
    parts = [match.groups() for match in found if match]
    if any(kind not in KINDS or colour not in COLOURS or size not in RADIUS or max(int(x), int(y)) > BINS
           for kind, colour, size, x, y in parts):
        return None
    return tuple(Shape(kind=kind, colour=colour, size=size, x=int(x) / BINS, y=int(y) / BINS)
                 for kind, colour, size, x, y in parts)


def draw(shapes: Sequence[Shape], *, size_px: int = 64) -> PILImage.Image:
    """What a program draws, on plain paper."""
    return draw_shapes(shapes, size_px=size_px, paper=0)


def alike(one: Sequence[Shape], other: Sequence[Shape]) -> float:
    """0..1: shapes paired one to one, those most alike first; a pair in place is worth a quarter each for the place, the
    shape, the colour and the size. Twice the worth over the number of shapes in both."""
    worth = sorted(((likeness(a, b), -i, -j) for i, a in enumerate(one) for j, b in enumerate(other)), reverse=True)
    left, right, total = set(range(len(one))), set(range(len(other))), 0.0
    for value, i, j in worth:
        if -i in left and -j in right and value > 0:
            left.remove(-i)
            right.remove(-j)
            total += value
    return 2 * total / (len(one) + len(other)) if one or other else 1.0


def likeness(one: Shape, other: Shape) -> float:
    if math.dist((one.x, one.y), (other.x, other.y)) > NEAR:
        return 0.0
    return (1 + (one.kind == other.kind) + (one.colour == other.colour) + (one.size == other.size)) / 4


def ask(state: State) -> Question:
    return Question(text=TEXT, answer=written(state.shapes), answer_type="sequence")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def render(state: State) -> tuple[PILImage.Image]:
    return (draw(state.shapes, size_px=state.knobs.size_px),)


def describe(state: State) -> str:
    return f"Positions are shares of the side, from the top left, in sixteenths. In the picture: {in_words(state.shapes)}."


def solve(state: State) -> str:
    """Read the shapes out of the description."""
    found = re.findall(r"a (\w+) (\w+) (\w+) at \(([\d.]+), ([\d.]+)\)", describe(state))
    return "\n".join(f"{kind} {colour} {size} {round(float(x) * BINS)} {round(float(y) * BINS)}"
                     for size, colour, kind, x, y in found)


def verify(state: State, answer: str) -> float:
    found = read_program(answer)
    return 0.0 if found is None else alike(found, state.shapes)


def truth(state: State) -> Truth:
    """Evidence: the shapes. `program` is a program that draws the picture."""
    side = float(state.knobs.size_px)
    boxes = [[min(max(edge, 0.0), side) for edge in each.box_xyxy(state.knobs.size_px)] for each in state.shapes]
    return Truth(evidence=boxes, distractors=[], overview_suffices=True, several=True, program=written(state.shapes))


drawings = World(
    name="drawings",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, least=2, most=4),
        "hard": Knobs(size_px=256, least=4, most=7),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "cross red large 6 9"), (0, 1, "cross green large 8 6"), (3, 5, "triangle yellow large 7 5")]
