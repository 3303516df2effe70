"""Samples, calls and a policy of bytes."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from PIL import Image as PILImage

from saccade.core import Image, Sample, user
from saccade.media import open_store
from saccade.testing.replay import ByteRenderer


def call(name: str, **arguments) -> str:
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments})}</tool_call>"


@cache
def picture(width: int = 256, height: int = 192, seed: int = 0) -> PILImage.Image:
    values = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    return PILImage.fromarray(values)


def question(text: str = "Which digit?", id: str = "s", pixels: PILImage.Image | None = None, **more) -> Sample:
    image = Image(ref=f"lazy:{id}", data=pixels or picture())
    return Sample(id=id, prompt=(user(image, text),), target="4", **more)


@pytest.fixture
def store():
    return open_store()


@pytest.fixture
def renderer():
    return ByteRenderer()
