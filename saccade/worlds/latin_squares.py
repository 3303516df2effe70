"""Latin squares and their search: what futoshiki and skyscrapers share.

A square of size n holds 1..n once in every row and column. `squares` finds fillings that keep to further rules, cell by
cell; `narrowed` finds them by keeping a set of candidates for every cell. They are written apart so that one can check the
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

import numpy as np

from saccade.worlds.boards import read_grid

Square = tuple[tuple[int, ...], ...]
Cell = tuple[int, int]
Partial = dict[Cell, int]

Fits = Callable[[Partial, Cell], bool]
"""Whether the numbers so far, of which the one in this cell is the last, can still keep to the rules."""


def latin(rng: np.random.Generator, size: int) -> Square:
    """A square with its rows, columns and numbers shuffled."""
    rows, columns, numbers = (rng.permutation(size) for _ in range(3))
    return tuple(tuple(int(numbers[(int(row) + int(column)) % size]) + 1 for column in columns) for row in rows)


def squares(size: int, given: Partial, fits: Fits, most: int) -> list[Square]:
    """Up to `most` fillings, in order of their numbers; the cell with the fewest numbers left is filled next."""
    found: list[Square] = []
    rows = [set(range(1, size + 1)) for _ in range(size)]
    columns = [set(range(1, size + 1)) for _ in range(size)]
    filled: Partial = {}

    def put(cell: Cell, number: int) -> bool:
        rows[cell[0]].discard(number)
        columns[cell[1]].discard(number)
        filled[cell] = number
        return fits(filled, cell)

    def take(cell: Cell) -> None:
        number = filled.pop(cell)
        rows[cell[0]].add(number)
        columns[cell[1]].add(number)

    def fill() -> None:
        open_ = [cell for cell in product(range(size), repeat=2) if cell not in filled]
        if not open_:
            found.append(tuple(tuple(filled[row, column] for column in range(size)) for row in range(size)))
            return
        cell = min(open_, key=lambda each: len(rows[each[0]] & columns[each[1]]))
        for number in sorted(rows[cell[0]] & columns[cell[1]]):
            if put(cell, number):
                fill()
            take(cell)
            if len(found) >= most:
                return

    if all([put(cell, number) for cell, number in given.items()]):
        fill()
    return found


def narrowed(size: int, candidates: dict[Cell, set[int]], prune: Callable[[dict[Cell, set[int]]], bool]) -> Square | None:
    """The first filling found by striking candidates until nothing moves, then trying the smallest cell.

    prune: strike what the rules forbid and say whether something was struck.
    """
    moved = True
    while moved:
        moved = prune(candidates)
        for cell, left in candidates.items():
            if len(left) != 1:
                continue
            (number,) = left
            for place in range(size):
                for other in ((cell[0], place), (place, cell[1])):
                    if other != cell and number in candidates[other]:
                        candidates[other].discard(number)
                        moved = True
        if not all(candidates.values()):
            return None
    open_ = [cell for cell, left in candidates.items() if len(left) > 1]
    if not open_:
        return tuple(tuple(next(iter(candidates[row, column])) for column in range(size)) for row in range(size))
    cell = min(open_, key=lambda each: (len(candidates[each]), each))
    for number in sorted(candidates[cell]):
        tried = narrowed(size, {each: {number} if each == cell else set(left) for each, left in candidates.items()}, prune)
        if tried is not None:
            return tried
    return None


def is_latin(grid: Square) -> bool:
    wanted = set(range(1, len(grid) + 1))
    return all(set(line) == wanted for line in (*grid, *zip(*grid, strict=True)))


def read_square(answer: str, square: Square, given: Iterable[Cell]) -> Square | None:
    """The Latin square that an answer writes, if it is one and keeps the `given` cells of `square`; else None."""
    size = len(square)
    found = read_grid(answer, size, size, [str(number) for number in range(1, size + 1)])
    if found is None:
        return None
    grid = tuple(tuple(int(cell) for cell in row) for row in found)
    return grid if is_latin(grid) and all(grid[row][column] == square[row][column] for row, column in given) else None
