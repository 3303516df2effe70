"""One to several coloured shapes: name, place, count, compare, relate, refer with a box.

The smallest world in which every word is grounded in pixels, so that a small model can learn to see from it: one picture
carries many questions (`questions`), which dense supervision needs.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Thing, Truth
from saccade.core.world import Question, World
from saccade.media.boxes import grid_edges
from saccade.worlds.answers import BINS, agrees, written
from saccade.worlds.marks import COLOURS
from saccade.worlds.shapes import KINDS, PLURAL, RADIUS, Shape, corners, draw_shapes, in_words, scatter

CLEAR = 0.08
"""Shares of the side by which a place must be clear of the middle, or two shapes apart, to be asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px:   side of the picture
    least, most: number of shapes
    lines:     number of thin grey lines behind the shapes
    textured:  soft texture instead of plain paper
    topics:    which questions the item may ask: name, place, count, compare, relate, box
    """

    size_px: int = 64
    least: int = 1
    most: int = 3
    lines: int = 0
    textured: bool = False
    topics: tuple[str, ...] = ("name", "place", "count", "compare", "relate", "box")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    knobs: Knobs
    shapes: tuple[Shape, ...]
    paper: int
    asked: int


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    unknown = sorted(set(knobs.topics) - set(Knobs().topics))
    if unknown or not knobs.topics:
        raise ValueError(f"scenes: topics are some of {', '.join(Knobs().topics)}, not {list(knobs.topics)}")
    if not 1 <= knobs.least <= knobs.most:
        raise ValueError(f"scenes: 1 <= least <= most is needed, not least={knobs.least} and most={knobs.most}")
    shapes, asked = (), -1
    while asked < 0:
        shapes = scatter(rng, int(rng.integers(knobs.least, knobs.most + 1)))
        asked = _choose(rng, shapes, knobs)
    return State(knobs=knobs, shapes=shapes, paper=int(rng.integers(1 << 40)), asked=asked)


def _choose(rng: np.random.Generator, shapes: tuple[Shape, ...], knobs: Knobs) -> int:
    """The place in `_askable` of one question: first a topic, then a question of it. -1 where no topic has one."""
    askable = _askable(shapes)
    topics = sorted({topic for topic, _ in askable} & set(knobs.topics))
    if not topics:
        return -1
    topic = topics[int(rng.integers(len(topics)))]
    places = [place for place, (each, _) in enumerate(askable) if each == topic]
    return places[int(rng.integers(len(places)))]


def _askable(shapes: tuple[Shape, ...]) -> list[tuple[str, Question]]:
    """Every question with one clear answer, with its topic, in a fixed order."""
    kinds, colours = Counter(s.kind for s in shapes), Counter(s.colour for s in shapes)
    names = Counter(s.name for s in shapes)
    alone = [s for s in shapes if names[s.name] == 1]
    out: list[tuple[str, Question]] = []
    for s in alone:
        if kinds[s.kind] == 1:
            out.append(("name", Question(text=f"What colour is the {s.kind}?", answer=s.colour, choices=tuple(COLOURS))))
        if colours[s.colour] == 1:
            out.append(("name", Question(text=f"What shape is {s.colour}?", answer=s.kind, choices=KINDS)))
        across, down = _side(s.x, "left", "right"), _side(s.y, "top", "bottom")
        if across:
            out.append(("place", Question(text=f"Is the {s.name} left or right?", answer=across, choices=("left", "right"))))
        if down:
            out.append(("place", Question(text=f"Is the {s.name} top or bottom?", answer=down, choices=("top", "bottom"))))
        if across and down:
            out.append(("place", Question(text=f"Which corner is the {s.name} in?", answer=f"{down} {across}")))
        box = grid_edges(s.box_xyxy(1000), (1000, 1000), bins=BINS)
        out.append(("box", Question(text=f"Where is the {s.name}?", answer=written(box), answer_type="box")))
    out.append(("count", Question(text="How many shapes?", answer=str(len(shapes)), answer_type="number")))
    for kind, num in sorted(kinds.items()):
        out.append(("count", Question(text=f"How many {PLURAL[kind]}?", answer=str(num), answer_type="number")))
    for colour, num in sorted(colours.items()):
        out.append(("count", Question(text=f"How many {colour} shapes?", answer=str(num), answer_type="number")))
    for counts, plural in ((kinds, PLURAL), (colours, dict(zip(COLOURS, COLOURS, strict=True)))):
        ordered = sorted(counts)
        for one, other in pairwise(ordered):
            if counts[one] != counts[other]:
                more = one if counts[one] > counts[other] else other
                text = f"More {plural[one]} or more {plural[other]}?"
                out.append(("compare", Question(text=text, answer=plural[more], choices=(plural[one], plural[other]))))
    for one, other in pairwise(alone):
        if one.size != other.size:
            larger = one if RADIUS[one.size] > RADIUS[other.size] else other
            out.append(("compare", Question(text=f"Which is larger, the {one.name} or the {other.name}?",
                                            answer=larger.name, choices=(one.name, other.name))))
        for word, gap in (("left of", other.x - one.x), ("above", other.y - one.y)):
            if abs(gap) > CLEAR:
                out.append(("relate", Question(text=f"Is the {one.name} {word} the {other.name}?",
                                               answer="yes" if gap > 0 else "no", choices=("yes", "no"))))
    return out


def _side(value: float, low: str, high: str) -> str:
    return "" if abs(value - 0.5) < CLEAR else low if value < 0.5 else high


def render(state: State) -> tuple[PILImage.Image]:
    knobs = state.knobs
    return (draw_shapes(state.shapes, size_px=knobs.size_px, paper=state.paper, num_lines=knobs.lines,
                        textured=knobs.textured),)


def ask(state: State) -> Question:
    return _askable(state.shapes)[state.asked][1]


def questions(state: State) -> tuple[Question, ...]:
    """Every question about the picture that has one clear answer, those of topics the knobs leave out as well."""
    return tuple(question for _, question in _askable(state.shapes))


def describe(state: State) -> str:
    return f"Positions are shares of the side, from the top left. In the picture: {in_words(state.shapes)}."


def solve(state: State) -> str:
    """Read the words of the question and look the answer up among the shapes."""
    text, shapes = ask(state).text.rstrip("?"), state.shapes
    singular = {plural: kind for kind, plural in PLURAL.items()}

    def fitting(words: str) -> list[Shape]:
        wanted = {singular.get(word, word) for word in words.split()} - {"shapes", "shape", "the"}
        return [s for s in shapes if wanted <= {s.kind, s.colour}]

    if found := re.fullmatch(r"What colour is the (\w+)", text):
        return fitting(found[1])[0].colour
    if found := re.fullmatch(r"What shape is (\w+)", text):
        return fitting(found[1])[0].kind
    if found := re.fullmatch(r"How many (.+)", text):
        return str(len(fitting(found[1])))
    if found := re.fullmatch(r"More (.+) or more (.+)", text):
        return max(found.groups(), key=lambda words: len(fitting(words)))
    if found := re.fullmatch(r"Which is larger, (.+) or (.+)", text):
        return max((fitting(words)[0] for words in found.groups()), key=lambda s: RADIUS[s.size]).name
    if found := re.fullmatch(r"Is (.+) (left of|above) (.+)", text):
        one, other = fitting(found[1])[0], fitting(found[3])[0]
        return "yes" if (one.x < other.x if found[2] == "left of" else one.y < other.y) else "no"
    if found := re.fullmatch(r"Is (.+) left or right", text):
        return "left" if fitting(found[1])[0].x < 0.5 else "right"
    if found := re.fullmatch(r"Is (.+) top or bottom", text):
        return "top" if fitting(found[1])[0].y < 0.5 else "bottom"
    if found := re.fullmatch(r"Which corner is (.+) in", text):
        s = fitting(found[1])[0]
        return f"{'top' if s.y < 0.5 else 'bottom'} {'left' if s.x < 0.5 else 'right'}"
    found = re.fullmatch(r"Where is (.+)", text)
    assert found, text
    return written(grid_edges(fitting(found[1])[0].box_xyxy(160), (160, 160), bins=BINS))


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


def truth(state: State) -> Truth:
    """Evidence: the shapes whose colour or kind the question names; all of them where it names none."""
    words = {word.strip("?,.") for word in ask(state).text.split()}
    words |= {kind for kind, plural in PLURAL.items() if plural in words}
    named = [s for s in state.shapes if {s.kind, s.colour} <= words]
    named = named or [s for s in state.shapes if {s.kind, s.colour} & words] or list(state.shapes)
    size_px = state.knobs.size_px
    return Truth(evidence=[s.box_xyxy(size_px) for s in named],
                 distractors=[s.box_xyxy(size_px) for s in state.shapes if s not in named],
                 things=[Thing(label=f"{s.size} {s.name}", box_xyxy=s.box_xyxy(size_px), outline=corners(s, size_px))
                         for s in state.shapes],
                 overview_suffices=True)


scenes = World(
    name="scenes",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, least=2, most=6),
        "hard": Knobs(size_px=256, least=4, most=9, lines=8, textured=True),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "<2><10><4><13>"), (0, 1, "star"), (3, 5, "<10><7><13><10>")]
