"""Two pictures of coloured shapes: are they the same, what changed, which has more.

In half of the items the second picture is the first with at most one change, else it is another picture altogether.
Boxes of the truth lie in the picture that `evidence_image` says (0 or 1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.answers import agrees
from saccade.worlds.marks import COLOURS
from saccade.worlds.shapes import KINDS, Shape, draw_shapes, in_words, scatter

CHANGES = ("none", "colour", "shape", "missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px:   side of each picture
    least, most: number of shapes of each picture
    copies:    share of items whose second picture is the first with at most one change
    lines:     number of thin grey lines behind the shapes
    """

    size_px: int = 64
    least: int = 1
    most: int = 3
    copies: float = 0.5
    lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`change` is one of `CHANGES`, or "other" for two independent pictures."""

    knobs: Knobs
    first: tuple[Shape, ...]
    second: tuple[Shape, ...]
    change: str
    papers: tuple[int, int]
    asked: int


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 1 <= knobs.least <= knobs.most:
        raise ValueError(f"pairs: 1 <= least <= most is needed, not least={knobs.least} and most={knobs.most}")
    first = scatter(rng, int(rng.integers(knobs.least, knobs.most + 1)))
    if rng.random() < knobs.copies:
        change = "none" if rng.random() < 0.5 else CHANGES[int(rng.integers(1, len(CHANGES)))]
        second = _changed(rng, first, change)
    else:
        change, second = "other", scatter(rng, int(rng.integers(knobs.least, knobs.most + 1)))
    papers = (int(rng.integers(1 << 40)), int(rng.integers(1 << 40)))
    state = State(knobs=knobs, first=first, second=second, change=change, papers=papers, asked=0)
    return replace(state, asked=int(rng.integers(len(questions(state)))))


def _changed(rng: np.random.Generator, shapes: tuple[Shape, ...], change: str) -> tuple[Shape, ...]:
    place = int(rng.integers(len(shapes)))
    shape = shapes[place]
    if change == "none":
        return shapes
    if change == "missing":
        return shapes[:place] + shapes[place + 1:]
    if change == "colour":
        others = [name for name in COLOURS if name != shape.colour]
        shape = replace(shape, colour=others[int(rng.integers(len(others)))])
    else:
        others = [name for name in KINDS if name != shape.kind]
        shape = replace(shape, kind=others[int(rng.integers(len(others)))])
    return (*shapes[:place], shape, *shapes[place + 1:])


def questions(state: State) -> tuple[Question, ...]:
    """Same or different; what changed, where one thing did; which has more; which has a colour or kind only one has."""
    first, second = state.first, state.second
    out = [Question(text="Same or different?", answer="same" if state.change == "none" else "different",
                    choices=("same", "different"))]
    if state.change in CHANGES[1:]:
        out.append(Question(text="What changed: colour, shape or missing?", answer=state.change, choices=CHANGES[1:]))
    if len(first) != len(second):
        out.append(Question(text="Which picture has more shapes?", answer="1" if len(first) > len(second) else "2",
                            choices=("1", "2")))
    for word in (*COLOURS, *KINDS):
        shown = [any(word in (s.colour, s.kind) for s in shapes) for shapes in (first, second)]
        if sum(shown) == 1:
            thing = f"{word} shape" if word in COLOURS else word
            out.append(Question(text=f"Which picture has a {thing}?", answer="1" if shown[0] else "2",
                                choices=("1", "2")))
    for number, shapes in (("1", first), ("2", second)):
        out.append(Question(text=f"How many shapes in picture {number}?", answer=str(len(shapes)), answer_type="number"))
    return tuple(out)


def ask(state: State) -> Question:
    return questions(state)[state.asked]


def render(state: State) -> tuple[PILImage.Image, PILImage.Image]:
    one, two = (draw_shapes(shapes, size_px=state.knobs.size_px, paper=paper, num_lines=state.knobs.lines)
                for shapes, paper in zip((state.first, state.second), state.papers, strict=True))
    return one, two


def describe(state: State) -> str:
    return (f"Positions are shares of the side, from the top left. Picture 1: {in_words(state.first)}. "
            f"Picture 2: {in_words(state.second)}.")


def solve(state: State) -> str:
    """Answer from the shapes alone, not from the change that was drawn."""
    words, first, second = ask(state).text, set(state.first), set(state.second)
    if words.startswith("Same"):
        return "same" if first == second else "different"
    if words.startswith("What changed"):
        if len(first) != len(second):
            return "missing"
        before, after = (first - second).pop(), (second - first).pop()
        return "colour" if before.colour != after.colour else "shape"
    if words.startswith("How many"):
        return str(len(first if "picture 1" in words else second))
    if "more shapes" in words:
        return "1" if len(first) > len(second) else "2"
    found = re.fullmatch(r"Which picture has a (\w+)(?: shape)?\?", words)
    assert found, words
    return "1" if any(found[1] in (s.colour, s.kind) for s in first) else "2"


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


def truth(state: State) -> Truth:
    """Evidence: what picture 1 alone has, or all of it; picture 2 where the question speaks of that one alone."""
    which = int(ask(state).text.endswith("picture 2?"))
    shapes, other = (state.second, state.first) if which else (state.first, state.second)
    named = list(shapes) if ask(state).text.startswith("How many") else [s for s in shapes if s not in other]
    size_px = state.knobs.size_px
    return Truth(evidence=[s.box_xyxy(size_px) for s in named or shapes], evidence_image=which, distractors=[],
                 overview_suffices=True)


pairs = World(
    name="pairs",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, least=2, most=5),
        "hard": Knobs(size_px=256, least=4, most=8, lines=8),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "2"), (0, 1, "1"), (3, 5, "1")]
