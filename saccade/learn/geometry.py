"""Placeholders, grids and rotary positions, held against what the image processor makes of the stored pixels.

Positions are drawn anew here as a raster over the recorded grid, by arithmetic that shares nothing with the families.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from saccade.core.engine import MediaSpan, Prompt
from saccade.learn.evidence import BlindError
from saccade.learn.learner import Learner
from saccade.models.family import check_spans


def check_geometry(learner: Learner, prompts: Sequence[Prompt], *, source: str = "") -> int:
    """Placeholders, grids and rotary positions against what the image processor makes of the stored pixels.

    Returns how many images were looked at.
    """
    family, store = learner.policy.family, learner.store
    checked = 0
    for prompt in prompts:
        try:
            check_spans(family, prompt)
        except ValueError as error:
            raise BlindError(f"{source}: placeholder count: {error}") from error
        for span in prompt.media:
            check_span(learner, span, source)
            checked += 1
        expected = raster(prompt, family.axes)
        actual = family.positions(prompt)
        if expected is not None and not np.array_equal(expected, actual):
            at = int(np.argmax((expected != actual).any(0)))
            inside = next((span for span in prompt.media if span.start <= at < span.start + span.length), None)
            raise BlindError(
                f"{source}: wrong rotary grid: token {at} stands at {actual[:, at].tolist()}, it should be at "
                f"{expected[:, at].tolist()}"
                + (f" (image {inside.ref} of {store.size(inside.ref)} pixels, grid {inside.inputs})" if inside else "")
            )
    return checked


def check_span(learner: Learner, span: MediaSpan, source: str) -> None:
    family, store = learner.policy.family, learner.store
    pixels = store.get(span.ref)
    key = ("checked", span.ref, family.processor_key)
    made = store.patches.get(key)
    if made is None:
        made = {name: value for name, value in family.patches(pixels).items() if name == "grid"}
        store.patches.put(key, made, 64)
    if "grid" in made and "grid" in span.inputs and list(map(int, made["grid"])) != list(span.inputs["grid"]):
        raise BlindError(
            f"{source}: wrong rotary grid: image {span.ref} of {pixels.size} pixels has the patch grid "
            f"{list(map(int, made['grid']))}, {list(span.inputs['grid'])} was recorded"
        )
    expected = features_of(family, made, pixels.size)
    if expected is not None and expected != span.features:
        raise BlindError(
            f"{source}: placeholder count is off by {span.features - expected:+d}: image {span.ref} of {pixels.width} x "
            f"{pixels.height} pixels gives {expected} features, its span holds {span.features} placeholders"
        )


def features_of(family: Any, made: Mapping[str, Any], size: tuple[int, int]) -> int | None:
    """How many feature vectors an image of this size gives, from the processor's own grid where there is one."""
    merge = getattr(family.processor, "merge_size", None)
    if "grid" in made and merge:
        return int(np.prod(made["grid"])) // merge**2
    return sum(family.expand(size).feature_mask)


def raster(prompt: Prompt, axes: int) -> np.ndarray | None:
    """Positions int64[A, T] drawn anew: text goes on by one on all axes; with three axes an image is a raster of its merged
    grid, and text goes on after its longer side. None where an image of a three-axis family records no grid."""
    if axes == 1:
        return np.arange(len(prompt.tokens), dtype=np.int64)[None]
    out = np.zeros((axes, len(prompt.tokens)), dtype=np.int64)
    at = done = 0
    for span in prompt.media:
        if "grid" not in span.inputs:
            return None
        frames, tall, wide = span.inputs["grid"]
        merge = round((frames * tall * wide / span.features) ** 0.5)
        rows, columns = tall // merge, wide // merge
        out[:, done : span.start] = at + np.arange(span.start - done)
        at += span.start - done
        for token in range(span.length):
            row, column = divmod(token % (rows * columns), columns)
            out[:, span.start + token] = at + token // (rows * columns), at + row, at + column
        at, done = at + max(frames, rows, columns), span.start + span.length
    out[:, done:] = at + np.arange(len(prompt.tokens) - done)
    return out
