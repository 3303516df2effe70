"""A small transit map of coloured lines with letters for stops: plan a route (ReasonMap, arXiv 2505.18675).

Lines are straight runs over a grid that cross at shared stops. Any route that can be ridden is right; the reference changes
least, then passes the fewest stops. Rewards about routes read ``meta["lines"]`` and ``meta["trip"]``. The map's difficulty
is counted in lines and changes, as RewardMap weighs it (arXiv 2510.02240).
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from itertools import count
from typing import Literal

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.text.routes import Segment, name_of, route
from saccade.worlds.answers import agrees
from saccade.worlds.marks import COLOURS, DARK, glyph, stamp

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
Cell = tuple[int, int]
"""Column and row of the grid."""

Topic = Literal["plan", "count", "on_line", "changes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of the picture
    lines:   number of lines, 2 to 4
    grid:    stops across and down that a line can use, 3 to 6
    topics:  what is asked: plan (a route), count (stops of a line), on_line (yes or no), changes (how many are needed)
    """

    size_px: int = 64
    lines: int = 2
    grid: int = 3
    topics: tuple[Topic, ...] = ("plan",)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`lines`: colour and cells in order; `letters`: cell and letter of every stop; `asked`: which question."""

    knobs: Knobs
    lines: tuple[tuple[str, tuple[Cell, ...]], ...]
    letters: tuple[tuple[Cell, str], ...]
    trip: tuple[str, str]
    asked: int


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 2 <= knobs.lines <= 4 or not 3 <= knobs.grid <= 6:
        raise ValueError(f"metro: lines is 2 to 4 and grid 3 to 6, not {knobs.lines} and {knobs.grid}")
    unknown = sorted(set(knobs.topics) - {"plan", "count", "on_line", "changes"})
    if unknown or not knobs.topics:
        raise ValueError(f"metro: topics are some of plan, count, on_line and changes, not {list(knobs.topics)}")
    while True:
        colours = [str(name) for name in rng.permutation(list(COLOURS))[: knobs.lines]]
        drawn = tuple((colour, straight(rng, knobs.grid)) for colour in colours)
        stops = sorted({cell for _, cells in drawn for cell in cells})
        if len({cells for _, cells in drawn}) < knobs.lines or len(stops) > len(LETTERS) or overlapping(drawn):
            continue
        named = [str(name) for name in rng.permutation(list(LETTERS))[: len(stops)]]
        state = State(knobs=knobs, lines=drawn, letters=tuple(zip(stops, named, strict=True)), trip=("", ""), asked=0)
        trips = [(a, b) for a in named for b in named if a != b]
        start, end = trips[int(rng.integers(len(trips)))]
        state = State(knobs=knobs, lines=drawn, letters=state.letters, trip=(start, end), asked=0)
        if any(far is None for far in (ridden(state, named[0], other) for other in named[1:])):
            continue
        return State(knobs=knobs, lines=drawn, letters=state.letters, trip=(start, end),
                     asked=int(rng.integers(len(asked_about(state)))))


def straight(rng: np.random.Generator, grid: int) -> tuple[Cell, ...]:
    """A line across, down or aslant, at least three stops long."""
    way = [(1, 0), (0, 1), (1, 1), (1, -1)][int(rng.integers(4))]
    if way == (1, 0):
        row = int(rng.integers(grid))
        return tuple((column, row) for column in range(grid))
    if way == (0, 1):
        column = int(rng.integers(grid))
        return tuple((column, row) for row in range(grid))
    cells = tuple((place, place if way[1] > 0 else grid - 1 - place) for place in range(grid))
    return cells


def overlapping(lines: tuple[tuple[str, tuple[Cell, ...]], ...]) -> bool:
    """Whether two lines share more than one stop, so that their strokes would cover each other."""
    return any(len(set(one) & set(other)) > 1 for place, (_, one) in enumerate(lines) for _, other in lines[:place])


def stops_of(state: State) -> dict[str, list[str]]:
    """Letters of every line, in order."""
    letter = dict(state.letters)
    return {colour: [letter[cell] for cell in cells] for colour, cells in state.lines}


def ridden(state: State, start: str, end: str) -> tuple[Segment, ...] | None:
    """The route with the fewest changes, then the fewest stops: rings of (line, stop) pairs, cheapest first."""
    lines, order = stops_of(state), count()
    waiting: list[tuple[int, int, int, str, str, tuple[Segment, ...]]] = []
    for line, stops in lines.items():
        if start in stops:
            heapq.heappush(waiting, (0, 0, next(order), line, start, ()))
    seen: set[tuple[str, str]] = set()
    while waiting:
        changes, passed, _, line, at, done = heapq.heappop(waiting)
        if at == end:
            return done
        if (line, at) in seen:
            continue
        seen.add((line, at))
        stops = lines[line]
        for stop in stops:
            ride, gone = Segment(line=line, start=at, end=stop), passed + abs(stops.index(stop) - stops.index(at))
            if stop == end != at:
                heapq.heappush(waiting, (changes, gone, next(order), line, end, (*done, ride)))
            for other, its in lines.items():
                if other != line and stop in its and stop != at:
                    heapq.heappush(waiting, (changes + 1, gone, next(order), other, stop, (*done, ride)))
    return None


def asked_about(state: State) -> list[tuple[Topic, Question]]:
    lines, (start, end) = stops_of(state), state.trip
    best = ridden(state, start, end) or ()
    out: list[tuple[Topic, Question]] = [("plan", Question(
        text=f"How do you get from {start} to {end}? Write each ride as line: from - to, with ; between.",
        answer="; ".join(f"{each.line}: {each.start} - {each.end}" for each in best)))]
    out.append(("changes", Question(text=f"How many changes are needed from {start} to {end}?", answer=str(len(best) - 1),
                                    answer_type="number")))
    for line, stops in lines.items():
        out.append(("count", Question(text=f"How many stops has the {line} line?", answer=str(len(stops)),
                                      answer_type="number")))
        out.append(("on_line", Question(text=f"Is {start} on the {line} line?", answer="yes" if start in stops else "no",
                                        choices=("yes", "no"))))
    return [(topic, question) for topic, question in out if topic in state.knobs.topics]


def ask(state: State) -> Question:
    return asked_about(state)[state.asked][1]


def questions(state: State) -> tuple[Question, ...]:
    return tuple(question for _, question in asked_about(state))


def centre(knobs: Knobs, cell: Cell) -> tuple[float, float]:
    """Pixels of a stop."""
    edge = 0.13
    step = (1 - 2 * edge) / (knobs.grid - 1)
    return (edge + cell[0] * step) * knobs.size_px, (edge + cell[1] * step) * knobs.size_px


def stop_box(knobs: Knobs, cell: Cell) -> list[float]:
    x, y = centre(knobs, cell)
    reach = knobs.size_px * min(0.12, 0.36 / knobs.grid)
    return [x - reach, y - reach, x + reach, y + reach]


def render(state: State) -> tuple[PILImage.Image]:
    knobs, times = state.knobs, 3 if state.knobs.size_px <= 128 else 2
    picture = PILImage.new("RGB", (knobs.size_px * times,) * 2, "white")
    draw = ImageDraw.Draw(picture)
    for colour, cells in state.lines:
        points = [tuple(value * times for value in centre(knobs, cell)) for cell in cells]
        draw.line(points, fill=COLOURS[colour], width=round(knobs.size_px * times * 0.075))
    for cell, letter in state.letters:
        x1, y1, x2, y2 = (edge * times for edge in stop_box(knobs, cell))
        draw.ellipse((x1, y1, x2, y2), fill="white", outline=DARK, width=times)
        air = (x2 - x1) * 0.2
        stamp(picture, glyph(letter), (x1 + air, y1 + air, x2 - air, y2 - air))
    return (picture.reduce(times),)


def describe(state: State) -> str:
    lines = "; ".join(f"the {line} line stops at {', '.join(stops)}" for line, stops in stops_of(state).items())
    return f"A transit map: {lines}. The trip goes from {state.trip[0]} to {state.trip[1]}."


def solve(state: State) -> str:
    """From the words of the question; routes by rings of stops one ride apart."""
    words, lines = ask(state).text, stops_of(state)
    if words.startswith(("How many stops", "Is ")):
        line = words.split(" the ")[1].split()[0]
        return str(len(lines[line])) if words.startswith("How") else "yes" if words.split()[1] in lines[line] else "no"
    start, end = state.trip
    before: dict[str, tuple[str, str]] = {start: ("", "")}
    ring = deque([start])
    while end not in before:
        at = ring.popleft()
        for line, stops in lines.items():
            for stop in stops if at in stops else ():
                if stop not in before:
                    before[stop] = (line, at)
                    ring.append(stop)
    rides: list[str] = []
    at = end
    while at != start:
        line, last = before[at]
        rides.append(f"{line}: {last} - {at}")
        at = last
    return str(len(rides) - 1) if words.startswith("How many changes") else "; ".join(reversed(rides))


def verify(state: State, answer: str) -> float:
    if ask(state).answer_type == "number" or ask(state).choices:
        return agrees(ask(state), answer)
    lines, segments = {name_of(line): stops for line, stops in stops_of(state).items()}, route(answer)
    at = state.trip[0].lower()
    for each in segments:
        stops = [stop.lower() for stop in lines.get(name_of(each.line), ())]
        start, end = name_of(each.start), name_of(each.end)
        if start != at or start == end or start not in stops or end not in stops:
            return 0.0
        at = end
    return float(bool(segments) and at == state.trip[1].lower())


def truth(state: State) -> Truth:
    """Evidence: the stops of the trip. `lines` and `trip` are what rewards about routes read, `difficulty` what weighs
    them."""
    cells = {letter: cell for cell, letter in state.letters}
    num_changes = len(ridden(state, *state.trip) or ()) - 1
    boxes = {letter: stop_box(state.knobs, cell) for letter, cell in cells.items()}
    return Truth(evidence=[boxes[letter] for letter in state.trip],
                 distractors=[box for letter, box in boxes.items() if letter not in state.trip],
                 overview_suffices=state.knobs.grid <= 3, several=True, lines=stops_of(state), trip=list(state.trip),
                 num_changes=num_changes,
                 difficulty={"map": ("easy", "middle", "hard")[state.knobs.lines - 2], "change": num_changes > 0})


metro = World(
    name="metro",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, lines=3, grid=4, topics=("plan", "count", "on_line", "changes")),
        "hard": Knobs(size_px=256, lines=4, grid=5),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "green: Z - Q"), (0, 1, "yellow: Q - W"), (3, 5, "cyan: Y - D")]
