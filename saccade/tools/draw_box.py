"""Draw a box on a picture and look at it again: a mark the model sets for itself."""

from __future__ import annotations

from saccade.core.episode import Context
from saccade.core.message import Box, Frame, Image
from saccade.core.tool import Tool, tool
from saccade.media.draw import PALETTE, draw_boxes
from saccade.tools._pictures import inside, picture


def draw_box(*, frame: Frame = "px", bins: int = 16, width_px: int | None = None, name: str = "draw_box") -> Tool:
    """Make the tool. Marks drawn earlier stay where the model names the marked picture as its target."""

    def mark(bbox_2d: Box, context: Context, target_image: Image | None = None, label: str = "") -> Image:
        """Draw a box on an image and show the marked image.

        Args:
            bbox_2d: Box [x1, y1, x2, y2] to draw.
            target_image: Number of the image to draw on, 1 for the first.
            label: Text to write beside the box.
        """
        image, pixels = picture(context, target_image)
        box = inside(bbox_2d, pixels.size, bins)
        labels = (label,) if label.strip() else ()
        colours = (PALETTE[context.call_number % len(PALETTE)],)
        return context.store.put(draw_boxes(pixels, [box], labels=labels, colours=colours, width_px=width_px), parent=image)

    return tool(mark, name=name, frame=frame, bins=bins)


EXAMPLES = [
    ({"bbox_2d": [10, 10, 60, 60], "label": "here"}, (192, 144)),
    ({"bbox_2d": [300, 10, 400, 60]}, "outside the image"),
    ({"bbox_2d": [10, 10, 60, 60], "target_image": 9}, "no image 9"),
]
