"""Sharpen a picture: for print and edges that are slightly blurred. It brings back no detail that is not there."""

from __future__ import annotations

from PIL import ImageFilter

from saccade.core.episode import Context
from saccade.core.message import Image
from saccade.core.tool import Tool, ToolError, tool
from saccade.tools._pictures import picture


def sharpen(*, radius_px: float = 2.0, most: float = 5.0, name: str = "sharpen") -> Tool:
    """Make the tool: an unsharp mask of `radius_px`, its amount up to `most`."""

    def unblur(context: Context, amount: float = 1.5, target_image: Image | None = None) -> Image:
        """Sharpen an image and show it.

        Args:
            amount: How much, 0 changes nothing.
            target_image: Number of the image, 1 for the first.
        """
        if not 0 <= amount <= most:
            raise ToolError(f"amount is from 0 to {most:g}, not {amount:g}")
        image, pixels = picture(context, target_image)
        mask = ImageFilter.UnsharpMask(radius=radius_px, percent=round(100 * amount), threshold=0)
        return context.store.put(pixels.filter(mask), parent=image)

    return tool(unblur, name=name)


EXAMPLES = [
    ({}, (192, 144)),
    ({"amount": 3, "target_image": 1}, (192, 144)),
    ({"amount": -1}, "amount is from 0 to 5"),
]
