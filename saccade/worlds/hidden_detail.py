"""A digit on a small card, readable only in a crop: the answer depends on looking in the right place.

The root image is 256 px. A policy sees it scaled to 64 px, where a card is 5 px wide: its coloured border can be found,
its 14 px glyph (3.5 px there) is below what a small policy reads. Below what pixels hold it is not: a classifier made for
the purpose and told the place reads 79 % of held-out handwritten digits from them, and 55 % of those 10 px high
(`glyph_px`), as `python -m benchmarks.overview` printed. So that a policy has to look is measured, by forbidding it to,
and never assumed. `glyphs="scans"` with `background="photos"` is the real
variant: handwritten digits on photographs, see `saccade.worlds.real`. Other cards carry other borders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Thing, Truth
from saccade.core.seed import generator
from saccade.core.world import Question, World
from saccade.media.boxes import grid_edges
from saccade.worlds.answers import BINS, agrees, written
from saccade.worlds.marks import COLOURS, DARK, DIGITS, LETTERS, LIGHT, glyph, stamp, texture
from saccade.worlds.real import LICENCE, Split, num_photos, photo, scan, scan_indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px:     side of the root image
    glyph_px:    height of the glyph; 14 is 3.5 px in an overview of a quarter of the size
    border_px:   width of the coloured border of a card; the card is the glyph, 1 px of air and the border
    border:      colour of the card that is asked about, or "any"
    background:  "noise" (soft blotches), "scenes" (muted shapes) or "photos" (crops of photographs, extra `demo`)
    glyphs:      "digits" and "letters" of a font, or "scans" of handwritten digits (extra `demo`)
    distractors: number of other cards, each with a border colour of its own
    blank:       share of the other cards that carry no glyph
    large:       share of items whose glyph is `large_px` high and can be read in the overview
    split:       which scans and photographs are drawn from
    """

    size_px: int = 256
    glyph_px: int = 14
    border_px: int = 3
    border: str = "any"
    background: Literal["noise", "scenes", "photos"] = "noise"
    glyphs: Literal["digits", "letters", "scans"] = "digits"
    distractors: int = 0
    blank: float = 0.5
    large: float = 0.0
    large_px: int = 64
    split: Split = "train"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card of the root image; `box_xyxy` holds its border. `scan` is the row of a handwritten digit."""

    box_xyxy: tuple[int, int, int, int]
    colour: str
    text: str
    scan: int | None = None
    turn: float = 0.0
    large: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`photo` is (which photograph, its square x, y, side, mirrored); `asked` the border colour of the question."""

    knobs: Knobs
    cards: tuple[Card, ...]
    asked: str
    texture: int
    photo: tuple[int, int, int, int, bool] | None


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 0 <= knobs.distractors < len(COLOURS):
        raise ValueError(f"hidden_detail: distractors is 0 to {len(COLOURS) - 1}, not {knobs.distractors}")
    if knobs.border != "any" and knobs.border not in COLOURS:
        raise ValueError(f"hidden_detail: border is 'any' or one of {', '.join(COLOURS)}, not {knobs.border!r}")
    colours = [str(name) for name in rng.permutation(list(COLOURS))]
    if knobs.border != "any":
        colours.remove(knobs.border)
        colours.insert(0, knobs.border)
    large = bool(rng.random() < knobs.large)
    cards: list[Card] = []
    for place in range(knobs.distractors + 1):
        glyph_px = knobs.large_px if large and place == 0 else knobs.glyph_px
        side = glyph_px + 2 * (knobs.border_px + 1)
        box = _free_place(rng, side, knobs.size_px, cards)
        text, row = _glyph(rng, knobs)
        if place and rng.random() < knobs.blank:
            text, row = "", None
        cards.append(Card(box_xyxy=box, colour=colours[place], text=text, scan=row, turn=float(rng.uniform(-8, 8)),
                          large=large and place == 0))
    square = None
    if knobs.background == "photos":
        which = int(rng.integers(num_photos(knobs.split)))
        width, height = photo(knobs.split, which).size
        side = int(rng.integers(min(200, width, height), min(width, height) + 1))
        square = (which, int(rng.integers(width - side + 1)), int(rng.integers(height - side + 1)), side,
                  bool(rng.random() < 0.5))
    return State(knobs=knobs, cards=tuple(cards), asked=colours[0], texture=int(rng.integers(1 << 40)), photo=square)


def _free_place(
    rng: np.random.Generator, side: int, size_px: int, cards: Sequence[Card]
) -> tuple[int, int, int, int]:
    """A square inside the image, 2 px from its border and 6 px from every card."""
    if side + 4 > size_px:
        raise ValueError(f"hidden_detail: a card of {side} px does not fit into {size_px} px; lower glyph_px or border_px")
    for _ in range(1000):
        x, y = (int(value) for value in rng.integers(2, size_px - side - 1, 2))
        if all(x + side + 6 <= card.box_xyxy[0] or card.box_xyxy[2] + 6 <= x or y + side + 6 <= card.box_xyxy[1]
               or card.box_xyxy[3] + 6 <= y for card in cards):
            return x, y, x + side, y + side
    raise ValueError(f"hidden_detail: {len(cards) + 1} cards do not fit into {size_px} px; lower distractors or glyph_px")


