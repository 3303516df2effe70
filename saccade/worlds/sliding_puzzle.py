"""Slide tiles until they stand in order, the gap last. A game of MM-HELIX (arXiv 2510.08540).

Any way that ends there is right. Moves name the way in which a tile slides into the gap. The two largest published levels,
up to 45 slides, are left out: searching them takes minutes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.boards import Board, read_moves
from saccade.worlds.marks import DARK

Tiles = tuple[int, ...]
"""Row by row; 0 is the gap."""

WAYS = {"up": (1, 0), "down": (-1, 0), "left": (0, 1), "right": (0, -1)}
"""Where the tile that slides this way stands, seen from the gap."""

BACK = {"up": "down", "down": "up", "left": "right", "right": "left"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of the picture
    cells:   tiles a side, 2 to 5
    least, most: random slides from order, none taken back at once
    """

    size_px: int = 64
    cells: int = 2
    least: int = 1
    most: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`planted` are moves that lead to order."""

    knobs: Knobs
    tiles: Tiles
    planted: tuple[str, ...]


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 2 <= knobs.cells <= 5 or not 1 <= knobs.least <= knobs.most <= 24:
        raise ValueError("sliding_puzzle: cells is 2 to 5 and 1 <= least <= most <= 24, not "
                         f"cells={knobs.cells}, least={knobs.least}, most={knobs.most}")
    while True:
        tiles, planted = order(knobs.cells), list[str]()
        for _ in range(int(rng.integers(knobs.least, knobs.most + 1))):
            ways = [way for way in WAYS if slid(tiles, way, knobs.cells) and (not planted or way != planted[-1])]
            way = ways[int(rng.integers(len(ways)))]
            tiles = slid(tiles, way, knobs.cells) or tiles
            planted.append(BACK[way])
        if tiles != order(knobs.cells):
            return State(knobs=knobs, tiles=tiles, planted=tuple(reversed(planted)))


def order(size: int) -> Tiles:
    return (*range(1, size * size), 0)


def slid(tiles: Tiles, way: str, size: int) -> Tiles | None:
    """The tiles after a slide; None where no tile stands there."""
    gap = tiles.index(0)
    row, column = gap // size + WAYS[way][0], gap % size + WAYS[way][1]
    if not (0 <= row < size and 0 <= column < size):
        return None
    out, place = list(tiles), row * size + column
    out[gap], out[place] = out[place], 0
    return tuple(out)


def ask(state: State) -> Question:
    text = (
        "Slide tiles into the gap until they stand in order with the gap at the bottom right. Write for each slide the way "
        "the tile moves: up, down, left or right."
    )
    return Question(text=text, answer=" ".join(state.planted), answer_type="sequence")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def board(knobs: Knobs) -> Board:
    return Board(size_px=knobs.size_px, rows=knobs.cells, columns=knobs.cells)


def render(state: State) -> tuple[PILImage.Image]:
    made = board(state.knobs)
    picture = made.blank(lines=False)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((*made.box(0, 0)[:2], *made.box(state.knobs.cells - 1, state.knobs.cells - 1)[2:]), fill=(120, 120, 130))
    for place, tile in enumerate(state.tiles):
        row, column = divmod(place, state.knobs.cells)
        if tile:
            draw.rectangle(made.box(row, column, air=0.04), fill=(250, 225, 160), outline=DARK)
            made.write(picture, row, column, str(tile), air=0.2)
    return (picture,)


def describe(state: State) -> str:
    size = state.knobs.cells
    rows = "; ".join(" ".join("gap" if tile == 0 else str(tile) for tile in state.tiles[at: at + size])
                     for at in range(0, size * size, size))
    return f"Tiles of a sliding puzzle, row by row: {rows}."


def solve(state: State) -> str:
    """A shortest way: rings of positions from both ends until they meet."""
    size, ends = state.knobs.cells, (state.tiles, order(state.knobs.cells))
    known: tuple[dict[Tiles, str], dict[Tiles, str]] = ({ends[0]: ""}, {ends[1]: ""})
    rings = (deque([ends[0]]), deque([ends[1]]))
    while True:
        side = 0 if len(rings[0]) <= len(rings[1]) else 1
        for _ in range(len(rings[side])):
            tiles = rings[side].popleft()
            for way in WAYS:
                found = slid(tiles, way, size)
                if found is not None and found not in known[side]:
                    known[side][found] = way
                    rings[side].append(found)
                    if found in known[1 - side]:
                        return " ".join((*walked(known[0], found, size)[::-1],
                                         *(BACK[each] for each in walked(known[1], found, size))))


def walked(known: dict[Tiles, str], tiles: Tiles, size: int) -> list[str]:
    """The slides that led to these tiles, the last one first."""
    out = []
    while known[tiles]:
        way = known[tiles]
        out.append(way)
        tiles = slid(tiles, BACK[way], size) or tiles
    return out


def verify(state: State, answer: str) -> float:
    moves, tiles = read_moves(answer, tuple(WAYS)), state.tiles
    for way in moves or ():
        after = slid(tiles, way, state.knobs.cells)
        if after is None:
            return 0.0
        tiles = after
    return float(moves is not None and tiles == order(state.knobs.cells))


def truth(state: State) -> Truth:
    """Evidence: the tiles."""
    made = board(state.knobs)
    tiles = [list(made.box(*divmod(place, state.knobs.cells))) for place, tile in enumerate(state.tiles) if tile]
    return Truth(evidence=tiles, distractors=[], overview_suffices=state.knobs.cells <= 3, several=True)


sliding_puzzle = World(
    name="sliding_puzzle",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "L1": Knobs(size_px=128, cells=4, most=6),
        "L2": Knobs(size_px=128, cells=4, least=7, most=12),
        "L3": Knobs(size_px=128, cells=4, least=13, most=20),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "left"), (0, 1, "up"), (3, 5, "right up left")]
