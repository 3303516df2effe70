"""Read the text in a picture, line by line."""

from __future__ import annotations

from saccade.clients.sight import Reads, classical
from saccade.core.episode import Context
from saccade.core.message import Box, Frame, Image
from saccade.core.tool import Tool, tool
from saccade.media import boxes
from saccade.tools._pictures import inside, picture, written
from saccade.tools._seen import part_of, seen


def ocr(
    *, client: Reads | None = None, frame: Frame = "px", bins: int = 16, most: int = 60, name: str = "ocr", cost: float = 1.0
) -> Tool:
    """Make the tool. `client` is one that can `read`; without one, print is read without weights (extra `vision`).

    At most `most` lines are given, each with its box in the frame the model writes boxes in.
    """
    reader = client or classical()

    def read(context: Context, target_image: Image | None = None, bbox_2d: Box | None = None) -> str:
        """Read the text in an image. Gives every line with its box.

        Args:
            target_image: Number of the image, 1 for the first.
            bbox_2d: Box [x1, y1, x2, y2] to read in; the whole image if left out.
        """
        image, pixels = picture(context, target_image)
        look, corner = seen(context, image), (0.0, 0.0)
        if bbox_2d is not None:
            look, corner = part_of(look, inside(bbox_2d, pixels.size, bins))
        lines = [f"{line.label!r} at {written(boxes.moved(line.box_xyxy, corner), pixels.size, frame, bins)}"
                 for line in list(reader.read(look))[:most]]
        return "\n".join(lines) or "No text was found."

    return tool(read, name=name, frame=frame, bins=bins, cost=cost)


EXAMPLES = [
    ({}, "No text was found."),
    ({"bbox_2d": [10, 10, 90, 60]}, "No text was found."),
    ({"target_image": 3}, "no image 3"),
    ({"bbox_2d": [300, 10, 400, 60]}, "outside the image"),
]
