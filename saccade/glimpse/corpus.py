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


MIX: dict[str, tuple[float, float, float, Part]] = {
    "scenes": (0.10, 0.14, 0.12, views.scenes),
    "places": (0.40, 0.15, 0.06, views.places),
    "charts": (0.00, 0.05, 0.08, views.charts),
    "tables": (0.00, 0.07, 0.05, views.tables),
    "text": (0.15, 0.11, 0.06, views.text),
    "mazes": (0.00, 0.02, 0.05, views.mazes),
    "pairs": (0.00, 0.04, 0.10, views.pairs),
    "clips": (0.00, 0.03, 0.08, views.clips),
    "read_many": (0.25, 0.15, 0.07, cards.read_many),
    "find": (0.10, 0.12, 0.08, cards.find),
    "read_large": (0.00, 0.03, 0.04, cards.read_large),
    "read_crop": (0.00, 0.12, 0.12, cards.read_crop),
    "guess": (0.00, 0.01, 0.02, cards.guess),
    "look_well": (0.00, 0.03, 0.13, cards.look_well),
    "look_sloppily": (0.00, 0.02, 0.06, cards.look_sloppily),
}
"""Shares at first, after `FIRST` of the training, and at its end.

First little else than where things are and what is written: neither is learned while it is a small part of everything,
and the rest needs both. Then more and more of the long rows.
"""
FIRST = 0.2


def talk(seed: int, index: int, progress: float = 1.0) -> Talk:
    """Conversation `index` of the stream, where `progress` (0..1) of the training is done."""
    rng = generator("glimpse", seed, index)
    late = max(0.0, (progress - FIRST) / (1 - FIRST))
    shares = np.array([first if progress < FIRST else second + (third - second) * late for first, second, third, _ in
                       MIX.values()])
    part = list(MIX)[int(rng.choice(len(shares), p=shares / shares.sum()))]
    return MIX[part][3](rng)


def vocabulary(*, num_talks: int = 3000) -> Any:
    """The tokenizer of this corpus."""
    from saccade.glimpse.tokenizer import call_text, learn, preamble

    talks = [talk(seed=-1, index=index) for index in range(num_talks)]
    texts = [message.text for each in talks for message in each.messages]
    calls = [call_text(call.name, call.arguments) for each in talks for message in each.messages for call in message.calls]
    others = [preamble([zoom_schema(frame, label)]) for frame in FRAMES for label in (False, True)]
    names = (*COLOURS, *KINDS, *PLURAL.values())
    return learn(texts, [*calls[:200], *[preamble([zoom_schema()])] * 4, *others], names=names)
