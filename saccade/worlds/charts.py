"""Small charts of whole numbers: bars, points on a line, slices of a pie; read a value, find the largest, compare.

Marks are told apart by colour (always) and by a letter below them (where `lettered`), so that the easy level needs no
reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Thing, Truth
from saccade.core.world import Question, World
from saccade.worlds.answers import agrees
from saccade.worlds.marks import COLOURS, DARK, LETTERS, glyph, stamp

MARKS = {"bars": "bar", "line": "point", "pie": "slice"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px:   side of the picture
    kinds:     which charts: "bars", "line", "pie" (a pie is never asked for a value)
    least, most: number of marks, 2 to 5
    low, high: values lie in low..high, at most 0..9
    lettered:  a letter stands below each bar and point, and questions name it instead of the colour
    gridlines: a thin line at every value
    """

    size_px: int = 64
    kinds: tuple[str, ...] = ("bars",)
    least: int = 2
    most: int = 3
    low: int = 1
    high: int = 9
    lettered: bool = False
    gridlines: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    knobs: Knobs
    kind: str
    values: tuple[int, ...]
    colours: tuple[str, ...]
    letters: tuple[str, ...]
    asked: int


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 2 <= knobs.least <= knobs.most <= 5 or not 0 <= knobs.low < knobs.high <= 9:
        raise ValueError("charts: 2 <= least <= most <= 5 and 0 <= low < high <= 9 are needed, not "
                         f"least={knobs.least}, most={knobs.most}, low={knobs.low}, high={knobs.high}")
    if not knobs.kinds or set(knobs.kinds) - set(MARKS):
        raise ValueError(f"charts: kinds are some of {', '.join(MARKS)}, not {list(knobs.kinds)}")
    num = int(rng.integers(knobs.least, knobs.most + 1))
    kind = knobs.kinds[int(rng.integers(len(knobs.kinds)))]
    low = max(knobs.low, 1) if kind == "pie" else knobs.low
    values = tuple(int(value) for value in rng.integers(low, knobs.high + 1, num))
    if len(set(values)) == 1:  # at least one comparison must have an answer
        values = (values[0] - 1 if values[0] > low else values[0] + 1, *values[1:])
    state = State(knobs=knobs, kind=kind, values=values,
                  colours=tuple(str(name) for name in rng.permutation(list(COLOURS))[:num]),
                  letters=tuple(sorted(str(name) for name in rng.permutation(list(LETTERS))[:num])), asked=0)
    asked = int(rng.integers(len(questions(state))))
    return State(knobs=knobs, kind=kind, values=values, colours=state.colours, letters=state.letters, asked=asked)


def _named(state: State, place: int) -> str:
    mark = MARKS[state.kind]
    lettered = state.knobs.lettered and state.kind != "pie"
    return f"{mark} {state.letters[place]}" if lettered else f"the {state.colours[place]} {mark}"


def questions(state: State) -> tuple[Question, ...]:
    """All values (not of a pie), the largest and smallest where there is one, neighbours compared, the number of marks."""
    mark, values = MARKS[state.kind], state.values
    names = state.letters if state.knobs.lettered and state.kind != "pie" else state.colours
    out: list[Question] = []
    if state.kind != "pie":
        out += [Question(text=f"What is the value of {_named(state, place)}?", answer=str(value), answer_type="number")
                for place, value in enumerate(values)]
    for word, extreme in (("largest", max(values)), ("smallest", min(values))):
        if values.count(extreme) == 1:
            out.append(Question(text=f"Which {mark} is {word}?", answer=names[values.index(extreme)], choices=names))
    for place in range(len(values) - 1):
        if values[place] != values[place + 1]:
            answer = "yes" if values[place] > values[place + 1] else "no"
            out.append(Question(text=f"Is {_named(state, place)} larger than {_named(state, place + 1)}?", answer=answer,
                                choices=("yes", "no")))
    out.append(Question(text=f"How many {mark}s?", answer=str(len(values)), answer_type="number"))
    return tuple(out)


def ask(state: State) -> Question:
    return questions(state)[state.asked]


def mark_boxes(state: State) -> list[list[float]]:
    """Where each mark is, px: a bar with its foot, a point with its column down to the axis, the whole pie."""
    knobs, num = state.knobs, len(state.values)
    side = knobs.size_px
    if state.kind == "pie":
        return [[side * 0.06, side * 0.06, side * 0.94, side * 0.94]] * num
    left, foot, top = _axes(knobs)
    column = (side * 0.97 - left) / num
    unit = (foot - top) / 9
    wide = column * (0.7 if state.kind == "bars" else 0.4)
    return [[left + (place + 0.5) * column - wide / 2, foot - value * unit - (1 if state.kind == "bars" else wide / 2),
             left + (place + 0.5) * column + wide / 2, foot] for place, value in enumerate(state.values)]


