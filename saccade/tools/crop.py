"""Zoom in: cut a box out of a picture and show it as a new picture (arXiv 2505.14362 and its relatives).

What published zoom tools differ in are settings here: the frame the model writes boxes in, which picture is cut and from
which pixels, padding, the smallest side, enlargement and the narrowest shape. The cut knows its place in the root image, so
that a box found in a crop of a crop can still be scored.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from PIL import Image as PILImage

from saccade.core.episode import Context
from saccade.core.message import IDENTITY, Affine, Box, Frame, Image
from saccade.core.tool import Tool, ToolError, tool
from saccade.media import boxes
from saccade.media.image import WHOLE_PIXELS
from saccade.media.image import crop as cut_out
from saccade.tools._pictures import IN_WORDS


def crop(
    *,
    frame: Frame = "px",
    bins: int = 16,
    target: Literal["root", "indexed", "last"] = "root",
    from_root: bool = False,
    padding: float = 0.0,
    min_side_px: int = 1,
    enlarge: float | Callable[[float], float] = 1.0,
    max_aspect: float = 100.0,
    label: bool = True,
    description: str | None = None,
    name: str = "image_zoom_in_tool",
    cost: float = 1.0,
) -> Tool:
    """Make the zoom tool.

    frame, bins: how the model writes boxes
    target:      ``root`` always cuts the first picture shown, ``last`` the last one; ``indexed`` adds an argument
                 `target_image` (1-based)
    from_root:   cut the pixels of the root image, at its own size, where the picture itself was scaled, cut or mirrored
    padding:     share of the box's own width and height added on each side
    min_side_px: smaller cuts are grown about their middle
    enlarge:     how much the cut is scaled up, or a function of its share of the picture's area (`by_area`)
    max_aspect:  boxes with longer sides than this many times the other are refused
    label:       whether the model may name what it looks for
    description: what the model reads about the tool instead of ours; a short one saves prompt tokens
    """

    def zoom(bbox_2d: Box, context: Context, target_image: Image | None = None, label: str = "") -> Image:
        """Zoom in.

        Args:
            bbox_2d: Region to show.
            target_image: Number of the image, 1 for the first.
            label: What to look for.
        """
        image = target_image or (context.images[-1] if target == "last" and context.images else context.image(1))
        pixels = context.store.get(image.ref)
        x1, y1, x2, y2 = box = boxes.clip(boxes.to_pixels(bbox_2d, pixels.size, bins=bins), pixels.size)
        written = f"the box [{', '.join(f'{edge:g}' for edge in bbox_2d.xyxy)}]"
        if x1 >= x2 or y1 >= y2:
            raise ToolError(
                f"{written} lies outside the image of {pixels.width} x {pixels.height} pixels; "
                f"boxes are [x1, y1, x2, y2] {IN_WORDS[frame]}"
            )
        if (x2 - x1) > max_aspect * (y2 - y1) or (y2 - y1) > max_aspect * (x2 - x1):
            raise ToolError(f"{written} is too narrow: no side may be over {max_aspect:g} times the other")
        turned = IDENTITY
        if from_root and image.root is not None and image.root in context.store:
            box, turned = boxes.to_root(box, image.to_root), image.to_root
            image = replace(image, ref=image.root, root=None, to_root=IDENTITY)
            pixels = context.store.get(image.ref)
        part, placed = cut_out(pixels, box, padding=padding, min_side_px=min_side_px)
        part, placed = mirrored(part, placed, across=turned[0] < 0, down=turned[1] < 0)
        times = enlarge(boxes.area(box) / (pixels.width * pixels.height)) if callable(enlarge) else enlarge
        if times != 1.0:
            times = min(times, max(1.0, math.sqrt(WHOLE_PIXELS / (part.width * part.height))))
            size = (max(1, round(part.width * times)), max(1, round(part.height * times)))
            placed = (placed[0] * part.width / size[0], placed[1] * part.height / size[1], placed[2], placed[3])
            part = part.resize(size, PILImage.Resampling.BICUBIC)
        return context.store.put(part, parent=image, to_parent=placed)

    made = tool(zoom, name=name, cost=cost, frame=frame, bins=bins)
    hidden = {*(() if label else ("label",)), *(() if target == "indexed" else ("target_image",))}
    properties = {key: value for key, value in made.parameters["properties"].items() if key not in hidden}
    which = {"root": "the image", "indexed": "an image", "last": "the last image"}[target]
    about = description or f"Zoom in on a region of {which}. The box is [x1, y1, x2, y2] {IN_WORDS[frame]}."
    return replace(made, description=about, parameters={**made.parameters, "properties": properties})


def by_area(share: float) -> float:
    """Enlarge small cuts: twice below an eighth of the picture, not at all from half of it on (VLM-R^3)."""
    return min(max(2.0 - (share - 0.125) / 0.375, 1.0), 2.0)


def mirrored(part: PILImage.Image, placed: Affine, *, across: bool, down: bool) -> tuple[PILImage.Image, Affine]:
    """The cut as it looks in a mirrored picture, and its place in what it was cut from."""
    sx, sy, ox, oy = placed
    if across:
        part, sx, ox = part.transpose(PILImage.Transpose.FLIP_LEFT_RIGHT), -sx, ox + part.width
    if down:
        part, sy, oy = part.transpose(PILImage.Transpose.FLIP_TOP_BOTTOM), -sy, oy + part.height
    return part, (sx, sy, ox, oy)


EXAMPLES = [
    ({"bbox_2d": [0, 0, 64, 48]}, (64, 48)),
    ({"bbox_2d": "[100, 50, 160, 110]", "label": "a card"}, (60, 60)),
    ({"bbox_2d": [150, 100, 900, 900]}, (42, 44)),
    ({"bbox_2d": [500, 500, 600, 600]}, "outside the image"),
    ({"bbox_2d": [60, 10, 20, 40]}, "is empty"),
    ({"bbox_2d": [0, 0, 190, 1]}, "too narrow"),
    ({"bbox_2d": [10, 10, 40, 30]}, (60, 60), {"enlarge": 2.0, "min_side_px": 30}),
    ({"bbox_2d": "<4><4><8><12>"}, (48, 72), {"frame": "grid"}),
    ({"bbox_2d": [10, 10, 40, 30]}, (60, 40), {"target": "last", "enlarge": by_area, "from_root": True}),
]
