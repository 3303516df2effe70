"""Rooms with a question that one picture does not answer, and a policy that chooses the view.

Views are rendered by the camera tool; a script puts into words which blocks a picture shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from types import SimpleNamespace
from typing import Literal

import numpy as np
from PIL import Image as PILImage

import saccade as sc
from saccade import tools, worlds
from saccade.media import open_store, space
from saccade.worlds.marks import COLOURS

TRAIN, TEST = (40, 48), (4, 96)
"""Seed and number of rooms, the same for every arm and seed."""

VIEWS = {f"{view}:{azimuth}:{elevation}": (view, azimuth, elevation)
         for view in ("ego", "global") for azimuth in range(-135, 181, 45) for elevation in (-30, 0, 30)}
LEAST_PX = 6
"""Pixels of a block from which on the script says that it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """A source, made when it is asked for: rendering is slow."""

    seed: int
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> sc.Sample:
        return room(self.seed, index)


@lru_cache(maxsize=512)
def room(seed: int, index: int) -> sc.Sample:
    """A room with a question that speaks of what one picture does not show as it is asked."""
    found = worlds.rooms.source(size=index + 1, seed=seed, level="easy", size_px=64, least=3, most=4,
                                topics=("behind", "hidden"))[index]
    topic = "hidden" if found.prompt[0].text == "Which block is hidden?" else "behind"
    asked = tuple(word for word in found.prompt[0].text.replace("?", "").split() if word in COLOURS)
    meta = {**found.meta, "topic": topic, "asked": asked, "first": shown(found.images[0].data), "source": (seed, index)}
    return replace(found, prompt=(sc.user(topic),), meta=meta)


def shown(pixels: PILImage.Image) -> dict[str, float]:
    """Blocks in a picture, by colour: how far from its left edge, px. Faces have the colours of blocks, darker by side."""
    values = np.asarray(pixels.convert("RGB")).astype(float)
    out: dict[str, float] = {}
    for name, rgb in COLOURS.items():
        near = [np.abs(values - np.array(rgb) * shade).max(-1) <= 3 for shade in space.SHADE]
        columns = np.nonzero(np.any(near, axis=0))[1]
        if len(columns) >= LEAST_PX:
            out[name] = float(columns.mean())
    return out


def said(sample: sc.Sample, blocks: dict[str, float]) -> str:
    """What a view tells about the question, in words."""
    if sample.meta["topic"] == "hidden":
        new = [name for name in blocks if name not in sample.meta["first"]]
        return f"new here: {new[0]}" if len(new) == 1 else "nothing new"
    one, other = sample.meta["asked"]
    if one not in blocks or other not in blocks:
        return "not both here"
    return "the first looks left" if blocks[one] < blocks[other] else "the first looks right"


@lru_cache(maxsize=1 << 14)
def seen(seed: int, index: int, view: str, azimuth: float, elevation: float) -> tuple[tuple[str, float], ...]:
    """Blocks in a rendered view of a room; the tool renders."""
    store = open_store()
    made = tools.move_camera().function(azimuth=azimuth, elevation=elevation, view=view,
                                        context=SimpleNamespace(sample=room(seed, index), store=store))
    return tuple(shown(store.get(made.ref)).items())


def camera(*, other: bool = False) -> sc.Tool:
    """`tools.move_camera` with its picture put into words; other: it stands in the next room."""

    @sc.tool(name="move_camera")
    async def moved(azimuth: float, elevation: float, view: Literal["ego", "global"], context: sc.Context) -> str:
        """Look at the scene from another direction.

        Args:
            azimuth: degrees to the right
            elevation: degrees upwards
            view: on the spot, or from outside
        """
        seed, index = context.sample.meta["source"]
        return said(context.sample, dict(seen(seed, (index + 1) % TRAIN[1] if other else index, view, azimuth, elevation)))

    return moved


@sc.episode
async def viewing(sample: sc.Sample, context: sc.Context, *, views: str = "chosen"):
    """The first picture in words, a view, what it tells, the answer. views: ``chosen``, ``random`` or ``none``."""
    begin = f"{sample.meta['topic']}: {said(sample, sample.meta['first'])}"
    message = yield sc.show(begin, tools=context.tools)
    if views == "none":
        return
    word = sorted(VIEWS)[int(context.rng.integers(len(VIEWS)))] if views == "random" else message.text
    if word not in VIEWS:
        yield sc.show("no view")
        return
    view, azimuth, elevation = VIEWS[word]
    yield sc.show(await context.call(sc.ToolCall(
        name="move_camera", arguments={"azimuth": azimuth, "elevation": elevation, "view": view})))
