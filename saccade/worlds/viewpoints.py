"""Two views of one scene: how did the camera move, and what follows from it? (Actial, arXiv 2511.01618)

Solid shapes stand on a floor and are seen by a pinhole camera. Between the pictures it steps to the left or right, turns, or
stays where it is (only the light changes). Steps show as parallax, near things moving more than far ones; turns move all by
the same angle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.answers import agrees
from saccade.worlds.marks import COLOURS

Topic = Literal["step", "turn", "nearer", "predict"]
EYE, FOCAL, FLOOR = 1.0, 0.9, 0.45
"""Height of the camera, focal length as a share of the side, and where the horizon lies in the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of each picture
    things:  number of shapes, 2 to 5
    step:    how far the camera steps, in units of the floor
    turn:    how far it turns, degrees
    topics:  what is asked: step or turn (left, still, right), nearer (which of two), predict (where a shape will be after a
             turn)
    """

    size_px: int = 64
    things: int = 2
    step: float = 0.5
    turn: float = 9.0
    topics: tuple[Topic, ...] = ("step", "turn")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`things`: colour, place across and away on the floor. The camera stands at 0 and looks ahead; in the second picture it
    stands at `x2`, turned by `turned` degrees to the right."""

    knobs: Knobs
    things: tuple[tuple[str, float, float], ...]
    x2: float
    turned: float
    lights: tuple[int, int]
    topic: Topic


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    unknown = sorted(set(knobs.topics) - {"step", "turn", "nearer", "predict"})
    if unknown or not knobs.topics or not 2 <= knobs.things <= 5:
        raise ValueError(f"viewpoints: topics are some of step, turn, nearer and predict, things is 2 to 5; not "
                         f"{list(knobs.topics)} and {knobs.things}")
    topic = knobs.topics[int(rng.integers(len(knobs.topics)))]
    way = int(rng.integers(-1, 2)) if topic in ("step", "turn") else int(rng.choice([-1, 1]))
    while True:  # the answer is drawn before the scene: scenes that do not fit are drawn again without changing it
        colours = [str(name) for name in rng.permutation(list(COLOURS))[: knobs.things]]
        rows = np.linspace(2.2, 5.2, knobs.things) + rng.uniform(-0.15, 0.15, knobs.things)
        reach = 0.12 + 0.03 * knobs.things
        slots = rng.permutation(np.linspace(-reach, reach, knobs.things)) + rng.uniform(-0.06, 0.06, knobs.things)
        across = slots * rows
        things = tuple((colour, round(float(x), 3), round(float(z), 3))
                       for colour, x, z in zip(colours, across, rows, strict=True))
        state = State(knobs=knobs, things=things, x2=way * knobs.step if topic in ("step", "nearer") else 0.0,
                      turned=way * knobs.turn if topic in ("turn", "predict") else 0.0,
                      lights=(int(rng.integers(225, 250)), int(rng.integers(225, 250))), topic=topic)
        if all(0.04 < edge < 0.96 for second in (False, True) for box in boxes(state, second) for edge in (box[0], box[2])) \
                and not hidden(state):
            return state


def seen(state: State, second: bool) -> list[tuple[float, float, float]]:
    """Across (share of the side), foot (share) and half width (share) of every shape."""
    out = []
    angle = math.radians(state.turned if second else 0.0)
    for _, x, z in state.things:
        dx = x - (state.x2 if second else 0.0)
        right, ahead = dx * math.cos(angle) - z * math.sin(angle), dx * math.sin(angle) + z * math.cos(angle)
        out.append((0.5 + FOCAL * right / ahead, FLOOR + FOCAL * EYE / ahead, FOCAL * 0.26 / ahead))
    return out


def boxes(state: State, second: bool) -> list[tuple[float, float, float, float]]:
    return [(x - half, foot - 2.6 * half, x + half, foot) for x, foot, half in seen(state, second)]


def hidden(state: State) -> bool:
    """Whether a shape covers the middle of another in one of the pictures."""
    for second in (False, True):
        shown = boxes(state, second)
        for one in range(len(shown)):
            for other in range(len(shown)):
                middle = (shown[other][0] + shown[other][2]) / 2
                if state.things[one][2] < state.things[other][2] and shown[one][0] - 0.02 < middle < shown[one][2] + 0.02:
                    return True
    return False


