"""Mirror a picture: for text and faces that arrive the wrong way round (CodeVision)."""

from __future__ import annotations

from typing import Literal

from PIL import Image as PILImage

from saccade.core.episode import Context
from saccade.core.message import Image
from saccade.core.tool import Tool, tool
from saccade.tools._pictures import picture


def flip(*, name: str = "flip") -> Tool:
    """Make the tool. A mirrored picture keeps its place in the root image."""

    def mirror(
        axis: Literal["horizontal", "vertical"], context: Context, target_image: Image | None = None
    ) -> Image:
        """Mirror an image and show it.

        Args:
            axis: horizontal swaps left and right, vertical swaps top and bottom.
            target_image: Number of the image, 1 for the first.
        """
        image, pixels = picture(context, target_image)
        if axis == "horizontal":
            turned, placed = pixels.transpose(PILImage.Transpose.FLIP_LEFT_RIGHT), (-1.0, 1.0, float(pixels.width), 0.0)
        else:
            turned, placed = pixels.transpose(PILImage.Transpose.FLIP_TOP_BOTTOM), (1.0, -1.0, 0.0, float(pixels.height))
        return context.store.put(turned, parent=image, to_parent=placed)

    return tool(mirror, name=name)


EXAMPLES = [
    ({"axis": "horizontal"}, (192, 144)),
    ({"axis": "vertical", "target_image": 1}, (192, 144)),
    ({"axis": "diagonal"}, "is one of"),
]
