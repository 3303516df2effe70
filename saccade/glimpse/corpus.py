"""The corpus of glimpse: an endless stream of short conversations, item i a function of (seed, i) and of how
far the training is.

Every part is a function of a generator that draws one conversation; `STAGES` says how much there is of each, and when.
Nothing here draws from test scans or test photographs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from saccade.core.seed import generator
from saccade.glimpse import cards, views
from saccade.glimpse.talk import FRAMES, MARK, ZOOM, Talk, mark_schema, zoom_schema
from saccade.worlds.marks import COLOURS
from saccade.worlds.shapes import KINDS, PLURAL

Part = Callable[[np.random.Generator], Talk]


STAGES: tuple[tuple[int, dict[Part, float]], ...] = (
    (300, {views.one_glyph: 0.95, views.apart: 0.05}),
    (400, {views.apart: 0.75, views.one_glyph: 0.25}),
    (400, {cards.find_one: 0.50, views.apart: 0.30, views.one_glyph: 0.20}),
    (600, {cards.read_crop: 0.42, cards.find_small: 0.38, views.apart: 0.10, views.one_glyph: 0.10}),
    (200, {views.names: 0.45, views.one_place: 0.10, views.scenes: 0.10, views.tables: 0.08, cards.read_crop: 0.15,
           cards.find_small: 0.12}),
    (250, {cards.read_tight: 0.45, cards.read_plain: 0.20, cards.read_crop: 0.15, cards.find_small: 0.12,
           views.one_glyph: 0.08}),
    (150, {cards.read_crop: 0.65, cards.find_small: 0.20, cards.read_tight: 0.10, views.one_glyph: 0.05}),
    (330, {views.names: 0.36, views.one_place: 0.06, views.scenes: 0.10, views.tables: 0.10, cards.read_crop: 0.24,
           cards.find_small: 0.14}),
    (420, {views.charts: 0.24, views.pairs: 0.20, views.names: 0.12, views.tables: 0.06, cards.read_crop: 0.22,
           cards.find_small: 0.12, views.one_glyph: 0.04}),
    (400, {cards.find_small: 0.25, cards.mark: 0.15, cards.read_crop: 0.28, views.one_glyph: 0.05, views.names: 0.07,
           views.clips: 0.08, views.charts: 0.05, cards.look_well: 0.05, views.text: 0.02}),
    (550, {views.scenes: 0.13, views.names: 0.09, views.charts: 0.07, views.pairs: 0.07, views.tables: 0.06,
           views.clips: 0.06, views.places: 0.01, views.one_place: 0.03, views.apart: 0.01, views.mazes: 0.02,
           views.text: 0.02, views.one_glyph: 0.04, cards.read_crop: 0.17, cards.find_small: 0.07, cards.mark: 0.06,
           cards.find_one: 0.01, cards.find: 0.01, cards.read_large: 0.01, cards.guess: 0.02, cards.look_well: 0.12,
           cards.look_sloppily: 0.05}),
    (1000, {views.scenes: 0.12, views.names: 0.12, views.charts: 0.04, views.pairs: 0.04, views.tables: 0.05,
            views.clips: 0.02, views.places: 0.01, views.one_place: 0.02, views.apart: 0.01, views.mazes: 0.01,
            views.text: 0.01, views.one_glyph: 0.05, cards.read_crop: 0.12, cards.find_small: 0.04, cards.mark: 0.06,
            cards.find_one: 0.01, cards.find: 0.01, cards.read_large: 0.01, cards.guess: 0.02, cards.look_well: 0.10,
            cards.look_sloppily: 0.01, cards.look_about: 0.12}),
)
"""How many updates each stage of the training lasts, and the share of every part in it; after the last, the last goes on.

A skill is learned only after some ten thousand lessons that follow each other closely: strewn thinly over everything
else it never leaves chance. So first large glyphs; then places, of shapes that a colour tells apart, of cards, of small
cards; then crops are read, by way of pictures that are nearly all card and of glyphs asked for in the words of cards
(reading is not learned from crops alone); then names are bound to shapes; then charts and pairs;
then small cards once more, said as boxes and as calls that mark them; then everything, with a falling rate. The last
stage is the habit of looking: calls to zoom become frequent enough to learn that they point somewhere near the card,
and mostly beside it.
"""
UPDATES = sum(length for length, _ in STAGES)
LESSONS = UPDATES - STAGES[-1][0]
"""Updates before the last stage, which has a rate of its own."""


def shares(progress: float) -> dict[Part, float]:
    """Share of each part of the corpus when `progress` (0..1) of the training is done."""
    left = round(progress * UPDATES, 3)
    for length, mix in STAGES:
        if left < length:
            return mix
        left -= length
    return STAGES[-1][1]


def talk(seed: int, index: int, progress: float = 1.0) -> Talk:
    """Conversation `index` of the stream, where `progress` of the training is done."""
    rng = generator("glimpse", seed, index)
    mix = shares(progress)
    share = np.array(list(mix.values()))
    return list(mix)[int(rng.choice(len(mix), p=share / share.sum()))](rng)


def some_of_each(purpose: str, num_talks: int) -> list[Talk]:
    """`num_talks` conversations of every part that is kept to the end, for what comes before the training."""
    parts = dict.fromkeys(part for _, mix in STAGES for part in mix if part in STAGES[-1][1])
    return [part(generator("glimpse", purpose, part.__name__, index)) for part in parts for index in range(num_talks)]


def vocabulary(*, num_talks: int = 150) -> Any:
    """The tokenizer of this corpus, learned from `num_talks` conversations of every part that is kept to the end."""
    from saccade.glimpse.tokenizer import call_text, learn, preamble

    talks = some_of_each("vocabulary", num_talks)
    texts = [message.text for each in talks for message in each.messages]
    said = [call for each in talks for message in each.messages for call in message.calls]
    calls = [call_text(call.name, call.arguments) for name in (ZOOM, MARK) for call in
             [each for each in said if each.name == name][:150]]
    others = [preamble([zoom_schema(frame, label)]) for frame in FRAMES for label in (False, True)]
    names = (*COLOURS, *KINDS, *PLURAL.values())
    return learn(texts, [*calls, *[preamble([each]) for each in (zoom_schema(), mark_schema())] * 4, *others], names=names)