def ask(state: State) -> Question:
    if state.topic in ("step", "turn"):
        text = {"step": "Did the camera step left, step right or stand still between the pictures?",
                "turn": "Did the camera turn left, turn right or stand still between the pictures?"}[state.topic]
        amount = state.x2 if state.topic == "step" else state.turned
        return Question(text=text, answer="still" if amount == 0 else "right" if amount > 0 else "left",
                        choices=("left", "still", "right"))
    if state.topic == "nearer":
        one, other = state.things[0], state.things[-1]
        first, last = (one, other) if one[0] < other[0] else (other, one)
        return Question(text=f"Which is nearer to the camera, {first[0]} or {last[0]}?", answer=one[0],
                        choices=(first[0], last[0]))
    thing = state.things[0]
    side = "right" if seen(state, True)[0][0] > 0.5 else "left"
    turn = "right" if state.turned > 0 else "left"
    return Question(
        text=f"The camera turns {state.knobs.turn:g} degrees to the {turn}. Is {thing[0]} then in the left or right half?",
        answer=side,
        choices=("left", "right"),
    )


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def render(state: State) -> tuple[PILImage.Image, ...]:
    """Both views; for predictions only the first, the second being what is asked for."""
    shown = (False,) if state.topic == "predict" else (False, True)
    return tuple(view(state, second) for second in shown)


def view(state: State, second: bool) -> PILImage.Image:
    times = 4 if state.knobs.size_px <= 128 else 2
    side, light = state.knobs.size_px * times, state.lights[int(second)]
    picture = PILImage.new("RGB", (side, side), (light - 25, light - 10, light))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, side * FLOOR, side, side), fill=(light - 45, light - 55, light - 70))
    order = sorted(zip(state.things, boxes(state, second), strict=True), key=lambda each: -each[0][2])
    for (colour, _, _), (x1, y1, x2, y2) in order:
        fill = COLOURS[colour]
        dark = tuple(value * 2 // 3 for value in fill)
        draw.rectangle((x1 * side, y1 * side, x2 * side, y2 * side), fill=fill)
        draw.rectangle((x1 * side + (x2 - x1) * side * 0.7, y1 * side, x2 * side, y2 * side), fill=dark)
        lid = (x2 - x1) * 0.18
        draw.ellipse((x1 * side, (y1 - lid) * side, x2 * side, (y1 + lid) * side), fill=dark)
    return picture.reduce(times)


def describe(state: State) -> str:
    parts = []
    for number, second in enumerate((False, True) if state.topic != "predict" else (False,), 1):
        things = "; ".join(f"{colour} at {x:.3f} across, foot at {foot:.3f}, half width {half:.3f}"
                           for (colour, *_), (x, foot, half) in zip(state.things, seen(state, second), strict=True))
        parts.append(f"picture {number}: {things}")
    turn = f" The camera then turns {state.knobs.turn:g} degrees to the {'right' if state.turned > 0 else 'left'}." \
        if state.topic == "predict" else ""
    return f"Shares of the side from the top left; {'. '.join(parts)}.{turn}"


def solve(state: State) -> str:
    """From the places in the pictures alone: parallax against a common shift."""
    first, second = seen(state, False), seen(state, True)
    if state.topic == "nearer":
        return state.things[max(range(len(first)), key=lambda place: first[place][1])][0]
    if state.topic == "predict":
        bearing = math.atan2(first[0][0] - 0.5, FOCAL) - math.radians(state.turned)
        return "right" if bearing > 0 else "left"
    shift = sum(after[0] - before[0] for before, after in zip(first, second, strict=True)) / len(first)
    return "still" if abs(shift) < 1e-6 else "left" if shift > 0 else "right"


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


def truth(state: State) -> Truth:
    """Evidence, in the first picture: the shapes."""
    size_px = state.knobs.size_px
    shown = [[max(0.0, edge) * size_px for edge in box] for box in boxes(state, False)]
    return Truth(evidence=[[x1, y1, min(x2, size_px), min(y2, size_px)] for x1, y1, x2, y2 in shown], distractors=[],
                 overview_suffices=True, topic=state.topic)


viewpoints = World(
    name="viewpoints",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, things=3, step=0.35, turn=7.0, topics=("step", "turn", "nearer")),
        "hard": Knobs(size_px=256, things=4, step=0.25, turn=5.0, topics=("step", "turn", "nearer", "predict")),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "still"), (0, 1, "right"), (3, 5, "left")]