def _axes(knobs: Knobs) -> tuple[float, float, float]:
    """Left end of the plot, its foot and the height of value 9, px."""
    side = knobs.size_px
    return side * 0.06, side * (0.78 if knobs.lettered else 0.94), side * 0.1


def render(state: State) -> tuple[PILImage.Image]:
    knobs, side = state.knobs, state.knobs.size_px
    picture = PILImage.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture)
    if state.kind == "pie":
        return (_pie(state),)
    left, foot, top = _axes(knobs)
    if knobs.gridlines:
        for value in range(1, 10):
            y = foot - value * (foot - top) / 9
            draw.line((left, y, side * 0.97, y), fill=(222, 222, 222) if value % 3 else (170, 170, 170))
    boxes = mark_boxes(state)
    middles = [((x1 + x2) / 2, y1 + (x2 - x1) / 2) for x1, y1, x2, _ in boxes]
    if state.kind == "line":
        draw.line(middles, fill=(130, 130, 130), width=max(1, side // 64))
    for (x1, y1, x2, y2), colour in zip(boxes, state.colours, strict=True):
        if state.kind == "bars":
            draw.rectangle((x1, y1 + 1, x2, y2), fill=COLOURS[colour])
        else:
            reach = min((x2 - x1) / 2, side * 0.07)
            x, y = (x1 + x2) / 2, y1 + (x2 - x1) / 2
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=COLOURS[colour])
    draw.line((left, foot, side * 0.97, foot), fill=DARK, width=max(1, side // 64))
    draw.line((left, top, left, foot), fill=DARK, width=max(1, side // 64))
    if knobs.lettered:
        for (x1, _, x2, _), letter in zip(boxes, state.letters, strict=True):
            middle, half = (x1 + x2) / 2, side * 0.08
            stamp(picture, glyph(letter), (middle - half, foot + side * 0.04, middle + half, side * 0.98))
    return (picture,)


def _pie(state: State) -> PILImage.Image:
    side = state.knobs.size_px * 2
    picture = PILImage.new("RGB", (side, side), "white")
    draw, start, total = ImageDraw.Draw(picture), -90.0, sum(state.values)
    for value, colour in zip(state.values, state.colours, strict=True):
        end = start + 360 * value / total
        draw.pieslice((side * 0.06, side * 0.06, side * 0.94, side * 0.94), start, end, fill=COLOURS[colour])
        start = end
    return picture.reduce(2)


def describe(state: State) -> str:
    marks = "; ".join(f"{_named(state, place)} ({state.colours[place]}) has the value {value}"
                      for place, value in enumerate(state.values))
    return f"A chart of {len(state.values)} {MARKS[state.kind]}s, from left to right or clockwise: {marks}."


def solve(state: State) -> str:
    """Read the words of the question and look the answer up in the table of values."""
    asked = ask(state).text
    values = {**dict(zip(state.colours, state.values, strict=True)), **dict(zip(state.letters, state.values, strict=True))}
    words = re.findall(r"\w+", asked)
    named = [word for word in words if word in values]
    if words[0] == "How":
        return str(len(state.values))
    if words[0] == "What":
        return str(values[named[0]])
    if words[0] == "Is":
        return "yes" if values[named[0]] > values[named[1]] else "no"
    names = state.letters if state.knobs.lettered and state.kind != "pie" else state.colours
    return (max if words[-1] == "largest" else min)(names, key=values.__getitem__)


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


def truth(state: State) -> Truth:
    """Evidence: the marks the question names; all of them where it names none."""
    words, boxes = set(re.findall(r"\w+", ask(state).text)), mark_boxes(state)
    named = {place for place in range(len(boxes)) if {state.colours[place], state.letters[place]} & words}
    named = named or set(range(len(boxes)))
    return Truth(evidence=[boxes[place] for place in sorted(named)],
                 distractors=[box for place, box in enumerate(boxes) if place not in named and state.kind != "pie"],
                 things=[Thing(label=f"{colour} {MARKS[state.kind]}", box_xyxy=box)
                         for colour, box in zip(state.colours, boxes, strict=True)],
                 overview_suffices=not state.knobs.lettered or state.knobs.size_px <= 128)


charts = World(
    name="charts",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, kinds=("bars", "line"), most=4, low=0, lettered=True),
        "hard": Knobs(size_px=256, kinds=("bars", "line", "pie"), least=4, most=5, low=0, lettered=True, gridlines=False),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "6"), (0, 1, "no"), (3, 5, "2")]
