"""A Latin square of tower heights, told by how many towers are seen from its sides. MM-HELIX (arXiv 2510.08540).

A number at the side says how many towers are seen from there: a tower hides all lower ones behind it. Where the numbers
leave several squares, heights are given until one is left. The two largest published levels, six and
seven cells a side, are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.boards import Board, written_grid
from saccade.worlds.latin_squares import Cell, Square, latin, narrowed, read_square
from saccade.worlds.marks import COLOURS

Clues = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""From the top, the bottom (columns from the left), the left and the right (rows from the top)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of the picture
    cells:   cells a side, 2 to 5
    """

    size_px: int = 64
    cells: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    knobs: Knobs
    square: Square
    given: tuple[Cell, ...]


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 2 <= knobs.cells <= 5:
        raise ValueError(f"skyscrapers: cells is 2 to 5, not {knobs.cells}")
    square = latin(rng, knobs.cells)
    given: list[Cell] = []
    while True:
        state = State(knobs=knobs, square=square, given=tuple(sorted(given)))
        found = solutions(state, 2)
        if len(found) == 1:
            return state
        other = next(each for each in found if each != square)
        differing = [cell for cell in product(range(knobs.cells), repeat=2)
                     if other[cell[0]][cell[1]] != square[cell[0]][cell[1]]]
        given.append(differing[int(rng.integers(len(differing)))])


def seen(line: Sequence[int]) -> int:
    """Towers seen from the line's beginning."""
    return sum(height > max(line[:place], default=0) for place, height in enumerate(line))


def clues(square: Square) -> Clues:
    columns = tuple(zip(*square, strict=True))
    return (tuple(map(seen, columns)), tuple(seen(column[::-1]) for column in columns), tuple(map(seen, square)),
            tuple(seen(row[::-1]) for row in square))


def solutions(state: State, most: int) -> list[Square]:
    """Up to `most` squares that fit, stacked row by row out of the rows that fit their own two numbers."""
    size, (top, bottom, left, right) = state.knobs.cells, clues(state.square)
    orders = list(permutations(range(1, size + 1)))
    rows = [[each for each in orders if (seen(each), seen(each[::-1])) == (left[row], right[row])
             and all(each[column] == state.square[row][column] for at, column in state.given if at == row)]
            for row in range(size)]
    found: list[Square] = []

    def stack(done: Square) -> None:
        columns = tuple(zip(*done, strict=True)) if done else ((),) * size
        if any(seen(column) > top[place] for place, column in enumerate(columns)):
            return
        if len(done) == size:
            if tuple(seen(column[::-1]) for column in columns) == bottom and tuple(map(seen, columns)) == top:
                found.append(done)
            return
        for row in rows[len(done)]:
            if len(found) < most and not any(height in column for height, column in zip(row, columns, strict=True)):
                stack((*done, row))

    stack(())
    return found


def ask(state: State) -> Question:
    text = (
        f"Fill every row and column with the heights 1 to {state.knobs.cells}; a number at the side says how many towers "
        "are seen from there. Write the rows with / between them."
    )
    return Question(text=text, answer=written_grid(state.square))


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def board(knobs: Knobs) -> Board:
    return Board(size_px=knobs.size_px, rows=knobs.cells, columns=knobs.cells, left=1, top=1, right=1, bottom=1)


def render(state: State) -> tuple[PILImage.Image]:
    made, size = board(state.knobs), state.knobs.cells
    picture = made.blank()
    top, bottom, left, right = clues(state.square)
    for place in range(size):
        for row, column, number in ((-1, place, top[place]), (size, place, bottom[place]), (place, -1, left[place]),
                                    (place, size, right[place])):
            made.write(picture, row, column, str(number), colour=COLOURS["blue"])
    for row, column in state.given:
        made.write(picture, row, column, str(state.square[row][column]))
    return (picture,)


def describe(state: State) -> str:
    sides = "; ".join(f"{name}: {' '.join(map(str, numbers))}" for name, numbers in
                      zip(("from the top", "from the bottom", "from the left", "from the right"), clues(state.square),
                          strict=True))
    given = ", ".join(f"{state.square[row][column]} in row {row + 1} column {column + 1}" for row, column in state.given)
    return f"Skyscrapers of {state.knobs.cells} x {state.knobs.cells} cells, seen {sides}. Given: {given or 'nothing'}."


def solve(state: State) -> str:
    """Strike candidates by the whole lines that are still possible."""
    size, (top, bottom, left, right) = state.knobs.cells, clues(state.square)
    orders = list(permutations(range(1, size + 1)))
    rows = [[each for each in orders if (seen(each), seen(each[::-1])) == pair] for pair in zip(left, right, strict=True)]
    columns = [[each for each in orders if (seen(each), seen(each[::-1])) == pair] for pair in zip(top, bottom, strict=True)]
    candidates = {cell: set(range(1, size + 1)) for cell in product(range(size), repeat=2)}
    for row, column in state.given:
        candidates[row, column] = {state.square[row][column]}

    def prune(open_: dict[Cell, set[int]]) -> bool:
        before = sum(map(len, open_.values()))
        for number in range(size):
            across = [(number, place) for place in range(size)]
            down = [(place, number) for place in range(size)]
            for cells, lines in ((across, rows[number]), (down, columns[number])):
                fitting = [
                    line for line in lines if all(value in open_[cell] for cell, value in zip(cells, line, strict=True))
                ]
                for place, cell in enumerate(cells):
                    open_[cell] &= {line[place] for line in fitting}
        return sum(map(len, open_.values())) < before

    found = narrowed(size, candidates, prune)
    assert found is not None
    return written_grid(found)


def verify(state: State, answer: str) -> float:
    grid = read_square(answer, state.square, state.given)
    return float(grid is not None and clues(grid) == clues(state.square))


def truth(state: State) -> Truth:
    """Evidence: the four sides and the cells that are given."""
    made, size = board(state.knobs), state.knobs.cells
    sides = [(*made.box(-1, 0)[:2], *made.box(-1, size - 1)[2:]), (*made.box(size, 0)[:2], *made.box(size, size - 1)[2:]),
             (*made.box(0, -1)[:2], *made.box(size - 1, -1)[2:]), (*made.box(0, size)[:2], *made.box(size - 1, size)[2:])]
    given = [made.box(*cell) for cell in state.given]
    return Truth(evidence=[list(box) for box in (*sides, *given)], distractors=[], overview_suffices=size <= 4)


skyscrapers = World(
    name="skyscrapers",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "L1": Knobs(size_px=128),
        "L2": Knobs(size_px=192, cells=4),
        "L3": Knobs(size_px=256, cells=5),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "312/123/231"), (0, 1, "123/312/231"), (3, 5, "132/213/321")]