def _glyph(rng: np.random.Generator, knobs: Knobs) -> tuple[str, int | None]:
    if knobs.glyphs == "scans":
        rows = scan_indices(knobs.split)
        row = int(rng.integers(rows.start, rows.stop))
        return scan(row)[1], row
    characters = LETTERS if knobs.glyphs == "letters" else DIGITS
    return characters[int(rng.integers(len(characters)))], None


def render(state: State) -> tuple[PILImage.Image]:
    picture = _background(state)
    draw = ImageDraw.Draw(picture)
    rim = state.knobs.border_px
    for card in state.cards:
        x1, y1, x2, y2 = card.box_xyxy
        draw.rectangle((x1, y1, x2 - 1, y2 - 1), fill=COLOURS[card.colour])
        draw.rectangle((x1 + rim, y1 + rim, x2 - rim - 1, y2 - rim - 1), fill=LIGHT)
        if not card.text:
            continue
        room = (x1 + rim + 1, y1 + rim + 1, x2 - rim - 1, y2 - rim - 1)
        if card.scan is not None:
            stamp(picture, scan(card.scan)[0], room, colour=DARK)
        else:
            stamp(picture, glyph(card.text), room, colour=DARK, turn=card.turn)
    return (picture,)


def _background(state: State) -> PILImage.Image:
    size_px = state.knobs.size_px
    rng = generator("hidden_detail", "texture", state.texture)
    if state.photo is not None:
        which, x, y, side, mirrored = state.photo
        whole = photo(state.knobs.split, which)
        cut = whole.resize((size_px, size_px), PILImage.Resampling.BILINEAR, box=(x, y, x + side, y + side))
        return cut.transpose(PILImage.Transpose.FLIP_LEFT_RIGHT) if mirrored else cut
    if state.knobs.background == "scenes":
        picture = texture(rng, size_px, cells=3, contrast=24)
        draw = ImageDraw.Draw(picture)
        for _ in range(int(rng.integers(5, 10))):
            x, y, wide, high = (float(value) for value in rng.uniform(0.05, 0.95, 4) * size_px)
            fill = tuple(int(value) for value in rng.uniform(70, 200) + rng.normal(0, 18, 3))
            outline = (draw.ellipse, draw.rectangle)[int(rng.integers(2))]
            outline((x - wide / 4, y - high / 4, x + wide / 4, y + high / 4), fill=fill)
        return picture
    return texture(rng, size_px)


def _thing(state: State) -> str:
    return "letter" if state.knobs.glyphs == "letters" else "digit"


def ask(state: State) -> Question:
    return Question(text=f"Which {_thing(state)} is on the {state.asked} card?", answer=state.cards[0].text,
                    choices=tuple(LETTERS if state.knobs.glyphs == "letters" else DIGITS))


def questions(state: State) -> tuple[Question, ...]:
    """What can be asked about the picture: the glyph and the place of every card, and its colour if there is one card.

    The questions about places can be answered from the overview; those about glyphs only where the glyph is large.
    """
    size = (state.knobs.size_px, state.knobs.size_px)
    out: list[Question] = []
    for card in state.cards:
        if card.text:
            out.append(Question(text=f"Which {_thing(state)} is on the {card.colour} card?", answer=card.text,
                                choices=ask(state).choices))
        out.append(Question(text=f"Where is the {card.colour} card?", answer_type="box",
                            answer=written(grid_edges(card.box_xyxy, size, bins=BINS))))
    out.append(Question(text="How many cards?", answer=str(len(state.cards)), answer_type="number"))
    if len(state.cards) == 1:
        out.append(Question(text="What colour is the card?", answer=state.cards[0].colour, choices=tuple(COLOURS)))
    return tuple(out)


def describe(state: State) -> str:
    cards = "; ".join(f"a {card.colour} card at {list(card.box_xyxy)} "
                      + (f"with the {_thing(state)} {card.text}" if card.text else "that is blank")
                      for card in state.cards)
    return (f"A picture of {state.knobs.size_px} x {state.knobs.size_px} px with {state.knobs.background} behind {cards}. "
            f"Asked about: the {state.asked} card.")


def solve(state: State) -> str:
    return next(card.text for card in state.cards if card.colour == state.asked)


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


def truth(state: State) -> Truth:
    """Boxes are in px of the root image. `licence` names the real pixels in it, if any."""
    out = Truth(
        evidence=[[float(edge) for edge in card.box_xyxy] for card in state.cards if card.colour == state.asked],
        distractors=[[float(edge) for edge in card.box_xyxy] for card in state.cards if card.colour != state.asked],
        things=[Thing(label=f"{card.colour} card", box_xyxy=[float(edge) for edge in card.box_xyxy], text=card.text)
                for card in state.cards],
        overview_suffices=any(card.large for card in state.cards),
    )
    if state.knobs.glyphs == "scans" or state.knobs.background == "photos":
        out["licence"] = LICENCE
    return out


hidden_detail = World(
    name="hidden_detail",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(background="scenes", distractors=2),
        "hard": Knobs(background="scenes", distractors=5, glyph_px=10, border_px=2, blank=0.0),
        "real": Knobs(background="photos", glyphs="scans", glyph_px=14),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "6"), (0, 1, "1"), (3, 5, "6")]
