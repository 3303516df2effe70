"""An attempt with pictures of its own, to call tools in."""

import asyncio

import numpy as np
from PIL import Image as PILImage

from saccade.core import Limits, Sample, ToolCall
from saccade.core.seed import generator
from saccade.media import open_store
from saccade.rollout.context import AttemptContext, Ledger
from saccade.rollout.waiting import Clock


def attempt(*tools, pictures=None, sample=None, store=None):
    """A context that has shown `pictures` (PIL), else those of the sample, else one of 320 x 200 px."""
    store = store or open_store()
    if sample is not None and pictures is None:
        shown = [store.adopt(image) for image in sample.images]
    else:
        shown = [store.put(each, source="input") for each in pictures or (ramp(320, 200),)]
    return AttemptContext(
        sample=sample or Sample(id="bench", prompt=()), limits=Limits(), tools=tools, store=store, clock=Clock(),
        ledger=Ledger(images=tuple(shown), offered=tools), rng=generator("bench"), names=("bench",))


def ramp(width, height):
    """Every pixel says where it is: red is x, green is y."""
    x, y = np.meshgrid(np.arange(width) % 256, np.arange(height) % 256)
    return PILImage.fromarray(np.stack([x, y, np.zeros_like(x)], -1).astype(np.uint8))


def call(context, tool, **arguments):
    """The message that a call gives; its pictures count as shown."""
    message = asyncio.run(context.call(ToolCall(name=tool.name, arguments=arguments)))
    context.ledger.images += message.images
    return message


def pixels(context, message):
    return np.asarray(context.store.get(message.images[0].ref))
