"""What tools on pictures share: the picture a call is about, and places in it that the model wrote."""

from __future__ import annotations

from PIL import Image as PILImage

from saccade.core.episode import Context
from saccade.core.message import Box, Frame, Image, Point
from saccade.core.tool import ToolError
from saccade.media import boxes

Size = tuple[int, int]

IN_WORDS: dict[str, str] = {
    "px": "in pixels",
    "unit": "in fractions of width and height, 0 to 1",
    "per_mille": "in thousandths of width and height, 0 to 1000",
    "grid": "as grid lines",
}
"""How a frame is told to the model."""


def picture(context: Context, image: Image | None) -> tuple[Image, PILImage.Image]:
    """The image that was named, else the first one, and its pixels."""
    image = image or context.image(1)
    return image, context.store.get(image.ref)


def inside(box: Box, size: Size, bins: int) -> boxes.Pixels:
    """The part of a box inside a picture, in its pixels. Raises ToolError where there is none."""
    clipped = boxes.clip(boxes.to_pixels(box, size, bins=bins), size)
    if boxes.area(clipped) <= 0:
        raise ToolError(f"the box {list(box.xyxy)} lies outside the image of {size[0]} x {size[1]} pixels")
    return clipped


def spot(point: Point, size: Size, bins: int) -> tuple[float, float]:
    """A place in pixels of a picture; its far edges count as inside. Raises ToolError for one outside."""
    x, y = boxes.point_to_pixels(point, size, bins=bins)
    if not (0 <= x <= size[0] and 0 <= y <= size[1]):
        raise ToolError(f"the point {list(point.xy)} lies outside the image of {size[0]} x {size[1]} pixels")
    return x, y


def written(box_xyxy: boxes.Pixels, size: Size, frame: Frame, bins: int) -> str:
    """A box of a picture, as the model writes boxes: whole numbers, fractions with three digits, or grid tokens."""
    if frame == "grid":
        return "".join(f"<{edge}>" for edge in boxes.grid_edges(box_xyxy, size, bins=bins))
    digits = 3 if frame == "unit" else 0
    edges = boxes.from_pixels(box_xyxy, size, frame=frame, bins=bins).xyxy
    return f"[{', '.join(f'{edge:.{digits}f}' for edge in edges)}]"
