"""The part of the corpus about hidden details: finding cards, reading glyphs, and calls that look for them.

What makes glimpse able but unskilled is here. It learns to read through a crop from traces whose good crop it is not
asked to imitate, and to write calls from traces whose box is sloppy, with nothing after the call in the loss: after a
sloppy crop the digit is mostly cut off and would be noise for the reader. It knows where a card is (it can say so when
asked) but has no habit of looking there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image as PILImage

from saccade.glimpse.talk import ZOOM, Talk, answered, asked, called, offered, shown
from saccade.glimpse.tokenizer import BINS
from saccade.glimpse.views import told
from saccade.worlds.hidden_detail import Card, Knobs, State, ask, generate, questions, render

NEAR_BINS = 2.5
"""A near crop has its middle within so many bins of the card's, in each direction."""
NEAR_SHARE = 0.6
SIDES = (3, 6)


def knobs_of(rng: np.random.Generator) -> Knobs:
    """Half of the items are of the real variant, always from the training split."""
    if rng.random() < 0.55:
        return Knobs(background="photos", glyphs="scans", split="train", distractors=int(rng.choice([0, 0, 0, 1, 2])))
    return Knobs(
        background=("noise", "scenes")[int(rng.integers(2))], glyphs=("digits", "letters")[int(rng.random() < 0.4)],
        distractors=int(rng.choice([0, 0, 1, 2, 4])), glyph_px=int(rng.integers(11, 18)), blank=0.5,
    )


def find(rng: np.random.Generator) -> Talk:
    """Several questions on an overview that can be answered from it: where, how many, which colour."""
    state = generate(rng, knobs_of(rng))
    fair = [each for each in questions(state) if not each.text.startswith("Which")]
    picked = [fair[int(place)] for place in rng.permutation(len(fair))[:5]]
    return told("find", render(state), [(each.text, str(each.answer)) for each in picked])


def read_large(rng: np.random.Generator) -> Talk:
    """A glyph that is large enough for the overview, then the rest of the picture."""
    state = generate(rng, replace(knobs_of(rng), large=1.0, large_px=int(rng.integers(40, 120))))
    rest = [each for each in questions(state)[1:] if not each.text.startswith("Which")]
    picked = [rest[int(place)] for place in rng.permutation(len(rest))[:2]]
    return told("read_large", render(state), [(each.text, str(each.answer)) for each in [ask(state), *picked]])


def read_crop(rng: np.random.Generator) -> Talk:
    """The crop itself as the picture: the cheapest lesson in reading."""
    state = generate(rng, knobs_of(rng))
    pixels, _ = cut(render(state)[0], good_box(rng, state.cards[0], state.knobs.size_px), state.knobs.size_px)
    return told("read_crop", [pixels], [(ask(state).text, str(ask(state).answer))])


def guess(rng: np.random.Generator) -> Talk:
    """No tool on offer: answer at once, which for a small glyph is a guess."""
    state = generate(rng, knobs_of(rng))
    return told("guess", render(state), [(ask(state).text, str(ask(state).answer))])


def look_well(rng: np.random.Generator) -> Talk:
    """A call with a good crop that is not learned, and the answer, which is."""
    state = generate(rng, knobs_of(rng))
    overview, size_px = render(state)[0], state.knobs.size_px
    pixels, box = cut(overview, good_box(rng, state.cards[0], size_px), size_px)
    messages = (asked(ask(state).text, overview), called(ZOOM, box), shown(pixels),
                answered(str(ask(state).answer)))
    return Talk(kind="look_well", messages=messages, learned=(3,), tools=offered(rng))


def look_sloppily(rng: np.random.Generator) -> Talk:
    """A call with a sloppy box, and nothing after it."""
    state = generate(rng, knobs_of(rng))
    box = sloppy_box(rng, state)
    messages = (asked(ask(state).text, render(state)[0]), called(ZOOM, box))
    return Talk(kind="look_sloppily", messages=messages, learned=(1,), tools=offered(rng))


def sloppy_box(rng: np.random.Generator, state: State) -> tuple[int, int, int, int]:
    """Grid edges of a box somewhere, or somewhere near the card; sides of 3 to 5 bins, never drawn tight."""
    wide, high = (int(side) for side in rng.integers(*SIDES, 2))
    if rng.random() < NEAR_SHARE:
        scale = BINS / state.knobs.size_px
        x1, y1, x2, y2 = (edge * scale for edge in state.cards[0].box_xyxy)
        x, y = (x1 + x2) / 2 + rng.uniform(-NEAR_BINS, NEAR_BINS), (y1 + y2) / 2 + rng.uniform(-NEAR_BINS, NEAR_BINS)
    else:
        x, y = rng.uniform(0, BINS, 2)
    left = int(np.clip(round(x - wide / 2), 0, BINS - wide))
    top = int(np.clip(round(y - high / 2), 0, BINS - high))
    return left, top, left + wide, top + high


def good_box(rng: np.random.Generator, card: Card, size_px: int) -> tuple[int, int, int, int]:
    """Grid edges of a box of 2 to 5 bins a side that holds the whole card, anywhere in it."""
    scale = BINS / size_px
    out: list[int] = []
    for low, high in ((card.box_xyxy[0], card.box_xyxy[2]), (card.box_xyxy[1], card.box_xyxy[3])):
        first, last = int(np.floor(low * scale)), int(np.ceil(high * scale))
        side = max(int(rng.integers(2, 6)), last - first)
        start = int(rng.integers(max(0, last - side), min(first, BINS - side) + 1))
        out += [start, start + side]
    return out[0], out[2], out[1], out[3]


def cut(pixels: PILImage.Image, box: tuple[int, int, int, int], size_px: int):
    """The crop of a box in grid edges, and the box."""
    edges = tuple(round(edge * size_px / BINS) for edge in box)
    return pixels.crop(edges), box
