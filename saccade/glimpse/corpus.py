"""The corpus of glimpse: an endless stream of short conversations, item i a function of (seed, i) and of how
far the training is.

Every part is a function of a generator that draws one conversation; `MIX` says how much there is of each. Perception is
taught densely, several questions on a picture, because locating stays unlearned with one question an image. Nothing here
draws from test scans or test photographs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from saccade.core.seed import generator
from saccade.glimpse import cards, views
from saccade.glimpse.talk import FRAMES, Talk, zoom_schema
from saccade.worlds.marks import COLOURS
from saccade.worlds.shapes import KINDS, PLURAL

Part = Callable[[np.random.Generator], Talk]


MIX: dict[str, tuple[tuple[float, ...], Part]] = {
    "one_glyph": ((0.97, 0.35, 0.18, 0.12, 0.32, 0.03, 0.04, 0.03, 0.03, 0.04, 0.03), views.one_glyph),
    "places": ((0.03, 0.55, 0.10, 0.08, 0.00, 0.06, 0.04, 0.00, 0.00, 0.03, 0.06), views.places),
    "read_crop": ((0.00, 0.05, 0.10, 0.28, 0.58, 0.14, 0.14, 0.14, 0.10, 0.13, 0.13), cards.read_crop),
    "read_many": ((0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.05), cards.read_many),
    "find": ((0.00, 0.00, 0.00, 0.02, 0.00, 0.10, 0.05, 0.00, 0.00, 0.02, 0.08), cards.find),
    "scenes": ((0.00, 0.05, 0.05, 0.08, 0.00, 0.02, 0.14, 0.12, 0.05, 0.15, 0.12), views.scenes),
    "text": ((0.00, 0.00, 0.00, 0.02, 0.00, 0.00, 0.05, 0.00, 0.00, 0.05, 0.05), views.text),
    "tables": ((0.00, 0.00, 0.12, 0.05, 0.03, 0.03, 0.05, 0.00, 0.00, 0.05, 0.05), views.tables),
    "charts": ((0.00, 0.00, 0.00, 0.01, 0.00, 0.00, 0.07, 0.00, 0.00, 0.07, 0.08), views.charts),
    "pairs": ((0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.07, 0.00, 0.00, 0.07, 0.09), views.pairs),
    "clips": ((0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.05, 0.00, 0.00, 0.04, 0.07), views.clips),
    "mazes": ((0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.02, 0.00, 0.00, 0.02, 0.04), views.mazes),
    "read_large": ((0.00, 0.00, 0.00, 0.02, 0.00, 0.00, 0.02, 0.00, 0.00, 0.02, 0.03), cards.read_large),
    "guess": ((0.00, 0.00, 0.00, 0.01, 0.00, 0.00, 0.02, 0.01, 0.01, 0.02, 0.02), cards.guess),
    "look_well": ((0.00, 0.00, 0.00, 0.03, 0.02, 0.05, 0.12, 0.10, 0.08, 0.13, 0.13), cards.look_well),
    "look_sloppily": ((0.00, 0.00, 0.00, 0.02, 0.00, 0.02, 0.07, 0.08, 0.10, 0.09, 0.06), cards.look_sloppily),
    "one_place": ((0.00, 0.00, 0.45, 0.06, 0.05, 0.15, 0.02, 0.04, 0.02, 0.00, 0.00), views.one_place),
    "find_one": ((0.00, 0.00, 0.00, 0.20, 0.00, 0.42, 0.10, 0.34, 0.06, 0.08, 0.00), cards.find_one),
    "names": ((0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.14, 0.00, 0.05, 0.00), views.names),
    "find_small": ((0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.56, 0.06, 0.00), cards.find_small),
}
"""Shares of the parts in each stage of training, and after it.

A glyph is read, and a place is found, only after some ten thousand lessons that follow each other closely: strewn thinly
over everything else they are never learned. So first large glyphs alone; then places, of many things, then of one or
two, beside tables; then crops are read and cards are found; then everything; then small cards once more.
"""
STAGES = tuple(update / 4750 for update in (252, 500, 800, 1100, 1700, 2500, 3400, 3600, 4200, 4750))


def shares(progress: float) -> np.ndarray:
    """Share of each part of the corpus when `progress` (0..1) of the training is done; at 1 a bit of everything."""
    stage = int(np.searchsorted(STAGES, progress, side="right"))
    mixed = np.array([row[stage] for row, _ in MIX.values()])
    return mixed / mixed.sum()


def talk(seed: int, index: int, progress: float = 1.0) -> Talk:
    """Conversation `index` of the stream, where `progress` of the training is done."""
    rng = generator("glimpse", seed, index)
    return MIX[list(MIX)[int(rng.choice(len(MIX), p=shares(progress)))]][1](rng)


def vocabulary(*, num_talks: int = 3000) -> Any:
    """The tokenizer of this corpus."""
    from saccade.glimpse.tokenizer import call_text, learn, preamble

    talks = [talk(seed=-1, index=index) for index in range(num_talks)]
    texts = [message.text for each in talks for message in each.messages]
    calls = [call_text(call.name, call.arguments) for each in talks for message in each.messages for call in message.calls]
    others = [preamble([zoom_schema(frame, label)]) for frame in FRAMES for label in (False, True)]
    names = (*COLOURS, *KINDS, *PLURAL.values())
    return learn(texts, [*calls[:200], *[preamble([zoom_schema()])] * 4, *others], names=names)
