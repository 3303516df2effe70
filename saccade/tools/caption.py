"""Describe a picture or a part of it in words."""

from __future__ import annotations

from collections.abc import Awaitable

from saccade.clients.sight import Describes, classical
from saccade.core.episode import Context
from saccade.core.message import Box, Frame, Image
from saccade.core.tool import Tool, tool
from saccade.tools._pictures import inside
from saccade.tools._seen import part_of, seen


def caption(
    *, client: Describes | None = None, frame: Frame = "px", bins: int = 16, name: str = "caption", cost: float = 1.0
) -> Tool:
    """Make the tool. `client` is one that can `describe` (``sight.chat(...)`` for a chat client); without one, coloured
    things and print are named without weights (extra `vision`)."""
    teller = client or classical()

    def describe(
        context: Context, target_image: Image | None = None, bbox_2d: Box | None = None
    ) -> str | Awaitable[str]:
        """Describe an image in words.

        Args:
            target_image: Number of the image, 1 for the first.
            bbox_2d: Box [x1, y1, x2, y2] to describe; the whole image if left out.
        """
        look = seen(context, target_image)
        if bbox_2d is not None:
            look, _ = part_of(look, inside(bbox_2d, look.pixels.size, bins))
        return teller.describe(look)

    return tool(describe, name=name, frame=frame, bins=bins, cost=cost)


EXAMPLES = [
    ({}, "in the picture"),
    ({"bbox_2d": [0, 0, 20, 20]}, "in the picture"),
    ({"target_image": 2}, "no image 2"),
]
