"""The corpus of glimpse: an endless stream of short conversations, item i a function of (seed, i).

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


MIX: dict[str, tuple[float, Part]] = {
    "scenes": (0.18, views.scenes),
    "charts": (0.07, views.charts),
    "tables": (0.05, views.tables),
    "text": (0.09, views.text),
    "mazes": (0.04, views.mazes),
    "pairs": (0.08, views.pairs),
    "clips": (0.06, views.clips),
    "find": (0.10, cards.find),
    "read_large": (0.05, cards.read_large),
    "read_crop": (0.10, cards.read_crop),
    "guess": (0.02, cards.guess),
    "look_well": (0.10, cards.look_well),
    "look_sloppily": (0.06, cards.look_sloppily),
}


def talk(seed: int, index: int) -> Talk:
    """Conversation `index` of the stream."""
    rng = generator("glimpse", seed, index)
    shares = np.array([share for share, _ in MIX.values()])
    part = list(MIX)[int(rng.choice(len(shares), p=shares / shares.sum()))]
    return MIX[part][1](rng)


def vocabulary(*, num_talks: int = 3000) -> Any:
    """The tokenizer of this corpus."""
    from saccade.glimpse.tokenizer import call_text, learn, preamble

    talks = [talk(seed=-1, index=index) for index in range(num_talks)]
    texts = [message.text for each in talks for message in each.messages]
    calls = [call_text(call.name, call.arguments) for each in talks for message in each.messages for call in message.calls]
    others = [preamble([zoom_schema(frame, label)]) for frame in FRAMES for label in (False, True)]
    names = (*COLOURS, *KINDS, *PLURAL.values())
    return learn(texts, [*calls[:200], *[preamble([zoom_schema()])] * 4, *others], names=names)
