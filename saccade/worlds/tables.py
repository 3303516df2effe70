"""A grid of digits: read a cell, find the largest of a row or column, add a row.

A cell is named by row and column from 1. At the easy level there are two rows and two columns, so that a digit is a
quarter of the picture high.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Thing, Truth
from saccade.core.world import Question, World
from saccade.worlds.answers import agrees
from saccade.worlds.marks import COLOURS, OVERVIEW_PX, glyph, stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px:  side of the picture
    rows, columns: of the grid, 1 to 9
    sums:     also ask for the sum of a row
    ruled:    lines between the cells
    coloured: each row has an ink colour of its own, else all are nearly black
    """

    size_px: int = 64
    rows: int = 2
    columns: int = 2
    sums: bool = False
    ruled: bool = True
    coloured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    knobs: Knobs
    cells: tuple[tuple[int, ...], ...]
    inks: tuple[str, ...]
    asked: int


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 1 <= knobs.rows <= 9 or not 1 <= knobs.columns <= 9:
        raise ValueError(f"tables: rows and columns are 1 to 9, not {knobs.rows} and {knobs.columns}")
    cells = tuple(tuple(int(value) for value in row) for row in rng.integers(0, 10, (knobs.rows, knobs.columns)))
    order = [str(name) for name in rng.permutation(list(COLOURS))]
    inks = tuple(order[row % len(order)] if knobs.coloured else "black" for row in range(knobs.rows))
    asked = int(rng.integers(len(_questions(knobs, cells))))
    return State(knobs=knobs, cells=cells, inks=inks, asked=asked)


def _questions(knobs: Knobs, cells: tuple[tuple[int, ...], ...]) -> tuple[Question, ...]:
    out = [Question(text=f"Row {r + 1}, column {c + 1}?", answer=str(value), answer_type="number")
           for r, row in enumerate(cells) for c, value in enumerate(row)]
    if knobs.columns > 1:
        out += [Question(text=f"Largest in row {r + 1}?", answer=str(max(row)), answer_type="number")
                for r, row in enumerate(cells)]
    if knobs.rows > 1:
        out += [Question(text=f"Largest in column {c + 1}?", answer=str(max(column)), answer_type="number")
                for c, column in enumerate(zip(*cells, strict=True))]
    if knobs.sums:
        out += [Question(text=f"Sum of row {r + 1}?", answer=str(sum(row)), answer_type="number")
                for r, row in enumerate(cells)]
    return tuple(out)


def questions(state: State) -> tuple[Question, ...]:
    """Every cell, the largest of every row and column, and with `sums` the sum of every row."""
    return _questions(state.knobs, state.cells)


def ask(state: State) -> Question:
    return questions(state)[state.asked]


def cell_box(knobs: Knobs, row: int, column: int) -> list[float]:
    """Pixels of the picture."""
    wide, high = knobs.size_px / knobs.columns, knobs.size_px / knobs.rows
    return [column * wide, row * high, (column + 1) * wide, (row + 1) * high]


def render(state: State) -> tuple[PILImage.Image]:
    knobs, side = state.knobs, state.knobs.size_px
    picture = PILImage.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture)
    if knobs.ruled:
        for line in range(1, knobs.columns):
            draw.line((line * side / knobs.columns, 0, line * side / knobs.columns, side), fill=(150, 150, 150))
        for line in range(1, knobs.rows):
            draw.line((0, line * side / knobs.rows, side, line * side / knobs.rows), fill=(150, 150, 150))
    for r, row in enumerate(state.cells):
        ink = COLOURS.get(state.inks[r], (25, 25, 30))
        for c, value in enumerate(row):
            x1, y1, x2, y2 = cell_box(knobs, r, c)
            air_x, air_y = (x2 - x1) * 0.16, (y2 - y1) * 0.16
            stamp(picture, glyph(str(value)), (x1 + air_x, y1 + air_y, x2 - air_x, y2 - air_y), colour=ink)
    return (picture,)


def describe(state: State) -> str:
    rows = "; ".join(f"row {r + 1}: {' '.join(map(str, row))}" for r, row in enumerate(state.cells))
    return f"A table of {state.knobs.rows} rows and {state.knobs.columns} columns. {rows}."


def _wanted(state: State) -> list[tuple[int, int]]:
    """The cells (row, column, from 0) that the words of the question speak of."""
    words = ask(state).text.lower()
    row, column = re.search(r"row (\d)", words), re.search(r"column (\d)", words)
    return [(r, c) for r in range(state.knobs.rows) for c in range(state.knobs.columns)
            if (row is None or int(row[1]) == r + 1) and (column is None or int(column[1]) == c + 1)]


def solve(state: State) -> str:
    values = [state.cells[r][c] for r, c in _wanted(state)]
    return str(sum(values) if ask(state).text.startswith("Sum") else max(values))


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


def truth(state: State) -> Truth:
    """Evidence: the cells the question speaks of. The overview suffices where digits are at least 8 px high in it."""
    knobs, wanted = state.knobs, _wanted(state)
    every = [(r, c) for r in range(knobs.rows) for c in range(knobs.columns)]
    high = OVERVIEW_PX / max(knobs.rows, knobs.columns) * 0.68
    return Truth(evidence=[cell_box(knobs, r, c) for r, c in wanted],
                 distractors=[cell_box(knobs, r, c) for r, c in every if (r, c) not in wanted],
                 things=[Thing(label=f"cell row {r + 1} column {c + 1}", box_xyxy=cell_box(knobs, r, c),
                               text=str(state.cells[r][c])) for r, c in every],
                 overview_suffices=high >= 8)


tables = World(
    name="tables",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, rows=3, columns=3, sums=True, coloured=True),
        "hard": Knobs(size_px=256, rows=6, columns=6, sums=True, ruled=False),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "0"), (0, 1, "9"), (3, 5, "4")]
