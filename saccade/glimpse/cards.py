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

from saccade.core.message import Box, Text
from saccade.glimpse.talk import MARK, ZOOM, Talk, answered, asked, called, mark_schema, offered, shown
from saccade.glimpse.tokenizer import BINS
from saccade.glimpse.views import one_glyph, only, told
from saccade.media.boxes import cover, grid_edges, to_pixels
from saccade.worlds.hidden_detail import Knobs, State, ask, generate, questions, render
from saccade.worlds.marks import COLOURS

NEAR_BINS, NEAR_SHARE = 3.0, 0.8
"""Most sloppy boxes have their middle within so many bins of the card's, in each direction; the others lie anywhere."""
SPOILED = 0.4
"""Share of the near boxes that hold the whole card and are drawn again, so that the likeliest box is not a good one."""
SIDES = (3, 6)
READABLE_PX = 9
"""The smallest glyph, in the 64 px the model sees, that it is asked to read."""


def knobs_of(rng: np.random.Generator) -> Knobs:
    """Half of the items are of the real variant, always from the training split."""
    if rng.random() < 0.55:
        return Knobs(background="photos", glyphs="scans", split="train", glyph_px=int(rng.integers(9, 15)),
                     distractors=int(rng.choice([0, 0, 0, 1, 2])))
    return Knobs(
        background=("noise", "scenes")[int(rng.integers(2))], glyphs=("digits", "letters")[int(rng.random() < 0.4)],
        distractors=int(rng.choice([0, 0, 1, 2, 4])), glyph_px=int(rng.integers(9, 15)), blank=0.5,
    )


def find(rng: np.random.Generator) -> Talk:
    """Questions on an overview that can be answered from it: where every card is; how many there are, which colour."""
    state = generate(rng, replace(knobs_of(rng), distractors=int(rng.choice([0, 1, 3, 4, 5]))))
    words = ("Where",) if len(state.cards) > 1 and rng.random() < 0.7 else ("Where", "How", "What")
    fair = only(questions(state), words)
    picked = [fair[int(place)] for place in rng.permutation(len(fair))[:5]]
    return told("find", render(state), [(each.text, str(each.answer)) for each in picked])


def find_one(rng: np.random.Generator) -> Talk:
    """One card, small or large, and its place said in every way: sides and box."""
    glyph_px = int(rng.integers(9, 14)) if rng.random() < 0.5 else int(rng.integers(14, 56))
    state = generate(rng, replace(knobs_of(rng), distractors=0, glyph_px=glyph_px))
    card, size_px = state.cards[0], state.knobs.size_px
    said = [(each.text, str(each.answer)) for each in questions(state) if each.text.startswith("Where")]
    for middle, low, high in ((card.box_xyxy[0] + card.box_xyxy[2], "left", "right"),
                              (card.box_xyxy[1] + card.box_xyxy[3], "top", "bottom")):
        if abs(middle / 2 / size_px - 0.5) > 0.08:
            said.append((f"Is the {card.colour} card {low} or {high}?", low if middle < size_px else high))
    return told("find_one", render(state), [said[int(place)] for place in rng.permutation(len(said))])


def find_small(rng: np.random.Generator) -> Talk:
    """One card, mostly small, and its box: the shortest lesson in finding."""
    glyph_px = int(rng.integers(9, 14)) if rng.random() < 0.7 else int(rng.integers(14, 36))
    state = generate(rng, replace(knobs_of(rng), distractors=0, glyph_px=glyph_px))
    return told("find_small", render(state), [(each.text, str(each.answer)) for each in questions(state)
                                              if each.text.startswith("Where")])


def read_large(rng: np.random.Generator) -> Talk:
    """A glyph that is large enough for the overview, then the rest of the picture."""
    state = generate(rng, replace(knobs_of(rng), large=1.0, large_px=int(rng.integers(40, 120))))
    rest = [each for each in questions(state)[1:] if not each.text.startswith("Which")]
    picked = [rest[int(place)] for place in rng.permutation(len(rest))[:2]]
    return told("read_large", render(state), [(each.text, str(each.answer)) for each in [ask(state), *picked]])


def read_crop(rng: np.random.Generator) -> Talk:
    """The crop itself as the picture: the cheapest lesson in reading a card. Some crops are the card and a little more."""
    state = generate(rng, knobs_of(rng))
    pixels = around(rng, state, 9) if rng.random() < 0.4 else cut(render(state)[0], good_box(rng, state))
    return told("read_crop", [pixels], [(ask(state).text, str(ask(state).answer))])


def read_tight(rng: np.random.Generator) -> Talk:
    """Hardly more than the card as the picture, asked as of a card or as of any picture: leads to reading crops."""
    state = generate(rng, knobs_of(rng))
    question, pixels = ask(state), around(rng, state, 4)
    plain = f"Which {'letter' if state.knobs.glyphs == 'letters' else 'digit'} is this?"
    return told("read_tight", [pixels], [(plain if rng.random() < 0.6 else question.text, str(question.answer))])


def read_plain(rng: np.random.Generator) -> Talk:
    """One large glyph without a card, asked as of a card: the words that crops are asked in, where reading is known."""
    talk, colour = one_glyph(rng), str(rng.choice(list(COLOURS)))
    first = talk.messages[0]
    text = first.text.replace("is this?", f"is on the {colour} card?")
    return replace(talk, kind="read_plain", messages=(replace(first, parts=(*first.images, Text(text=text))),
                                                      *talk.messages[1:]))


