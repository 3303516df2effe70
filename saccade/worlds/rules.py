"""A board whose shapes keep to a rule, one cell hidden: what is under the cover? (Masked prediction from context.)

The rule can be seen in the other cells: the board is its own mirror image, every row repeats one pattern, or (a law of this
world rather than of one picture) a star always stands on a square of its own colour. Nothing but the picture tells: the
question is the same for every item.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.answers import plain
from saccade.worlds.boards import Board
from saccade.worlds.marks import COLOURS, glyph, stamp
from saccade.worlds.shapes import KINDS, Shape, outline

Thing = tuple[str, str]
"""Colour and kind."""

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of the picture
    cells:   cells a side, 3 to 6
    laws:    which rules there are: mirror, repeat, stands
    kinds, colours: how many of each are drawn from
    """

    size_px: int = 64
    cells: int = 3
    laws: tuple[str, ...] = ("mirror", "repeat")
    kinds: int = 3
    colours: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`board` row by row; `hidden` is the covered cell."""

    knobs: Knobs
    law: str
    board: tuple[tuple[Thing, ...], ...]
    hidden: Cell


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    unknown = sorted(set(knobs.laws) - {"mirror", "repeat", "stands"})
    if unknown or not knobs.laws or not 3 <= knobs.cells <= 6:
        raise ValueError(f"rules: laws are some of mirror, repeat and stands, cells is 3 to 6; not {list(knobs.laws)} and "
                         f"{knobs.cells}")
    if not 2 <= knobs.kinds <= len(KINDS) or not 2 <= knobs.colours <= len(COLOURS):
        raise ValueError(f"rules: kinds is 2 to {len(KINDS)} and colours 2 to {len(COLOURS)}, not {knobs.kinds} and "
                         f"{knobs.colours}")
    things = [(colour, kind) for colour in list(COLOURS)[: knobs.colours] for kind in KINDS[: knobs.kinds]]
    size = knobs.cells
    while True:
        law = knobs.laws[int(rng.integers(len(knobs.laws)))]
        board = [[things[int(rng.integers(len(things)))] for _ in range(size)] for _ in range(size)]
        if law == "mirror":
            board = [[row[min(at, size - 1 - at)] for at in range(size)] for row in board]
        elif law == "repeat":
            board = [board[0] for _ in range(size)]
        else:
            board = [[(colour, "cross" if kind in ("star", "square") else kind) for colour, kind in row] for row in board]
            for _ in range(size):
                row, column = int(rng.integers(size - 1)), int(rng.integers(size))
                if board[row][column][1] != "square":
                    colour = board[row][column][0]
                    board[row][column], board[row + 1][column] = (colour, "star"), (colour, "square")
            board = cleaned(board)
        made = State(knobs=knobs, law=law, board=tuple(map(tuple, board)), hidden=(0, 0))
        places = [cell for cell in product(range(size), repeat=2) if clear(made, cell)]
        if places:
            return State(knobs=knobs, law=law, board=made.board, hidden=places[int(rng.integers(len(places)))])


def cleaned(board: list[list[Thing]]) -> list[list[Thing]]:
    """Squares without a star above them and stars without a square below become circles: the law holds both ways."""
    size = len(board)
    for row, column in product(range(size), repeat=2):
        colour, kind = board[row][column]
        above = board[row - 1][column] if row else None
        below = board[row + 1][column] if row + 1 < size else None
        if (kind == "square" and above != (colour, "star")) or (kind == "star" and below != (colour, "square")):
            board[row][column] = (colour, "circle")
    return board


def clear(state: State, cell: Cell) -> bool:
    """Whether the rest of the board tells what is in the cell, and no other law tells something else."""
    told = {law: found for law in ("mirror", "repeat", "stands") if law in state.knobs.laws
            for found in [inferred(state.board, cell, law)] if found is not None}
    return state.law in told and set(told.values()) == {state.board[cell[0]][cell[1]]}


def inferred(board: tuple[tuple[Thing, ...], ...], hidden: Cell, law: str) -> Thing | None:
    """What the cell must hold if the law is the board's: None where the other cells break it or do not tell."""
    size, (row, column) = len(board), hidden
    seen = {cell: board[cell[0]][cell[1]] for cell in product(range(size), repeat=2) if cell != hidden}
    if law == "mirror":
        pairs = [((r, c), (r, size - 1 - c)) for r, c in seen]
        if any(seen.get(one, seen.get(other)) != seen.get(other, seen.get(one)) for one, other in pairs):
            return None
        return seen.get((row, size - 1 - column))
    if law == "repeat":
        columns = [{seen[r, c] for r in range(size) if (r, c) in seen} for c in range(size)]
        return next(iter(columns[column])) if all(len(each) == 1 for each in columns) else None
    above, below = seen.get((row - 1, column)), seen.get((row + 1, column))
    if above is not None and above[1] == "star":
        return above[0], "square"
    return (below[0], "star") if below is not None and below[1] == "square" else None


