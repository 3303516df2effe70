"""Change contrast and brightness: for what is faint or lies in the dark."""

from __future__ import annotations

from PIL import ImageEnhance

from saccade.core.episode import Context
from saccade.core.message import Image
from saccade.core.tool import Tool, ToolError, tool
from saccade.tools._pictures import picture


def contrast(*, most: float = 8.0, name: str = "contrast") -> Tool:
    """Make the tool. Both factors lie in 0 to `most`; 1 changes nothing."""

    def adjust(
        context: Context, contrast: float = 1.0, brightness: float = 1.0, target_image: Image | None = None
    ) -> Image:
        """Change the contrast and brightness of an image and show it.

        Args:
            contrast: Factor, above 1 for more contrast.
            brightness: Factor, above 1 for brighter.
            target_image: Number of the image, 1 for the first.
        """
        for word, factor in (("contrast", contrast), ("brightness", brightness)):
            if not 0 <= factor <= most:
                raise ToolError(f"{word} is a factor from 0 to {most:g}, not {factor:g}")
        image, pixels = picture(context, target_image)
        brighter = pixels if brightness == 1 else ImageEnhance.Brightness(pixels).enhance(brightness)
        return context.store.put(
            brighter if contrast == 1 else ImageEnhance.Contrast(brighter).enhance(contrast), parent=image
        )

    return tool(adjust, name=name)


EXAMPLES = [
    ({"contrast": 2}, (192, 144)),
    ({"brightness": 0.5, "contrast": 1.5}, (192, 144)),
    ({"contrast": 9}, "a factor from 0 to 8"),
    ({"brightness": "much"}, "must be a JSON number"),
]
