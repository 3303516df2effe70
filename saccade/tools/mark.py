"""Number things: boxes outlined and numbered, so that the thinking can say "number 3" (set of marks, arXiv 2310.11441).

The boxes come from the model. With `finder` the model may leave them out: then everything the finder sees is numbered.
"""

from __future__ import annotations

from saccade.clients.sight import Finds
from saccade.core.episode import Context
from saccade.core.message import Box, Frame, Image, Part, Text
from saccade.core.tool import Tool, ToolError, tool
from saccade.media.draw import draw_boxes, draw_numbers
from saccade.tools._pictures import inside, picture, written
from saccade.tools._seen import seen


def mark(
    *, finder: Finds | None = None, most: int = 30, frame: Frame = "px", bins: int = 16, name: str = "mark"
) -> Tool:
    """Make the tool. At most `most` boxes are numbered in one call. `finder` is a client that can `find`."""

    def number(context: Context, boxes_2d: list[Box] = [], target_image: Image | None = None) -> list[Part]:  # noqa: B006
        """Number regions of an image and show the marked image.

        Args:
            boxes_2d: List of boxes [x1, y1, x2, y2], numbered in this order.
            target_image: Number of the image, 1 for the first.
        """
        image, pixels = picture(context, target_image)
        size = pixels.size
        placed = [inside(box, size, bins) for box in boxes_2d]
        named = [""] * len(placed)
        if not placed and finder is not None:
            found = finder.find(seen(context, image), "")
            placed, named = [each.box_xyxy for each in found][:most], [each.label for each in found][:most]
        if not 1 <= len(placed) <= most:
            raise ToolError(f"mark takes 1 to {most} boxes, not {len(placed)}")
        middles = [((x1 + x2) / 2, (y1 + y2) / 2) for x1, y1, x2, y2 in placed]
        shown = draw_numbers(draw_boxes(pixels, placed), middles)
        lines = (f"{place}: {written(box, size, frame, bins)} {what}".rstrip()
                 for place, (box, what) in enumerate(zip(placed, named, strict=True), start=1))
        return [context.store.put(shown, parent=image), Text(text="\n".join(lines))]

    return tool(number, name=name, frame=frame, bins=bins)


EXAMPLES = [
    ({"boxes_2d": [[10, 10, 60, 60], [100, 20, 180, 120]]}, (192, 144)),
    ({"boxes_2d": []}, "takes 1 to 30 boxes"),
    ({"boxes_2d": [[300, 0, 400, 9]]}, "outside the image"),
    ({"boxes_2d": [[9, 9, 3, 3]]}, "is empty"),
]
