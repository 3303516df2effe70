"""Lay a numbered grid over a picture: places can then be named by its lines."""

from __future__ import annotations

from saccade.core.episode import Context
from saccade.core.message import Image
from saccade.core.tool import Tool, ToolError, tool
from saccade.media.draw import draw_grid
from saccade.tools._pictures import picture


def grid(*, most: int = 32, name: str = "grid") -> Tool:
    """Make the tool. The lines are numbered as boxes of the ``grid`` frame are written."""

    def rule(context: Context, cells: int = 8, target_image: Image | None = None) -> Image:
        """Lay a grid with numbered lines over an image and show it.

        Args:
            cells: Number of cells across and down.
            target_image: Number of the image, 1 for the first.
        """
        if not 2 <= cells <= most:
            raise ToolError(f"cells is a number from 2 to {most}, not {cells:.20g}")
        image, pixels = picture(context, target_image)
        return context.store.put(draw_grid(pixels, bins=cells), parent=image)

    return tool(rule, name=name)


EXAMPLES = [
    ({}, (192, 144)),
    ({"cells": 4}, (192, 144)),
    ({"cells": 1}, "a number from 2 to 32"),
]
