"""Draw a line on a picture: a path through a maze (arXiv 2506.09965), or a helper line across a chart (arXiv 2505.08617).

`across` makes the two helper lines of chart tools: the model then writes one number, and the line runs through the whole
picture without end marks.
"""

from __future__ import annotations

from typing import Literal

from saccade.core.episode import Context
from saccade.core.message import Frame, Image, Point
from saccade.core.tool import Tool, ToolError, tool
from saccade.media.draw import PALETTE, draw_lines
from saccade.tools._pictures import picture, spot


def draw_line(
    *, across: Literal["horizontal", "vertical"] | None = None, frame: Frame = "px", bins: int = 16,
    width_px: int | None = None, name: str | None = None,
) -> Tool:
    """Make the tool. Lines drawn earlier stay where the model names the marked picture as its target."""

    def drawn(context: Context, image: Image, line: tuple[float, ...], label: str) -> Image:
        pixels = context.store.get(image.ref)
        lines = draw_lines(
            pixels, [line], labels=(label,) if label.strip() else (), width_px=width_px, ends=across is None,
            colours=(PALETTE[context.call_number % len(PALETTE)],),
        )
        return context.store.put(lines, parent=image)

    def segment(
        start_point_2d: Point, end_point_2d: Point, context: Context, target_image: Image | None = None, label: str = ""
    ) -> Image:
        """Draw a line from one point to another and show the marked image.

        Args:
            start_point_2d: Point [x, y] where the line begins.
            end_point_2d: Point [x, y] where it ends.
            target_image: Number of the image to draw on, 1 for the first.
            label: Text to write beside the line.
        """
        image, pixels = picture(context, target_image)
        ends = (*spot(start_point_2d, pixels.size, bins), *spot(end_point_2d, pixels.size, bins))
        if ends[:2] == ends[2:]:
            raise ToolError("the line begins and ends at the same point")
        return drawn(context, image, ends, label)

    def horizontal(y: float, context: Context, target_image: Image | None = None, label: str = "") -> Image:
        """Draw a horizontal line across an image and show the marked image.

        Args:
            y: Height of the line, counted from the top.
            target_image: Number of the image to draw on, 1 for the first.
            label: Text to write beside the line.
        """
        image, pixels = picture(context, target_image)
        _, at = spot(Point(xy=(0, y), frame=frame), pixels.size, bins)
        return drawn(context, image, (0, at, pixels.width, at), label)

    def vertical(x: float, context: Context, target_image: Image | None = None, label: str = "") -> Image:
        """Draw a vertical line across an image and show the marked image.

        Args:
            x: Place of the line, counted from the left.
            target_image: Number of the image to draw on, 1 for the first.
            label: Text to write beside the line.
        """
        image, pixels = picture(context, target_image)
        at, _ = spot(Point(xy=(x, 0), frame=frame), pixels.size, bins)
        return drawn(context, image, (at, 0, at, pixels.height), label)

    work = {None: segment, "horizontal": horizontal, "vertical": vertical}[across]
    return tool(work, name=name or (f"draw_{across}_line" if across else "draw_line"), frame=frame, bins=bins)


EXAMPLES = [
    ({"start_point_2d": [10, 10], "end_point_2d": [150, 100], "label": "way"}, (192, 144)),
    ({"start_point_2d": [10, 10], "end_point_2d": [10, 10]}, "same point"),
    ({"start_point_2d": [10, 10], "end_point_2d": [500, 10]}, "outside the image"),
    ({"y": 40}, (192, 144), {"across": "horizontal"}),
    ({"x": 0.5}, (192, 144), {"across": "vertical", "frame": "unit"}),
    ({"x": 400}, "outside the image", {"across": "vertical"}),
]
