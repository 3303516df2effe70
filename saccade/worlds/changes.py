"""Two pictures of the same objects, before and after: which object changed what?

Transformation-driven reasoning as STAR-R1 (arXiv 2505.15804) and Reason-RFT (arXiv 2503.20752) train it.

The objects stand in a row of numbered places of the first picture; one to several attributes change. The second picture may
show them from the left or the right: their places are then shifted and slanted, so that pixels alone do not line up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.text.changes import Change
from saccade.text.changes import changes as read_changes
from saccade.worlds.marks import COLOURS, DARK, glyph, stamp
from saccade.worlds.shapes import KINDS, Shape, outline

VALUES = {"colour": tuple(COLOURS), "shape": KINDS, "size": ("small", "large")}
SIZES = {"small": 0.075, "large": 0.13}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of each picture
    objects: number of objects, 2 to 6
    least, most: number of changes
    view:    from where the second picture is seen
    """

    size_px: int = 64
    objects: int = 3
    least: int = 1
    most: int = 1
    view: Literal["centre", "left", "right"] = "centre"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Objects as (shape, colour, size), numbered from 1; `spots` are their places in the first picture."""

    knobs: Knobs
    before: tuple[tuple[str, str, str], ...]
    after: tuple[tuple[str, str, str], ...]
    spots: tuple[tuple[float, float], ...]


PARTS = ("shape", "colour", "size")


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if (
        not 2 <= knobs.objects <= 6
        or not 1 <= knobs.least <= knobs.most <= 4
        or knobs.view not in ("centre", "left", "right")
    ):
        raise ValueError("changes: objects is 2 to 6, 1 <= least <= most <= 4, view is centre, left or right; not "
                         f"{knobs.objects}, {knobs.least}, {knobs.most} and {knobs.view!r}")
    before = tuple(tuple(one_of(rng, VALUES[part]) for part in PARTS) for _ in range(knobs.objects))
    after = [list(each) for each in before]
    pairs = [(thing, part) for thing in range(knobs.objects) for part in range(3)]
    for place in rng.permutation(len(pairs))[: int(rng.integers(knobs.least, knobs.most + 1))]:
        thing, part = pairs[int(place)]
        after[thing][part] = one_of(rng, [each for each in VALUES[PARTS[part]] if each != before[thing][part]])
    columns = 3 if knobs.objects > 2 else 2
    rows = -(-knobs.objects // columns)
    spots = tuple((round((place % columns + 0.5) / columns + float(rng.uniform(-0.015, 0.015)), 3),
                   round((place // columns + 0.5) / rows + float(rng.uniform(-0.02, 0.02)), 3))
                  for place in range(knobs.objects))
    return State(knobs=knobs, before=before, after=tuple(tuple(each) for each in after), spots=spots)  # type: ignore[arg-type]


def one_of(rng: np.random.Generator, values: object) -> str:
    listed = list(values)  # type: ignore[call-overload]
    return str(listed[int(rng.integers(len(listed)))])


def changed(state: State) -> tuple[Change, ...]:
    return tuple((str(number), part, new) for number, (old_thing, new_thing) in enumerate(
        zip(state.before, state.after, strict=True), 1)
        for part, old, new in zip(PARTS, old_thing, new_thing, strict=True) if old != new)


def ask(state: State) -> Question:
    text = (
        "The second picture shows the same objects after some changes. Write every change as (number, attribute, "
        "new value); attributes are shape, colour and size."
    )
    return Question(text=text, answer="; ".join(f"({', '.join(each)})" for each in changed(state)), answer_type="set")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def seen_from(view: str, spot: tuple[float, float]) -> tuple[float, float]:
    """Where a place of the first picture is in a view from the side: nearer rows move more, as if the camera had stepped."""
    x, y = spot
    if view == "centre":
        return x, y
    sign = 1 if view == "left" else -1
    return 0.5 + (x - 0.5) * 0.86 + sign * (y - 0.5) * 0.14, 0.5 + (y - 0.5) * 0.9 + sign * (x - 0.5) * 0.1


def places(state: State, which: int) -> list[tuple[float, float]]:
    return [seen_from(state.knobs.view if which else "centre", spot) for spot in state.spots]


def reach_of(knobs: Knobs, size: str) -> float:
    return SIZES[size] if knobs.objects <= 3 else SIZES[size] * 0.85


def render(state: State) -> tuple[PILImage.Image, PILImage.Image]:
    knobs = state.knobs
    out = []
    for which, things in enumerate((state.before, state.after)):
        times = 4 if knobs.size_px <= 128 else 2
        side = knobs.size_px * times
        picture = PILImage.new("RGB", (side, side), (245, 245, 242))
        draw = ImageDraw.Draw(picture)
        for (kind, colour, size), (x, y) in zip(things, places(state, which), strict=True):
            outline(draw, Shape(kind=kind, colour=colour, size=size, x=x, y=y), side, reach=reach_of(knobs, size))
        picture = picture.reduce(times)
        if which == 0:
            for number, (x, y) in enumerate(places(state, 0), 1):
                high = max(0.1 * knobs.size_px, 7)
                left, foot = (x - 0.155) * knobs.size_px, (y - 0.1) * knobs.size_px
                stamp(picture, glyph(str(number)), (left, foot - high, left + high * 0.8, foot), colour=DARK)
        out.append(picture)
    return out[0], out[1]


def describe(state: State) -> str:
    lists = ("; ".join(f"{number} is a {size} {colour} {kind}" for number, (kind, colour, size) in enumerate(things, 1))
             for things in (state.before, state.after))
    return f"Before: {next(lists)}. After, seen from the {state.knobs.view}: {next(lists)}."


def solve(state: State) -> str:
    """Read both lists of objects out of the description and compare them word by word."""
    before, after = describe(state).split(". After")
    found = []
    for old, new in zip(before.split(": ")[1].split("; "), after.rstrip(".").split(": ")[1].split("; "), strict=True):
        number, _, _, *old_words = old.split()
        *_, size, colour, kind = new.split()
        for part, was, now in zip(("shape", "colour", "size"), (old_words[2], old_words[1], old_words[0]),
                                  (kind, colour, size), strict=True):
            if was != now:
                found.append(f"({number}, {part}, {now})")
    return "; ".join(found)


def verify(state: State, answer: str) -> float:
    found = read_changes(answer)
    return float(len(found) == len(set(found)) and set(found) == set(changed(state)))


def truth(state: State) -> Truth:
    """Evidence, in the second picture: the objects that changed."""
    knobs, things = state.knobs, {int(number) - 1 for number, *_ in changed(state)}
    boxes = []
    for (_, _, size), (x, y) in zip(state.after, places(state, 1), strict=True):
        reach = reach_of(knobs, size)
        boxes.append([max(0.0, (x - reach) * knobs.size_px), max(0.0, (y - reach) * knobs.size_px),
                      min(float(knobs.size_px), (x + reach) * knobs.size_px),
                      min(float(knobs.size_px), (y + reach) * knobs.size_px)])
    return Truth(evidence=[boxes[place] for place in sorted(things)], evidence_image=1,
                 distractors=[box for place, box in enumerate(boxes) if place not in things], overview_suffices=True)


changes = World(
    name="changes",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, objects=4, most=2),
        "left": Knobs(size_px=128, objects=4, most=2, view="left"),
        "right": Knobs(size_px=128, objects=4, most=2, view="right"),
        "hard": Knobs(size_px=256, objects=6, most=4, view="left"),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "(2, colour, cyan)"), (0, 1, "(1, colour, purple)"), (3, 5, "(1, colour, blue)")]
