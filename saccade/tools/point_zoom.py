"""Zoom in at a point: a square about it, scaled to one size, so that a look is two numbers (arXiv 2505.23678)."""

from __future__ import annotations

from PIL import Image as PILImage

from saccade.core.episode import Context
from saccade.core.message import Frame, Image, Point
from saccade.core.tool import Tool, tool
from saccade.media.draw import draw_points
from saccade.media.image import crop
from saccade.tools._pictures import IN_WORDS, picture, spot


def point_zoom(
    *, reach_px: int = 50, shown_px: int = 384, dot: bool = False, frame: Frame = "px", bins: int = 16,
    name: str = "search_coordinate", cost: float = 1.0,
) -> Tool:
    """Make the tool.

    reach_px: half the side of the square that is cut; at the border it is moved inwards, so that it stays whole
    shown_px: side of the picture that is shown
    dot:      mark the point with a red dot
    """

    def look(coordinate: Point, context: Context, target_image: Image | None = None) -> Image:
        """Zoom in at a point.

        Args:
            coordinate: Point [x, y] to look at.
            target_image: Number of the image, 1 for the first.
        """
        image, pixels = picture(context, target_image)
        x, y = spot(coordinate, pixels.size, bins)
        x, y = min(x, pixels.width - 1), min(y, pixels.height - 1)
        part, placed = crop(pixels, (x - 0.5, y - 0.5, x + 0.5, y + 0.5), min_side_px=2 * reach_px)
        size = (shown_px * part.width // max(part.size) or 1, shown_px * part.height // max(part.size) or 1)
        scale_x, scale_y = part.width / size[0], part.height / size[1]
        shown = part.resize(size, PILImage.Resampling.BICUBIC)
        if dot:
            at = ((x - placed[2]) / scale_x, (y - placed[3]) / scale_y)
            shown = draw_points(shown, [at], colours=("#e6194b",), radius_px=7)
        return context.store.put(shown, parent=image, to_parent=(scale_x, scale_y, placed[2], placed[3]))

    made = tool(look, name=name, cost=cost, frame=frame, bins=bins)
    made.parameters["properties"]["coordinate"]["description"] = f"Point [x, y] to look at, {IN_WORDS[frame]}."
    return made


EXAMPLES = [
    ({"coordinate": [96, 72]}, (384, 384)),
    ({"coordinate": [0, 0]}, (64, 64), {"reach_px": 20, "shown_px": 64, "dot": True}),
    ({"coordinate": [96, 72]}, (100, 75), {"reach_px": 500, "shown_px": 100}),
    ({"coordinate": [193, 72]}, "outside the image"),
]
