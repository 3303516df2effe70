"""How much rain stays between the bars? One of the algorithm tasks of MM-HELIX (arXiv 2510.08540).

Above every bar the water stands as high as the lower of the highest bars to its left and right.
"""

from __future__ import annotations

from PIL import Image as PILImage

from saccade.core.world import Question, World
from saccade.worlds.answers import agrees
from saccade.worlds.sequences import PUBLISHED, Knobs, State, draw_bars, generate, in_words, truth

TEXT = "Rain fills the gaps between the bars. How many units of water stay?"


def ask(state: State) -> Question:
    values, total = state.values, 0
    for place, value in enumerate(values):
        total += max(0, min(max(values[: place + 1]), max(values[place:])) - value)
    return Question(text=TEXT, answer=str(total), answer_type="number")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def render(state: State) -> tuple[PILImage.Image]:
    return (draw_bars(state),)


def describe(state: State) -> str:
    return f"A row of bars, each one unit wide. {in_words(state)}"


def solve(state: State) -> str:
    """Count unit by unit: a free place holds water when bars stand on both sides of it at that height."""
    water = 0
    for level in range(1, max(state.values, default=0) + 1):
        tall = [place for place, value in enumerate(state.values) if value >= level]
        water += tall[-1] - tall[0] + 1 - len(tall)
    return str(water)


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


rain_water = World(
    name="rain_water", knobs=Knobs, levels={"easy": Knobs(), **PUBLISHED}, generate=generate, render=render, ask=ask,
    describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "5"), (0, 1, "4"), (3, 5, "2")]
