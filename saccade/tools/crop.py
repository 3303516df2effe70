"""Zoom in: cut a box out of a picture and show it as a new picture (arXiv 2505.14362 and its relatives).

What published zoom tools differ in are settings here: the frame the model writes boxes in, which picture is cut, padding,
the smallest side, enlargement and the narrowest shape. The cut knows its place in the root image, so a box found in a
crop of a crop can still be scored.
"""

from __future__ import annotations

from typing import Literal

from saccade.core.episode import Context
from saccade.core.message import Box, Frame, Image
from saccade.core.tool import Tool, ToolError, tool
from saccade.media import boxes
from saccade.media import image as pictures

ABOUT: dict[str, str] = {
    "px": "in pixels",
    "unit": "in fractions of width and height, 0 to 1",
    "per_mille": "in thousandths of width and height, 0 to 1000",
    "grid": "as grid lines",
}


def crop(
    *,
    frame: Frame = "px",
    bins: int = 16,
    target: Literal["root", "indexed"] = "root",
    padding: float = 0.0,
    min_side_px: int = 1,
    enlarge: float = 1.0,
    max_aspect: float = 100.0,
    label: bool = True,
    name: str = "image_zoom_in_tool",
    description: str | None = None,
    cost: float = 1.0,
) -> Tool:
    """Make the zoom tool.

    frame, bins: how the model writes boxes
    target:      ``root`` always cuts the first picture shown; ``indexed`` adds an argument `target_image` (1-based)
    padding:     share of the box's own width and height added on each side
    min_side_px: smaller cuts are grown about their middle; enlarge: how much the cut is scaled up
    max_aspect:  longer boxes are refused
    label:       whether the model may name what it looks for
    description: what the model reads about the tool; short ones save prompt tokens
    """

    def cut(image: Image, bbox_2d: Box, context: Context) -> Image:
        pixels = context.store.get(image.ref)
        x1, y1, x2, y2 = boxes.clip(boxes.to_pixels(bbox_2d, pixels.size, bins=bins), pixels.size)
        if x1 >= x2 or y1 >= y2:
            raise ToolError(
                f"the box {_text(bbox_2d)} lies outside the image of {pixels.width} x {pixels.height} pixels; "
                f"boxes are [x1, y1, x2, y2] {ABOUT[frame]}"
            )
        if max((x2 - x1) / (y2 - y1), (y2 - y1) / (x2 - x1)) > max_aspect:
            raise ToolError(f"the box {_text(bbox_2d)} is too narrow: one side is over {max_aspect:g} times the other")
        part, placed = pictures.crop(pixels, (x1, y1, x2, y2), padding=padding, min_side_px=min_side_px)
        if enlarge != 1.0:
            size = (max(1, round(part.width * enlarge)), max(1, round(part.height * enlarge)))
            placed = (part.width / size[0], part.height / size[1], placed[2], placed[3])
            part = part.resize(size, pictures.PILImage.Resampling.BICUBIC)
        return context.store.put(part, parent=image, to_parent=placed)

    about = description or (
        f"Zoom in on a region of {'the' if target == 'root' else 'an'} image. The box is [x1, y1, x2, y2] {ABOUT[frame]}."
    )
    settings = {"name": name, "cost": cost, "frame": frame, "bins": bins}

    if target == "indexed":

        def labelled_indexed(bbox_2d: Box, context: Context, target_image: Image | None = None, label: str = "") -> Image:
            """Zoom in.

            Args:
                bbox_2d: Region to show.
                target_image: Number of the image, 1 for the first.
                label: What to look for.
            """
            return cut(target_image or context.image(1), bbox_2d, context)

        made = tool(labelled_indexed, **settings)
    else:

        def labelled(bbox_2d: Box, context: Context, label: str = "") -> Image:
            """Zoom in.

            Args:
                bbox_2d: Region to show.
                label: What to look for.
            """
            return cut(context.image(1), bbox_2d, context)

        made = tool(labelled, **settings)
    return trimmed(made, about, label)


def trimmed(made: Tool, about: str, label: bool) -> Tool:
    """The tool with its description, and without `label` in the schema where the model is not asked for one."""
    from dataclasses import replace

    properties = {key: value for key, value in made.parameters["properties"].items() if label or key != "label"}
    return replace(made, description=about, parameters={**made.parameters, "properties": properties})


def _text(box: Box) -> str:
    return "[" + ", ".join(f"{edge:g}" for edge in box.xyxy) + "]"


EXAMPLES = [
    ({"bbox_2d": [0, 0, 64, 48]}, (64, 48)),
    ({"bbox_2d": "[100, 50, 160, 110]", "label": "a card"}, (60, 60)),
    ({"bbox_2d": [150, 100, 900, 900]}, (42, 44)),
    ({"bbox_2d": [500, 500, 600, 600]}, "outside the image"),
    ({"bbox_2d": [60, 10, 20, 40]}, "is empty"),
]
