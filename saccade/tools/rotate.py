"""Turn a picture: for photographs that lie on their side and text that runs upwards."""

from __future__ import annotations

from saccade.core.episode import Context
from saccade.core.message import Image
from saccade.core.tool import Tool, tool
from saccade.media.image import rotate as turned


def rotate(*, name: str = "rotate") -> Tool:
    """Make the tool. The turned picture keeps its place in the root image only for half and whole turns: a box in it
    cannot be placed otherwise, and the record then says nothing rather than something wrong."""

    def turn(degrees: float, context: Context, target_image: Image | None = None) -> Image:
        """Rotate an image clockwise and show it.

        Args:
            degrees: Angle, clockwise.
            target_image: Number of the image to rotate, 1 for the first.
        """
        image = target_image or context.image(1)
        pixels, placed = turned(context.store.get(image.ref), degrees)
        if placed is None:
            return context.store.put(pixels)
        return context.store.put(pixels, parent=image, to_parent=placed)

    return tool(turn, name=name)


EXAMPLES = [
    ({"degrees": 90}, (144, 192)),
    ({"degrees": -180.0}, (192, 144)),
    ({"degrees": 450, "target_image": 1}, (144, 192)),
    ({"degrees": "a bit"}, "must be a JSON number"),
]
