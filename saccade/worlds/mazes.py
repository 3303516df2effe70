"""A small maze of square cells: can green reach red, with which first step, in how many steps.

Shortest ways are exact. A first step is asked for only where every shortest way begins with it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.answers import agrees
from saccade.worlds.marks import COLOURS, DARK

Cell = tuple[int, int]
"""Row and column from the top left."""

STEPS: dict[str, Cell] = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of the picture
    cells:   cells per side, 2 to 16
    closed:  share of mazes in which green and red are in different parts
    loops:   share of the inner walls that are taken away, which makes ways of different length
    """

    size_px: int = 64
    cells: int = 3
    closed: float = 0.35
    loops: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`doors` are the pairs of neighbouring cells without a wall between them, the smaller cell first."""

    knobs: Knobs
    doors: frozenset[tuple[Cell, Cell]]
    green: Cell
    red: Cell
    asked: int


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 2 <= knobs.cells <= 16:
        raise ValueError(f"mazes: cells is 2 to 16, not {knobs.cells}")
    num = knobs.cells
    places = [(row, column) for row in range(num) for column in range(num)]
    green, red = (places[int(place)] for place in rng.choice(len(places), 2, replace=False))
    doors = _tree(rng, num)
    if rng.random() < knobs.closed:
        way = _way(doors, green, red)
        cut = int(rng.integers(len(way) - 1))
        doors.discard(_door(way[cut], way[cut + 1]))
        part = set(_distances(doors, green))
        walls = [door for door in _neighbours(num) if (door[0] in part) == (door[1] in part)]
    else:
        walls = _neighbours(num)
    doors.update(door for door in walls if rng.random() < knobs.loops)
    state = State(knobs=knobs, doors=frozenset(doors), green=green, red=red, asked=0)
    asked = int(rng.integers(min(len(questions(state)), 3)))
    return State(knobs=knobs, doors=state.doors, green=green, red=red, asked=asked)


def _neighbours(num: int) -> list[tuple[Cell, Cell]]:
    across = [((row, column), (row, column + 1)) for row in range(num) for column in range(num - 1)]
    return across + [((row, column), (row + 1, column)) for row in range(num - 1) for column in range(num)]


def _door(one: Cell, other: Cell) -> tuple[Cell, Cell]:
    return (one, other) if one < other else (other, one)


def _tree(rng: np.random.Generator, num: int) -> set[tuple[Cell, Cell]]:
    """Doors that join all cells without a loop: a random walk that steps back at dead ends."""
    doors: set[tuple[Cell, Cell]] = set()
    seen, path = {(0, 0)}, [(0, 0)]
    while path:
        row, column = path[-1]
        fresh = [(row + dr, column + dc) for dr, dc in STEPS.values()
                 if 0 <= row + dr < num and 0 <= column + dc < num and (row + dr, column + dc) not in seen]
        if not fresh:
            path.pop()
            continue
        cell = fresh[int(rng.integers(len(fresh)))]
        doors.add(_door(path[-1], cell))
        seen.add(cell)
        path.append(cell)
    return doors


def _distances(doors: set[tuple[Cell, Cell]] | frozenset[tuple[Cell, Cell]], start: Cell) -> dict[Cell, int]:
    """Steps from a cell to every cell that can be reached (breadth first)."""
    found, waiting = {start: 0}, deque([start])
    while waiting:
        cell = waiting.popleft()
        for dr, dc in STEPS.values():
            other = (cell[0] + dr, cell[1] + dc)
            if other not in found and _door(cell, other) in doors:
                found[other] = found[cell] + 1
                waiting.append(other)
    return found


def _way(doors: set[tuple[Cell, Cell]], start: Cell, end: Cell) -> list[Cell]:
    """A shortest way, both ends included."""
    left = _distances(doors, end)
    way = [start]
    while way[-1] != end:
        row, column = way[-1]
        way.append(next((row + dr, column + dc) for dr, dc in STEPS.values()
                        if _door(way[-1], (row + dr, column + dc)) in doors
                        and left[(row + dr, column + dc)] == left[way[-1]] - 1))
    return way


def questions(state: State) -> tuple[Question, ...]:
    """Reachability; steps and first step where there is a way; the four walls around green."""
    left = _distances(state.doors, state.red)
    out = [Question(text="Can green reach red?", answer="yes" if state.green in left else "no", choices=("yes", "no"))]
    row, column = state.green
    if state.green in left:
        out.append(Question(text="How many steps from green to red?", answer=str(left[state.green]),
                            answer_type="number"))
        first = [word for word, (dr, dc) in STEPS.items() if _door(state.green, (row + dr, column + dc)) in state.doors
                 and left[(row + dr, column + dc)] == left[state.green] - 1]
        if len(first) == 1:
            out.append(Question(text="First step from green to red?", answer=first[0], choices=tuple(STEPS)))
    for word, (dr, dc) in STEPS.items():
        is_open = _door(state.green, (row + dr, column + dc)) in state.doors
        out.append(Question(text=f"Can green go {word}?", answer="yes" if is_open else "no", choices=("yes", "no")))
    return tuple(out)


def ask(state: State) -> Question:
    return questions(state)[state.asked]


def cell_box(knobs: Knobs, cell: Cell) -> list[float]:
    """Pixels of the picture."""
    side = knobs.size_px / knobs.cells
    return [cell[1] * side, cell[0] * side, (cell[1] + 1) * side, (cell[0] + 1) * side]


def render(state: State) -> tuple[PILImage.Image]:
    knobs, times = state.knobs, 2
    picture = PILImage.new("RGB", (knobs.size_px * times, knobs.size_px * times), "white")
    draw = ImageDraw.Draw(picture)
    side = knobs.size_px * times / knobs.cells
    thick = max(2 * times, round(side * 0.12))
    for one, other in _neighbours(knobs.cells):
        if (one, other) in state.doors:
            continue
        x, y = other[1] * side, other[0] * side
        line = (x, y, x, y + side) if one[0] == other[0] else (x, y, x + side, y)
        draw.line(line, fill=DARK, width=thick)
    for cell, colour in ((state.green, "green"), (state.red, "red")):
        x1, y1, x2, y2 = (edge * times for edge in cell_box(knobs, cell))
        air = side * 0.22
        draw.ellipse((x1 + air, y1 + air, x2 - air, y2 - air), fill=COLOURS[colour])
    draw.rectangle((0, 0, picture.width - 1, picture.height - 1), outline=DARK, width=thick // 2 + 1)
    return (picture.reduce(times),)


def describe(state: State) -> str:
    doors = ", ".join(f"{one}-{other}" for one, other in sorted(state.doors))
    return (f"A maze of {state.knobs.cells} x {state.knobs.cells} cells (row, column from the top left, from 0). Green is "
            f"in {state.green}, red in {state.red}. Open between: {doors or 'no cells'}.")


def solve(state: State) -> str:
    """Walk from green (the question was answered from red): rings of cells, each with the first steps that lead there."""
    words = ask(state).text
    row, column = state.green
    openings = {word: (row + dr, column + dc) for word, (dr, dc) in STEPS.items()
                if _door(state.green, (row + dr, column + dc)) in state.doors}
    if words.startswith("Can green go"):
        return "yes" if words.rstrip("?").split()[-1] in openings else "no"
    ring: dict[Cell, set[str]] = {cell: {word} for word, cell in openings.items()}
    seen, num_steps = {state.green}, 1
    while ring and state.red not in ring:
        seen |= set(ring)
        wider: dict[Cell, set[str]] = {}
        for (r, c), first in ring.items():
            for dr, dc in STEPS.values():
                cell = (r + dr, c + dc)
                if cell not in seen and _door((r, c), cell) in state.doors:
                    wider.setdefault(cell, set()).update(first)
        ring, num_steps = wider, num_steps + 1
    if words.startswith("Can"):
        return "yes" if ring else "no"
    return str(num_steps) if words.startswith("How many") else min(ring[state.red])


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


def truth(state: State) -> Truth:
    """Evidence: the cells of green and red. Cells of at least 6 px suffice in an overview of 64 px."""
    return Truth(evidence=[cell_box(state.knobs, cell) for cell in (state.green, state.red)], distractors=[],
                 overview_suffices=state.knobs.cells <= 10)


mazes = World(
    name="mazes",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, cells=5, loops=0.1),
        "hard": Knobs(size_px=256, cells=10, loops=0.1),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "yes"), (0, 1, "yes"), (3, 5, "no")]
