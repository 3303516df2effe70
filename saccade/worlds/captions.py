"""A picture and a caption of it in which one phrase is false: name the phrase (ViCrit, arXiv 2506.10128).

Every clause describes one shape; one word of one clause is replaced by another of its kind (colour, shape, size, count or
place), so that nothing in the text gives it away: clauses and words are drawn alike whether they are true or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.text.equal import bare
from saccade.worlds.marks import COLOURS
from saccade.worlds.shapes import KINDS, Shape, draw_shapes, in_words, scatter

PLACES = ("top left", "top right", "bottom left", "bottom right")
COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CLEAR = 0.06
KIND_OF_ERROR = ("colour", "shape", "size", "count", "place")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px:   side of the picture
    least, most: number of shapes
    errors:    which kinds of error there are: colour, shape, size, count, place
    lines:     number of thin grey lines behind the shapes
    """

    size_px: int = 64
    least: int = 2
    most: int = 3
    errors: tuple[str, ...] = ("colour", "shape", "count")
    lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`clauses` as they stand in the caption; clause `at` holds `false` instead of `true`, an error of kind `error`."""

    knobs: Knobs
    shapes: tuple[Shape, ...]
    paper: int
    clauses: tuple[str, ...]
    at: int
    error: str
    false: str
    true: str


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    unknown = sorted(set(knobs.errors) - set(KIND_OF_ERROR))
    if unknown or not knobs.errors or not 1 <= knobs.least <= knobs.most <= 9:
        raise ValueError(f"captions: errors are some of {', '.join(KIND_OF_ERROR)} and 1 <= least <= most <= 9, not "
                         f"{list(knobs.errors)}, {knobs.least}, {knobs.most}")
    while True:
        shapes = tuple(each for each in scatter(rng, int(rng.integers(knobs.least, knobs.most + 1))) if place_of(each))
        if not shapes or len({each.name for each in shapes}) < len(shapes):
            continue
        order = [shapes[int(place)] for place in rng.permutation(len(shapes))]
        error = knobs.errors[int(rng.integers(len(knobs.errors)))]
        state = State(knobs=knobs, shapes=tuple(order), paper=int(rng.integers(1 << 40)), clauses=(), at=0, error=error,
                      false="", true="")
        return misdescribed(rng, state)


def place_of(shape: Shape) -> str:
    """Its quarter; empty where it is too near the middle to say."""
    if min(abs(shape.x - 0.5), abs(shape.y - 0.5)) < CLEAR:
        return ""
    return f"{'top' if shape.y < 0.5 else 'bottom'} {'left' if shape.x < 0.5 else 'right'}"


def parts_of(shape: Shape) -> dict[str, str]:
    return {"size": shape.size, "colour": shape.colour, "shape": shape.kind, "place": place_of(shape)}


def clause(parts: dict[str, str]) -> str:
    return f"a {parts['size']} {parts['colour']} {parts['shape']} at the {parts['place']}"


def misdescribed(rng: np.random.Generator, state: State) -> State:
    count = COUNTS[len(state.shapes) - 1]
    told = [f"{count} shapes", *(clause(parts_of(shape)) for shape in state.shapes)]
    values = {"size": ("small", "large"), "colour": tuple(COLOURS), "shape": KINDS, "place": PLACES,
              "count": COUNTS[: max(4, len(state.shapes) + 2)]}[state.error]
    at = 0 if state.error == "count" else 1 + int(rng.integers(len(state.shapes)))
    parts = {"count": count} if at == 0 else parts_of(state.shapes[at - 1])
    true = parts[state.error]
    others = [value for value in values if value != true]
    false = others[int(rng.integers(len(others)))]
    told[at] = f"{false} shapes" if at == 0 else clause({**parts, state.error: false})
    return replace(state, clauses=tuple(told), at=at, false=false, true=true)


def ask(state: State) -> Question:
    text = f"One thing in this caption is false: {'; '.join(state.clauses)}. Write the whole part that is false."
    return Question(text=text, answer=state.clauses[state.at])


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def render(state: State) -> tuple[PILImage.Image]:
    return (draw_shapes(state.shapes, size_px=state.knobs.size_px, paper=state.paper, num_lines=state.knobs.lines),)


def describe(state: State) -> str:
    return (f"In the picture, with centres as shares of the side from the top left: {in_words(state.shapes)}. "
            f"Caption: {'; '.join(state.clauses)}.")


def solve(state: State) -> str:
    """Check every clause against the shapes; the one that fits none is false."""
    for said in state.clauses:
        words = said.split()
        if words[-1] == "shapes":
            right = COUNTS.index(words[0]) + 1 == len(state.shapes)
        else:
            size, colour, kind, side = words[1], words[2], words[3], f"{words[-2]} {words[-1]}"
            right = any((each.size, each.colour, each.kind, place_of(each)) == (size, colour, kind, side)
                        for each in state.shapes)
        if not right:
            return said
    raise AssertionError("every clause is true")


def verify(state: State, answer: str) -> float:
    """The false clause, or its false word with at most two others of the clause."""
    found, whole = bare(answer[:500]).split(), bare(state.clauses[state.at]).split()
    word = bare(state.false).split()
    if not found or found == whole:
        return float(bool(found))
    inside = any(whole[start: start + len(found)] == found for start in range(len(whole)))
    alone = sum(state.false in each for each in state.clauses) == 1
    return float(inside and len(found) <= len(word) + 2 and all(each in found for each in word) and (
        alone or sum(" ".join(found) in bare(each) for each in state.clauses) == 1))


def truth(state: State) -> Truth:
    """Evidence: the shape whose clause is false; all of them for a false count. `original` is the true clause, `facts` and
    `false_facts` say what a caption may and may not state."""
    size_px = state.knobs.size_px
    wrong = state.shapes if state.at == 0 else (state.shapes[state.at - 1],)
    names = {each.name for each in state.shapes}
    true = f"{state.true} shapes" if state.at == 0 else clause(parts_of(state.shapes[state.at - 1]))
    return Truth(evidence=[each.box_xyxy(size_px) for each in wrong],
                 distractors=[each.box_xyxy(size_px) for each in state.shapes if each not in wrong], overview_suffices=True,
                 original=true, error=state.error, facts=sorted(names),
                 false_facts=[f"{colour} {kind}" for colour in COLOURS for kind in KINDS if f"{colour} {kind}" not in names])


captions = World(
    name="captions",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, least=3, most=5, errors=KIND_OF_ERROR),
        "hard": Knobs(size_px=256, least=5, most=8, errors=KIND_OF_ERROR, lines=8),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [
    (0, 0, "a large blue square at the top left"),
    (0, 1, "a small cyan triangle at the top left"),
    (3, 5, "a small purple star at the bottom right"),
]
