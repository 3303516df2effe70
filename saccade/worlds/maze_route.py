"""The way through a maze, step by step. A game of MM-HELIX (arXiv 2510.08540).

Any walk that goes through no wall and ends at red is right. The maze is that of `mazes`, which asks for single facts about
it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.boards import read_moves
from saccade.worlds.mazes import STEPS, Cell, cell_box
from saccade.worlds.mazes import Knobs as MazeKnobs
from saccade.worlds.mazes import State as MazeState
from saccade.worlds.mazes import describe as described
from saccade.worlds.mazes import generate as drawn
from saccade.worlds.mazes import render as shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of the picture
    cells:   cells per side, 2 to 16
    loops:   share of the inner walls that are taken away
    """

    size_px: int = 64
    cells: int = 3
    loops: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    maze: MazeState


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    return State(maze=drawn(rng, MazeKnobs(size_px=knobs.size_px, cells=knobs.cells, loops=knobs.loops, closed=0.0)))


def ask(state: State) -> Question:
    text = "Go from green to red. Write each step: up, down, left or right."
    return Question(text=text, answer=" ".join(way(state)), answer_type="sequence")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def render(state: State) -> tuple[PILImage.Image]:
    return shown(state.maze)


def describe(state: State) -> str:
    return described(state.maze)


def after(state: State, cell: Cell, step: str) -> Cell | None:
    """The cell that a step leads to; None through a wall."""
    other = (cell[0] + STEPS[step][0], cell[1] + STEPS[step][1])
    return other if (min(cell, other), max(cell, other)) in state.maze.doors else None


def way(state: State) -> list[str]:
    """A shortest way: rings of cells around green, each with the way that leads there."""
    ring: dict[Cell, list[str]] = {state.maze.green: []}
    seen: set[Cell] = set()
    while state.maze.red not in ring:
        seen |= set(ring)
        ring = {other: [*steps, step] for cell, steps in ring.items() for step in STEPS
                if (other := after(state, cell, step)) is not None and other not in seen}
    return ring[state.maze.red]


def solve(state: State) -> str:
    """Walk with a hand on the wall until red, then leave out every loop that was walked."""
    ways = ["up", "right", "down", "left"]
    cell, heading, path = state.maze.green, 0, [state.maze.green]
    steps: list[str] = []
    tried: set[tuple[Cell, int]] = set()
    while cell != state.maze.red and (cell, heading) not in tried:
        tried.add((cell, heading))
        for turn in (1, 0, 3, 2):
            step = ways[(heading + turn) % 4]
            other = after(state, cell, step)
            if other is not None:
                heading, cell = (heading + turn) % 4, other
                break
        if cell in path:
            cut = path.index(cell)
            path, steps = path[: cut + 1], steps[:cut]
        else:
            path.append(cell)
            steps.append(step)
    return " ".join(steps) if cell == state.maze.red else " ".join(searched(state))


def searched(state: State) -> list[str]:
    """Depth first, for mazes with loops, in which a hand on the wall can go round for ever."""
    seen, stack = {state.maze.green}, [(state.maze.green, list[str]())]
    while stack:
        cell, steps = stack.pop()
        if cell == state.maze.red:
            return steps
        for step in STEPS:
            other = after(state, cell, step)
            if other is not None and other not in seen:
                seen.add(other)
                stack.append((other, [*steps, step]))
    raise AssertionError("red cannot be reached")


def verify(state: State, answer: str) -> float:
    moves, cell = read_moves(answer, tuple(STEPS)), state.maze.green
    for step in moves or ():
        other = after(state, cell, step)
        if other is None:
            return 0.0
        cell = other
    return float(moves is not None and cell == state.maze.red)


def truth(state: State) -> Truth:
    """Evidence: the cells of green and red."""
    return Truth(evidence=[cell_box(state.maze.knobs, cell) for cell in (state.maze.green, state.maze.red)], distractors=[],
                 overview_suffices=state.maze.knobs.cells <= 10, several=True)


maze_route = World(
    name="maze_route",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "L1": Knobs(size_px=128),
        "L2": Knobs(size_px=128, cells=5),
        "L3": Knobs(size_px=192, cells=7, loops=0.05),
        "L4": Knobs(size_px=256, cells=9, loops=0.05),
        "L5": Knobs(size_px=256, cells=11, loops=0.05),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "up right down"), (0, 1, "down right right down left left"), (3, 5, "down right")]
