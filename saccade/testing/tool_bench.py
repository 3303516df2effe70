"""Call a tool as the runner does, on one picture: arguments checked, mistakes as text, results as size or text."""

from __future__ import annotations

import asyncio
from typing import Any

from saccade.core.episode import Limits
from saccade.core.message import Image, ToolCall
from saccade.core.sample import Sample
from saccade.core.seed import generator
from saccade.core.tool import Tool, opened
from saccade.media import open_store
from saccade.rollout.context import AttemptContext, Ledger
from saccade.rollout.waiting import Clock
from saccade.sandbox.chosen import chosen

SIZE = (192, 144)
"""Width and height of the picture in px."""


def call_on_picture(tool: Tool, arguments: dict[str, Any]) -> tuple[int, int] | str:
    """Size of the picture that the call shows, or the text of its result or error."""
    import numpy as np
    from PIL import Image as PILImage

    noise = generator("tool bench").integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    store = open_store()
    image = store.put(PILImage.fromarray(noise))
    tool = opened(tool)
    names = ("tool bench", tool.name)
    context = AttemptContext(
        sample=Sample(id="bench", prompt=()), limits=Limits(), tools=(tool,), store=store, clock=Clock(),
        ledger=Ledger(images=(image,), offered=(tool,)), rng=generator(*names), names=names,
        sandbox=chosen(),
    )
    try:
        message = asyncio.run(context.call(ToolCall(name=tool.name, arguments=arguments)))
    finally:
        if tool.close is not None:
            tool.close()
    shown: list[Image] = list(message.images)
    return store.size(shown[0].ref) if shown else message.text