def guess(rng: np.random.Generator) -> Talk:
    """No tool on offer: answer at once. The target is drawn blindly, so that the form is learned and nothing else."""
    state = generate(rng, knobs_of(rng))
    choices = ask(state).choices
    return told("guess", render(state), [(ask(state).text, choices[int(rng.integers(len(choices)))])])


def look_well(rng: np.random.Generator) -> Talk:
    """A call with a good crop that is not learned, and the answer, which is."""
    state = generate(rng, knobs_of(rng))
    overview, box = render(state)[0], good_box(rng, state)
    messages = (asked(ask(state).text, overview), called(ZOOM, box), shown(cut(overview, box)),
                answered(str(ask(state).answer)))
    return Talk(kind="look_well", messages=messages, learned=(3,), tools=offered(rng))


def look_sloppily(rng: np.random.Generator) -> Talk:
    """A call with a sloppy box, and nothing after it."""
    return look("look_sloppily", rng)


def look_about(rng: np.random.Generator) -> Talk:
    """A call with a box about the card, and nothing after it: that calls point somewhere near it, mostly beside it."""
    return look("look_about", rng, near=3.5, anywhere=0.2, spoiled=0.95)


def look(kind: str, rng: np.random.Generator, **sloppiness: float) -> Talk:
    """A call with a `sloppy_box`, and nothing after it."""
    state = generate(rng, knobs_of(rng))
    messages = (asked(ask(state).text, render(state)[0]), called(ZOOM, sloppy_box(rng, state, **sloppiness)))
    return Talk(kind=kind, messages=messages, learned=(1,), tools=offered(rng))


def mark(rng: np.random.Generator) -> Talk:
    """A call of another tool with the card's own box: what the eyes know about places, said as a call."""
    state = generate(rng, knobs_of(rng))
    card = state.cards[0]
    box = grid_edges(card.box_xyxy, (state.knobs.size_px, state.knobs.size_px), bins=BINS)
    messages = (asked(f"Mark the {card.colour} card.", render(state)[0]), called(MARK, box))
    return Talk(kind="mark", messages=messages, learned=(1,), tools=(mark_schema(),))


def sloppy_box(
    rng: np.random.Generator, state: State, *, near: float = NEAR_BINS, anywhere: float = 1 - NEAR_SHARE,
    spoiled: float = SPOILED,
) -> tuple[int, int, int, int]:
    """Grid edges of a box near the card or, with a chance of `anywhere`, somewhere; sides of 3 to 5 bins, never tight.

    near:    bins by which the middles may differ in each direction
    spoiled: chance that a near box that holds the whole card is drawn again
    """
    card = [edge * BINS / state.knobs.size_px for edge in state.cards[0].box_xyxy]
    about = rng.random() < 1 - anywhere
    while True:
        wide, high = (int(side) for side in rng.integers(*SIDES, 2))
        if about:
            x = (card[0] + card[2]) / 2 + rng.uniform(-near, near)
            y = (card[1] + card[3]) / 2 + rng.uniform(-near, near)
        else:
            x, y = rng.uniform(0, BINS, 2)
        left = int(np.clip(round(x - wide / 2), 0, BINS - wide))
        top = int(np.clip(round(y - high / 2), 0, BINS - high))
        box = (left, top, left + wide, top + high)
        if not about or cover(card, box) < 1.0 or rng.random() >= spoiled:
            return box


def good_box(rng: np.random.Generator, state: State) -> tuple[int, int, int, int]:
    """Grid edges of a box of 2 to 5 bins a side that holds the whole card, anywhere in it, and leaves it readable."""
    scale = BINS / state.knobs.size_px
    most = max(2, min(5, int(state.knobs.glyph_px * 64 / READABLE_PX * scale)))
    x1, y1, x2, y2 = (edge * scale for edge in state.cards[0].box_xyxy)
    left, right = span(rng, x1, x2, most)
    top, bottom = span(rng, y1, y2, most)
    return left, top, right, bottom


def span(rng: np.random.Generator, low: float, high: float, most: int) -> tuple[int, int]:
    """Edges at most `most` apart (or as few as needed) with low..high between them."""
    first, last = int(np.floor(low)), int(np.ceil(high))
    side = max(int(rng.integers(2, most + 1)), last - first)
    start = int(rng.integers(max(0, last - side), min(first, BINS - side) + 1))
    return start, start + side


def around(rng: np.random.Generator, state: State, below_px: int) -> PILImage.Image:
    """The card and, on every side, fewer than `below_px` pixels of the root beside it."""
    x1, y1, x2, y2 = state.cards[0].box_xyxy
    left, top, right, bottom = (int(edge) for edge in rng.integers(0, below_px, 4))
    return render(state)[0].crop((max(x1 - left, 0), max(y1 - top, 0), x2 + right, y2 + bottom))


def cut(pixels: PILImage.Image, box: tuple[int, int, int, int]) -> PILImage.Image:
    """The crop of a box in grid edges."""
    return pixels.crop(tuple(round(edge) for edge in to_pixels(Box(xyxy=box, frame="grid"), pixels.size, bins=BINS)))
