"""Point at a place: a mark on the picture that says what the model means.

The place is recorded in pixels of the root image (`ToolEvent.points_xy`), so that pointing can be scored.
"""

from __future__ import annotations

from saccade.core.episode import Context
from saccade.core.message import Frame, Image, Point
from saccade.core.tool import Tool, tool
from saccade.media.draw import PALETTE, draw_points
from saccade.tools._pictures import picture, spot


def point(*, frame: Frame = "px", bins: int = 16, radius_px: int | None = None, name: str = "point") -> Tool:
    """Make the tool. Points set earlier stay where the model names the marked picture as its target."""

    def set_point(point_2d: Point, context: Context, target_image: Image | None = None, label: str = "") -> Image:
        """Mark a point on an image and show the marked image.

        Args:
            point_2d: Point [x, y] to mark.
            target_image: Number of the image, 1 for the first.
            label: Text to write beside the point.
        """
        image, pixels = picture(context, target_image)
        at = spot(point_2d, pixels.size, bins)
        labels = (label,) if label.strip() else ()
        colours = (PALETTE[context.call_number % len(PALETTE)],)
        shown = draw_points(pixels, [at], labels=labels, colours=colours, radius_px=radius_px)
        return context.store.put(shown, parent=image)

    return tool(set_point, name=name, frame=frame, bins=bins)


EXAMPLES = [
    ({"point_2d": [96, 72], "label": "nose"}, (192, 144)),
    ({"point_2d": "<8><8>"}, (192, 144)),
    ({"point_2d": [0.5, 1.2]}, "outside the image", {"frame": "unit"}),
    ({"point_2d": [1, 2, 3]}, "two finite numbers"),
]
