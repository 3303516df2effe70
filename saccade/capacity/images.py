"""How many tokens a picture takes: asked of the family's own arithmetic, with the settings its processor ships with."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from saccade.capacity.shapes import Shape
from saccade.models.families.gemma import Gemma
from saccade.models.families.internvl import InternVL
from saccade.models.families.qwen import Qwen
from saccade.models.families.smolvlm import SmolVLM
from saccade.models.family import Family

SHIPPED: dict[str, dict[str, Any]] = {
    "qwen2_5_vl": {"size": {"shortest_edge": 56 * 56, "longest_edge": 28 * 28 * 16384}},
    "qwen3_vl": {"size": {"shortest_edge": 256 * 256, "longest_edge": 4096 * 4096}},
    "internvl": {"min_patches": 1, "max_patches": 12},
}
"""Bounds in the processor settings of the published checkpoints, where a family has any."""


def image_tokens(shape: Shape, size: tuple[int, int], *, min_pixels: int | None = None, max_pixels: int | None = None,
                 folder: Path | None = None) -> int:
    """Tokens of one image of (width, height), those around it included. `folder` has settings of its own.

    Raises ValueError for a size that the family cannot take.
    """
    settings = {**SHIPPED.get(shape.family, {}), **settings_in(folder)}
    return len(family_of(shape, settings, min_pixels, max_pixels).expand(size).tokens)


def settings_in(folder: Path | None) -> dict[str, Any]:
    path = (folder or Path()) / "preprocessor_config.json"
    if folder is None or not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not readable JSON: {error}") from error


def family_of(shape: Shape, settings: dict[str, Any], min_pixels: int | None, max_pixels: int | None) -> Family:
    """The family with the ids of its tokens left blank: only how many there are matters here."""
    vision = shape.vision
    blank: dict[str, Any] = {"name": shape.family, "marker": "", "marker_id": 0, "placeholder": 0, "banned": (),
                             "processor_key": ""}
    if shape.family.startswith("qwen"):
        bounds = settings["size"]
        processor = SimpleNamespace(patch_size=vision.patch, size={
            "shortest_edge": min_pixels or settings.get("min_pixels") or bounds["shortest_edge"],
            "longest_edge": max_pixels or settings.get("max_pixels") or bounds["longest_edge"],
        })
        return Qwen(**blank, processor=processor, merge=vision.merge, axes=3)
    if shape.family == "internvl":
        processor = SimpleNamespace(min_patches=settings["min_patches"], max_patches=settings["max_patches"])
        return InternVL(**blank, processor=processor, start=0, end=0, tile=(vision.side, vision.side), per_tile=shape.tokens)
    if shape.family == "gemma3":
        return Gemma(**blank, processor=None, start=0, end=0, count=shape.tokens)
    longest = settings.get("size", {}).get("longest_edge") or 4 * vision.side
    processor = SimpleNamespace(do_image_splitting=True, do_resize=True, size={"longest_edge": longest})
    return SmolVLM(**blank, processor=processor, fence=0, whole=0, tile_names=(((0,),) * 6,) * 6, row_end=(0,),
                   grid_end=(0,), tile=vision.side, per_tile=shape.tokens)
