"""How large is the largest rectangle inside a histogram? One of the algorithm tasks of MM-HELIX (arXiv 2510.08540)."""

from __future__ import annotations

from PIL import Image as PILImage

from saccade.core.world import Question, World
from saccade.worlds.answers import agrees
from saccade.worlds.sequences import PUBLISHED, Knobs, State, draw_bars, generate, in_words, truth

TEXT = "Each bar is one unit wide. What is the area of the largest rectangle that fits into the bars?"


def ask(state: State) -> Question:
    values = state.values
    best = max(min(values[start:end]) * (end - start)
               for start in range(len(values)) for end in range(start + 1, len(values) + 1))
    return Question(text=TEXT, answer=str(best), answer_type="number")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def render(state: State) -> tuple[PILImage.Image]:
    return (draw_bars(state),)


def describe(state: State) -> str:
    return f"A histogram whose bars are one unit wide. {in_words(state)}"


def solve(state: State) -> str:
    """A stack of rising bars: each is closed by the first lower one to its right."""
    best, open_ = 0, []
    for place, value in enumerate((*state.values, 0)):
        start = place
        while open_ and open_[-1][1] >= value:
            start, height = open_.pop()
            best = max(best, height * (place - start))
        open_.append((start, value))
    return str(best)


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


largest_rectangle = World(
    name="largest_rectangle", knobs=Knobs, levels={"easy": Knobs(), **PUBLISHED}, generate=generate, render=render,
    ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "8"), (0, 1, "4"), (3, 5, "6")]
