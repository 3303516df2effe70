"""Show how far away things are: near is light and warm, far is dark."""

from __future__ import annotations

import numpy as np
from PIL import Image as PILImage

from saccade.clients.sight import Ranges, scripted
from saccade.core.episode import Context
from saccade.core.message import Frame, Image, Part, Point, Text
from saccade.core.tool import Tool, ToolError, tool
from saccade.tools._pictures import picture, spot
from saccade.tools._seen import seen

STOPS = np.array([(13, 8, 60), (70, 25, 120), (165, 45, 110), (235, 110, 60), (253, 200, 90), (252, 253, 200)], float)
"""Colours from far to near."""


def depth(*, client: Ranges, frame: Frame = "px", bins: int = 16, name: str = "depth", cost: float = 1.0) -> Tool:
    """Make the tool. `client` is one that can `range`: an oracle, or a model of `saccade.models.sight`."""

    def show(context: Context, points_2d: list[Point] = [], target_image: Image | None = None) -> list[Part]:  # noqa: B006
        """Show the depth of an image: near is light, far is dark. Gives the distance at points.

        Args:
            points_2d: List of points [x, y] whose distance is wanted.
            target_image: Number of the image, 1 for the first.
        """
        image, pixels = picture(context, target_image)
        places = [spot(each, pixels.size, bins) for each in points_2d]
        far = client.range(seen(context, image))
        if far is None:
            raise ToolError("nothing is known about the depth of this image")
        there = far[np.isfinite(far)]
        if not there.size:
            return [Text(text="Everything is infinitely far away.")]
        lines = [f"From {there.min():.2f} to {there.max():.2f}."]
        for number, (x, y) in enumerate(places, start=1):
            at = far[min(int(y), far.shape[0] - 1), min(int(x), far.shape[1] - 1)]
            lines.append(f"Point {number}: {at:.2f}" if np.isfinite(at) else f"Point {number}: infinitely far")
        return [context.store.put(coloured(far), parent=image), Text(text="\n".join(lines))]

    return tool(show, name=name, frame=frame, bins=bins, cost=cost)


def coloured(far: np.ndarray) -> PILImage.Image:
    """Distances float[H, W] as colours, by nearness; what is infinitely far is darkest."""
    near = 1 / np.maximum(np.where(np.isfinite(far), far, np.inf), 1e-6)
    low, high = near[np.isfinite(far)].min(), near.max()
    share = np.where(np.isfinite(far), (near - low) / max(high - low, 1e-12), 0.0)
    along = np.linspace(0, 1, len(STOPS))
    return PILImage.fromarray(np.stack([np.interp(share, along, STOPS[:, k]) for k in range(3)], -1).astype(np.uint8))


EXAMPLES = [
    ({"points_2d": [[10, 0], [10, 143]]}, (192, 144), {"client": scripted()}),
    ({}, (192, 144), {"client": scripted()}),
    ({"points_2d": [[500, 0]]}, "outside the image", {"client": scripted()}),
]
