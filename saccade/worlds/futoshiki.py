"""A Latin square with greater-than marks between cells. A puzzle of MM-HELIX (arXiv 2510.08540).

Every item has one solution: cells are given until no other is left. Proving that takes seconds an item beyond five cells a
side, so the two largest published levels are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.boards import Board, written_grid
from saccade.worlds.latin_squares import Cell, Partial, Square, latin, narrowed, read_square, squares
from saccade.worlds.marks import COLOURS, DARK

GAP = 0.5
"""Room between cells for a mark, in cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of the picture
    cells:   cells a side, 2 to 5
    given:   share of cells that are filled in
    marks:   share of neighbours with a mark between them
    """

    size_px: int = 64
    cells: int = 3
    given: float = 0.35
    marks: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`less` holds pairs of neighbouring cells, the cell with the smaller number first."""

    knobs: Knobs
    square: Square
    given: tuple[Cell, ...]
    less: tuple[tuple[Cell, Cell], ...]


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 2 <= knobs.cells <= 5:
        raise ValueError(f"futoshiki: cells is 2 to 5, not {knobs.cells}")
    square = latin(rng, knobs.cells)
    cells = list(product(range(knobs.cells), repeat=2))
    given = [cell for cell in cells if rng.random() < knobs.given]
    less = [ordered(square, *pair) for pair in neighbours(knobs.cells) if rng.random() < knobs.marks]
    hidden = [cells[int(place)] for place in rng.permutation(len(cells)) if cells[int(place)] not in given]
    while True:
        state = State(knobs=knobs, square=square, given=tuple(sorted(given)), less=tuple(sorted(less)))
        found = solutions(state, 2)
        if len(found) == 1:
            return state
        other = next(each for each in found if each != square)  # tell one cell in which it differs
        given.append(next(cell for cell in hidden if other[cell[0]][cell[1]] != square[cell[0]][cell[1]]))


def neighbours(size: int) -> list[tuple[Cell, Cell]]:
    across = [((row, column), (row, column + 1)) for row in range(size) for column in range(size - 1)]
    return across + [((row, column), (row + 1, column)) for row in range(size - 1) for column in range(size)]


def ordered(square: Square, one: Cell, other: Cell) -> tuple[Cell, Cell]:
    return (one, other) if square[one[0]][one[1]] < square[other[0]][other[1]] else (other, one)


def solutions(state: State, most: int) -> list[Square]:
    def fits(filled: Partial, cell: Cell) -> bool:
        return all(filled[low] < filled[high] for low, high in state.less
                   if cell in (low, high) and low in filled and high in filled)

    return squares(state.knobs.cells, {cell: state.square[cell[0]][cell[1]] for cell in state.given}, fits, most)


def ask(state: State) -> Question:
    text = (
        f"Fill every row and column with 1 to {state.knobs.cells}; each red mark points at the smaller of two. Write "
        "the rows with / between."
    )
    return Question(text=text, answer=written_grid(state.square))


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def board(knobs: Knobs) -> Board:
    wide = knobs.cells + GAP * (knobs.cells - 1)
    return Board(size_px=knobs.size_px, rows=knobs.cells, columns=knobs.cells, right=wide - knobs.cells,
                 bottom=wide - knobs.cells)


def cell_box(made: Board, cell: Cell) -> tuple[float, float, float, float]:
    return made.box(cell[0] * (1 + GAP), cell[1] * (1 + GAP))


def render(state: State) -> tuple[PILImage.Image]:
    made = board(state.knobs)
    picture = made.blank(lines=False)
    draw = ImageDraw.Draw(picture)
    for cell in product(range(state.knobs.cells), repeat=2):
        draw.rectangle(cell_box(made, cell), outline=DARK, width=max(1, state.knobs.size_px // 128))
    for row, column in state.given:
        made.write(picture, row * (1 + GAP), column * (1 + GAP), str(state.square[row][column]), air=0.1)
    for low, high in state.less:
        middle = ((low[0] + high[0]) / 2 * (1 + GAP), (low[1] + high[1]) / 2 * (1 + GAP))
        x1, y1, x2, y2 = made.box(*middle)
        x, y, reach = (x1 + x2) / 2, (y1 + y2) / 2, made.cell_px * GAP * 0.38
        dx, dy = high[1] - low[1], high[0] - low[0]  # the mark points at the smaller number
        wide = reach * 1.5
        tip = (x - dx * reach, y - dy * reach)
        ends = [(x + dx * reach + side * dy * wide, y + dy * reach + side * dx * wide) for side in (1, -1)]
        draw.polygon((ends[0], tip, ends[1]), fill=COLOURS["red"])
    return (picture,)


def describe(state: State) -> str:
    given = ", ".join(f"{state.square[row][column]} in row {row + 1} column {column + 1}" for row, column in state.given)
    less = ", ".join(
        f"row {a[0] + 1} column {a[1] + 1} is less than row {b[0] + 1} column {b[1] + 1}" for a, b in state.less
    )
    return (f"A futoshiki of {state.knobs.cells} x {state.knobs.cells} cells. Given: {given or 'nothing'}. Marks: "
            f"{less or 'none'}.")


def solve(state: State) -> str:
    size = state.knobs.cells
    candidates = {cell: set(range(1, size + 1)) for cell in product(range(size), repeat=2)}
    for row, column in state.given:
        candidates[row, column] = {state.square[row][column]}

    def prune(left: dict[Cell, set[int]]) -> bool:
        before = sum(map(len, left.values()))
        for low, high in state.less:
            left[low] = {number for number in left[low] if number < max(left[high], default=0)}
            left[high] = {number for number in left[high] if number > min(left[low], default=size)}
        return sum(map(len, left.values())) < before

    found = narrowed(size, candidates, prune)
    assert found is not None
    return written_grid(found)


def verify(state: State, answer: str) -> float:
    grid = read_square(answer, state.square, state.given)
    return float(grid is not None and all(grid[a[0]][a[1]] < grid[b[0]][b[1]] for a, b in state.less))


def truth(state: State) -> Truth:
    """Evidence: the cells that are given, and those beside a mark."""
    told = sorted({*state.given, *(cell for pair in state.less for cell in pair)})
    made = board(state.knobs)
    return Truth(evidence=[list(cell_box(made, cell)) for cell in told], distractors=[],
                 overview_suffices=state.knobs.cells <= 4)


futoshiki = World(
    name="futoshiki",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "L1": Knobs(size_px=128, given=0.5, marks=0.2),
        "L2": Knobs(size_px=192, cells=4, given=0.4, marks=0.25),
        "L3": Knobs(size_px=256, cells=5, given=0.3, marks=0.3),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "321/132/213"), (0, 1, "213/132/321"), (3, 5, "213/132/321")]
