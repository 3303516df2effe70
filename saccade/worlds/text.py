"""Read what is written large: a digit, a letter, a number, a short word, or a handwritten digit.

Reading is the skill that a crop of `hidden_detail` calls for, so the same glyphs appear here at sizes from a third of the
picture up. Letters of longer texts can be asked for one by one, which gives several questions about one picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Thing, Truth
from saccade.core.seed import generator
from saccade.core.world import Question, World
from saccade.worlds.answers import agrees
from saccade.worlds.marks import COLOURS, DARK, DIGITS, LETTERS, OVERVIEW_PX, glyph, stamp, texture
from saccade.worlds.real import LICENCE, Split, scan, scan_indices

WORDS = ("ACE", "ALE", "ANT", "APE", "ARC", "ARM", "ART", "CAP", "CAR", "CAT", "CUP", "CUT", "EAR", "EAT", "ELF", "ELM",
         "FAN", "FAR", "HAT", "HEN", "JAM", "JAR", "JET", "KEY", "LAP", "MAP", "MAT", "NET", "NUT", "PAN", "PEN", "RAM",
         "RAT", "TAN", "TAR", "TEN", "VAN", "YAK")
ORDINALS = ("first", "second", "third", "fourth", "fifth")
THINGS = {"digit": "digit", "scan": "digit", "letter": "letter", "number": "number", "word": "word"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px:  side of the picture
    kinds:    what is written: "digit", "letter", "number" (2 to 3 digits), "word" (3 letters), "scan" (a handwritten
              digit, extra `demo`)
    low, high: height of the text's room as a share of the side
    turn:     the text is turned by up to so many degrees
    coloured: the ink has one of six colours, else it is nearly black
    textured: soft texture instead of plain paper
    split:    which handwritten digits are drawn from
    """

    size_px: int = 64
    kinds: tuple[str, ...] = ("digit", "letter", "number", "word")
    low: float = 0.35
    high: float = 0.85
    turn: float = 6.0
    coloured: bool = True
    textured: bool = False
    split: Split = "train"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`box_xyxy` is the room of the text in px; a text of n characters is written in n equal columns of it."""

    knobs: Knobs
    kind: str
    text: str
    scan: int | None
    colour: str
    box_xyxy: tuple[int, int, int, int]
    turn: float
    paper: int


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    unknown = sorted(set(knobs.kinds) - set(THINGS))
    if unknown or not knobs.kinds:
        raise ValueError(f"text: kinds are some of {', '.join(THINGS)}, not {list(knobs.kinds)}")
    if not 0 < knobs.low <= knobs.high <= 0.95:
        raise ValueError(f"text: 0 < low <= high <= 0.95 is needed, not low={knobs.low} and high={knobs.high}")
    kind = knobs.kinds[int(rng.integers(len(knobs.kinds)))]
    row = None
    if kind == "scan":
        rows = scan_indices(knobs.split)
        row = int(rng.integers(rows.start, rows.stop))
        text = scan(row)[1]
    elif kind == "number":
        text = str(int(rng.integers(10, 1000)))
    elif kind == "word":
        text = WORDS[int(rng.integers(len(WORDS)))]
    else:
        characters = DIGITS if kind == "digit" else LETTERS
        text = characters[int(rng.integers(len(characters)))]
    colour = str(rng.choice(list(COLOURS))) if knobs.coloured else "black"
    high = rng.uniform(knobs.low, knobs.high) * knobs.size_px
    high = max(6, int(min(high, 0.95 * knobs.size_px / (0.8 * len(text)))))
    wide = min(int(high * 0.8 * len(text)) if len(text) > 1 else high, knobs.size_px)
    x, y = int(rng.integers(knobs.size_px - wide + 1)), int(rng.integers(knobs.size_px - high + 1))
    return State(knobs=knobs, kind=kind, text=text, scan=row, colour=colour, box_xyxy=(x, y, x + wide, y + high),
                 turn=float(rng.uniform(-knobs.turn, knobs.turn)), paper=int(rng.integers(1 << 40)))


def render(state: State) -> tuple[PILImage.Image]:
    knobs, rng = state.knobs, generator("text", "paper", state.paper)
    size = (knobs.size_px, knobs.size_px)
    picture = PILImage.new("RGB", size, (int(rng.integers(225, 256)),) * 3)
    if knobs.textured:
        picture = PILImage.blend(texture(rng, knobs.size_px, cells=6), PILImage.new("RGB", size, "white"), 0.6)
    x1, y1, x2, y2 = state.box_xyxy
    ink = DARK if state.colour == "black" else COLOURS[state.colour]
    column = (x2 - x1) / len(state.text)
    for place, character in enumerate(state.text):
        room = (x1 + place * column + 1, y1 + 1, x1 + (place + 1) * column - 1, y2 - 1)
        drawn = scan(state.scan)[0] if state.scan is not None else glyph(character)
        stamp(picture, drawn, room, colour=ink, turn=state.turn)
    return (picture,)


def questions(state: State) -> tuple[Question, ...]:
    """The whole text; its characters one by one and its length where it is longer than one; its colour."""
    out = [Question(text=f"Which {THINGS[state.kind]} is this?", answer=state.text)]
    if len(state.text) > 1:
        thing = "digit" if state.kind == "number" else "letter"
        out += [Question(text=f"What is the {ORDINALS[place]} {thing}?", answer=character)
                for place, character in enumerate(state.text)]
        out.append(Question(text=f"How many {thing}s?", answer=str(len(state.text)), answer_type="number"))
    if state.colour in COLOURS:
        out.append(Question(text=f"What colour is the {THINGS[state.kind]}?", answer=state.colour,
                            choices=tuple(COLOURS)))
    return tuple(out)


def ask(state: State) -> Question:
    return questions(state)[0]


def describe(state: State) -> str:
    hand = "handwritten " if state.scan is not None else ""
    return f"The {hand}{THINGS[state.kind]} {state.text} in {state.colour} at {list(state.box_xyxy)}."


def solve(state: State) -> str:
    return scan(state.scan)[1] if state.scan is not None else state.text


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


def truth(state: State) -> Truth:
    """The overview suffices where the characters are at least 8 px high in a picture scaled to the overview's side."""
    x1, y1, x2, y2 = state.box_xyxy
    high = min(y2 - y1, (x2 - x1) / len(state.text) * 1.25) * OVERVIEW_PX / state.knobs.size_px
    box = [float(edge) for edge in state.box_xyxy]
    thing = Thing(label=f"{state.colour} {THINGS[state.kind]}", box_xyxy=box, text=state.text)
    out = Truth(evidence=[box], distractors=[], things=[thing], overview_suffices=high >= 8)
    if state.scan is not None:
        out["licence"] = LICENCE
    return out


text = World(
    name="text",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, low=0.15, high=0.5, turn=10.0, textured=True),
        "hard": Knobs(size_px=256, low=0.06, high=0.2, turn=15.0, textured=True),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "287"), (0, 1, "ALE"), (3, 5, "0")]