def ask(state: State) -> Question:
    colour, kind = state.board[state.hidden[0]][state.hidden[1]]
    return Question(text="What is under the grey cover? Answer with its colour and shape.", answer=f"{colour} {kind}")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def board_of(knobs: Knobs) -> Board:
    return Board(size_px=knobs.size_px, rows=knobs.cells, columns=knobs.cells)


def render(state: State) -> tuple[PILImage.Image]:
    times, knobs = 4 if state.knobs.size_px <= 128 else 2, state.knobs
    large = Board(size_px=knobs.size_px * times, rows=knobs.cells, columns=knobs.cells)
    picture = PILImage.new("RGB", (large.size_px, large.size_px), (246, 246, 243))
    draw = ImageDraw.Draw(picture)
    for row, column in product(range(knobs.cells), repeat=2):
        x1, y1, x2, y2 = large.box(row, column, air=0.06)
        if (row, column) == state.hidden:
            draw.rectangle((x1, y1, x2, y2), fill=(120, 120, 125))
            stamp(picture, glyph("?"), large.box(row, column, air=0.25), colour=(255, 255, 255))
            continue
        colour, kind = state.board[row][column]
        middle = ((x1 + x2) / 2 / large.size_px, (y1 + y2) / 2 / large.size_px)
        outline(draw, Shape(kind=kind, colour=colour, size="large", x=middle[0], y=middle[1]), large.size_px,
                reach=0.4 * large.cell_px / large.size_px)
    return (picture.reduce(times),)


def describe(state: State) -> str:
    rows = "; ".join(", ".join("covered" if (row, column) == state.hidden else " ".join(thing)
                               for column, thing in enumerate(things)) for row, things in enumerate(state.board))
    return f"A board, row by row: {rows}. The law of the board is one of: {', '.join(state.knobs.laws)}."


def solve(state: State) -> str:
    """Try every thing under the cover and keep the one with which most laws hold on the whole board."""
    things = [(colour, kind) for colour in COLOURS for kind in KINDS]
    row, column = state.hidden

    def laws_kept(thing: Thing) -> int:
        board = [list(each) for each in state.board]
        board[row][column] = thing
        mirror = all(each == each[::-1] for each in board)
        repeat = all(each == board[0] for each in board)
        below = board[row + 1][column] if row + 1 < len(board) else None
        above = board[row - 1][column] if row else None
        stands = (above is not None and above[1] == "star" and thing == (above[0], "square")) or (
            below is not None and below[1] == "square" and thing == (below[0], "star"))
        kept = {"mirror": mirror, "repeat": repeat, "stands": stands}
        return sum(kept[law] for law in state.knobs.laws)

    return " ".join(max(things, key=laws_kept))


def verify(state: State, answer: str) -> float:
    return float(plain(answer) == ask(state).answer)


def truth(state: State) -> Truth:
    """Evidence: the cells that tell. `accepted` gives a right shape or colour alone half of the worth."""
    made, size, (row, column) = board_of(state.knobs), state.knobs.cells, state.hidden
    telling = {"mirror": [(row, size - 1 - column)], "repeat": [(r, column) for r in range(size) if r != row],
               "stands": [cell for cell in ((row - 1, column), (row + 1, column)) if 0 <= cell[0] < size]}[state.law]
    colour, kind = state.board[row][column]
    return Truth(evidence=[list(made.box(*cell)) for cell in telling], distractors=[], overview_suffices=size <= 6,
                 law=state.law, accepted={colour: 0.5, kind: 0.5})


rules = World(
    name="rules",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, cells=4, kinds=4, colours=6),
        "hard": Knobs(size_px=192, cells=5, laws=("mirror", "repeat", "stands"), kinds=5, colours=6),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "green circle"), (0, 1, "yellow circle"), (3, 5, "green square")]
