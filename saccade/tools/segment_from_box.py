"""Outline the thing in a box: its area as text, its shape laid over the picture."""

from __future__ import annotations

import numpy as np
from PIL import Image as PILImage
from PIL import ImageColor, ImageFilter

from saccade.clients.sight import Outlines, classical
from saccade.core.episode import Context
from saccade.core.message import Box, Frame, Image, Part, Text
from saccade.core.tool import Tool, ToolError, tool
from saccade.media.draw import PALETTE
from saccade.tools._pictures import inside, picture, written
from saccade.tools._seen import seen


def segment_from_box(
    *, client: Outlines | None = None, frame: Frame = "px", bins: int = 16, name: str = "segment_from_box",
    cost: float = 1.0,
) -> Tool:
    """Make the tool. `client` is one that can `outline`; without one, a box is flooded up to its edges (extra `vision`)."""
    eye = client or classical()

    def segment(bbox_2d: Box, context: Context, target_image: Image | None = None) -> list[Part]:
        """Outline the thing in a box of an image. Shows it coloured and gives its area and its tight box.

        Args:
            bbox_2d: Box [x1, y1, x2, y2] around the thing.
            target_image: Number of the image, 1 for the first.
        """
        image, pixels = picture(context, target_image)
        mask = eye.outline(seen(context, image), inside(bbox_2d, pixels.size, bins))
        if mask is None or not mask.any():
            raise ToolError("nothing stands out in this box; try a box that holds the whole thing and a little around it")
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        tight = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
        text = f"{int(mask.sum())} px of {mask.size}, in the box {written(tight, pixels.size, frame, bins)}"
        return [context.store.put(overlaid(pixels, mask), parent=image), Text(text=text)]

    return tool(segment, name=name, frame=frame, bins=bins, cost=cost)


def overlaid(pixels: PILImage.Image, mask: np.ndarray) -> PILImage.Image:
    """The picture with a mask bool[H, W] laid over it, half transparent, its edge opaque, in a colour the thing has not."""
    own = np.asarray(pixels)[mask].mean(0)
    colour = max(PALETTE, key=lambda each: float(np.abs(own - ImageColor.getrgb(each)).sum()))
    area = PILImage.fromarray(mask.astype(np.uint8) * 255)
    edge_px = 2 * max(1, round(min(pixels.size) / 300)) + 1
    edge = np.asarray(area.filter(ImageFilter.MaxFilter(edge_px))) != np.asarray(area.filter(ImageFilter.MinFilter(edge_px)))
    shown = pixels.copy()
    shown.paste(colour, mask=PILImage.fromarray(mask.astype(np.uint8) * 110))
    shown.paste(colour, mask=PILImage.fromarray(edge.astype(np.uint8) * 255))
    return shown


EXAMPLES = [
    ({"bbox_2d": [40, 30, 150, 110]}, (192, 144)),
    ({"bbox_2d": [300, 30, 350, 110]}, "outside the image"),
    ({"bbox_2d": [10, 10, 11, 11]}, "nothing stands out"),
]
