"""How many hills and valleys has a line? One of the algorithm tasks of MM-HELIX (arXiv 2510.08540).

A hill is a place, or a flat stretch, whose nearest different values to the left and right are both lower; a valley one with
both higher. The ends of the line are neither.
"""

from __future__ import annotations

from itertools import groupby

from PIL import Image as PILImage

from saccade.core.world import Question, World
from saccade.worlds.answers import agrees
from saccade.worlds.sequences import PUBLISHED, Knobs, State, draw_line, generate, in_words, truth

TEXT = "How many hills and valleys has the line in all? The ends are neither, a flat top or bottom is one."


def ask(state: State) -> Question:
    steps = [value for value, _ in groupby(state.values)]
    turns = sum((steps[at] > steps[at - 1]) == (steps[at] > steps[at + 1]) for at in range(1, len(steps) - 1))
    return Question(text=TEXT, answer=str(turns), answer_type="number")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def render(state: State) -> tuple[PILImage.Image]:
    return (draw_line(state),)


def describe(state: State) -> str:
    return f"A line through points at equal distances. {in_words(state)}"


def solve(state: State) -> str:
    """Walk along the line and count changes between going up and going down."""
    turns, way = 0, 0
    for before, after in zip(state.values, state.values[1:], strict=False):
        going = (after > before) - (after < before)
        if going and way and going != way:
            turns += 1
        way = going or way
    return str(turns)


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


hills_valleys = World(
    name="hills_valleys", knobs=Knobs, levels={"easy": Knobs(), **PUBLISHED}, generate=generate, render=render, ask=ask,
    describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "0"), (0, 1, "2"), (3, 5, "1")]
