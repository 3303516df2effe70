"""Fill cells so that their runs fit the numbers beside every row and above every column. MM-HELIX (arXiv 2510.08540).

Every item has exactly one solution: fillings are drawn until the numbers leave no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, product

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.boards import Board, read_grid, written_grid

Line = tuple[int, ...]
"""1 for a filled cell, 0 for an empty one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of the picture
    cells:   cells a side, 2 to 7
    filled:  share of filled cells
    """

    size_px: int = 64
    cells: int = 3
    filled: float = 0.55


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    knobs: Knobs
    grid: tuple[Line, ...]


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 2 <= knobs.cells <= 7 or not 0.2 <= knobs.filled <= 0.9:
        raise ValueError(f"nonogram: cells is 2 to 7 and filled 0.2 to 0.9, not {knobs.cells} and {knobs.filled}")
    while True:
        drawn = rng.random((knobs.cells, knobs.cells)) < knobs.filled
        grid = tuple(tuple(int(cell) for cell in row) for row in drawn)
        state = State(knobs=knobs, grid=grid)
        if drawn.any() and len(fillings(*clues(state), 2)) == 1:
            return state


def runs(line: Line) -> Line:
    """Lengths of the runs of filled cells; a single 0 for none."""
    return tuple(len(list(group)) for filled, group in groupby(line) if filled) or (0,)


def clues(state: State) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Of the rows from the top and of the columns from the left."""
    return tuple(map(runs, state.grid)), tuple(map(runs, zip(*state.grid, strict=True)))


@lru_cache(maxsize=4096)
def lines_of(size: int, clue: Line) -> tuple[Line, ...]:
    return tuple(line for line in product((0, 1), repeat=size) if runs(line) == clue)


def fillings(rows: tuple[Line, ...], columns: tuple[Line, ...], most: int) -> list[tuple[Line, ...]]:
    """Up to `most` fillings that fit, row by row; a column that can no longer fit ends a try."""
    size, found = len(rows), []
    fitting = [set(lines_of(size, clue)) for clue in columns]

    def fill(done: tuple[Line, ...], open_: list[set[Line]]) -> None:
        if len(done) == size:
            found.append(done)
            return
        for line in lines_of(size, rows[len(done)]):
            left = [{each for each in some if each[len(done)] == cell} for some, cell in zip(open_, line, strict=True)]
            if all(left):
                fill((*done, line), left)
            if len(found) >= most:
                return

    fill((), fitting)
    return found


def ask(state: State) -> Question:
    text = (
        "Fill the cells so that the runs fit the numbers. Write the rows with X for filled and . for empty, / between rows."
    )
    return Question(text=text, answer=written_grid([["X" if cell else "." for cell in row] for row in state.grid]))


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def board(knobs: Knobs) -> Board:
    room = 1.0 if knobs.cells <= 2 else 1.6 if knobs.cells <= 4 else 2.2
    return Board(size_px=knobs.size_px, rows=knobs.cells, columns=knobs.cells, left=room, top=room)


def render(state: State) -> tuple[PILImage.Image]:
    made = board(state.knobs)
    picture = made.blank()
    step = 0.78
    for row, clue in enumerate(clues(state)[0]):
        for place, number in enumerate(reversed(clue)):
            made.write(picture, row, -0.9 - step * place, str(number), air=0.14)
    for column, clue in enumerate(clues(state)[1]):
        for place, number in enumerate(reversed(clue)):
            made.write(picture, -0.9 - step * place, column, str(number), air=0.14)
    return (picture,)


def describe(state: State) -> str:
    rows, columns = ("; ".join(" ".join(map(str, clue)) for clue in side) for side in clues(state))
    return f"A nonogram of {state.knobs.cells} x {state.knobs.cells} cells. Rows from the top: {rows}. Columns: {columns}."


def solve(state: State) -> str:
    """Settle cells on which all lines that still fit agree, line by line; guess only where nothing moves."""
    size, (rows, columns) = state.knobs.cells, clues(state)
    options = [list(lines_of(size, clue)) for clue in (*rows, *columns)]
    solved = settle(options, size)
    assert solved is not None
    return written_grid([["X" if cell else "." for cell in row] for row in solved])


def settle(options: list[list[Line]], size: int) -> list[Line] | None:
    moved = True
    while moved:
        moved = False
        for row, column in product(range(size), repeat=2):
            one = {line[column] for line in options[row]}
            other = {line[row] for line in options[size + column]}
            both = one & other
            if not both:
                return None
            if one != both or other != both:
                options[row] = [line for line in options[row] if line[column] in both]
                options[size + column] = [line for line in options[size + column] if line[row] in both]
                moved = True
    open_ = [row for row in range(size) if len(options[row]) > 1]
    if not open_:
        return [options[row][0] for row in range(size)]
    for line in options[open_[0]]:
        tried = settle([[line] if place == open_[0] else list(each) for place, each in enumerate(options)], size)
        if tried is not None:
            return tried
    return None


def verify(state: State, answer: str) -> float:
    found = read_grid(answer.upper().replace("#", "X").replace("_", "."), state.knobs.cells, state.knobs.cells, ("X", "."))
    if found is None:
        return 0.0
    filled = State(knobs=state.knobs, grid=tuple(tuple(int(cell == "X") for cell in row) for row in found))
    return float(clues(filled) == clues(state))


def truth(state: State) -> Truth:
    """Evidence: the margins with the numbers."""
    made = board(state.knobs)
    x1, y1, *_ = made.box(0, 0)
    *_, x2, y2 = made.box(state.knobs.cells - 1, state.knobs.cells - 1)
    return Truth(evidence=[[0.0, y1, x1, y2], [x1, 0.0, x2, y1]], distractors=[],
                 overview_suffices=state.knobs.cells <= 3)


nonogram = World(
    name="nonogram",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "L1": Knobs(size_px=128),
        "L2": Knobs(size_px=192, cells=4),
        "L3": Knobs(size_px=256, cells=5),
        "L4": Knobs(size_px=320, cells=6),
        "L5": Knobs(size_px=384, cells=7),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "X.X/X.X/.X."), (0, 1, "X.X/.X./X.."), (3, 5, ".XX/.X./.XX")]
