"""Measure in a picture: a distance in pixels, an angle in degrees, a colour."""

from __future__ import annotations

import math
from typing import Literal

from saccade.core.episode import Context
from saccade.core.message import Frame, Image, Point
from saccade.core.tool import Tool, ToolError, tool
from saccade.media.colours import colour_name
from saccade.tools._pictures import picture, spot

WANTED = {"distance": (2, 2), "angle": (2, 3), "colour": (1, 1)}
"""Least and most points."""


def measure(*, frame: Frame = "px", bins: int = 16, name: str = "measure") -> Tool:
    """Make the tool. Distances are in pixels of the image that is measured."""

    def gauge(
        what: Literal["distance", "angle", "colour"], points_2d: list[Point], context: Context,
        target_image: Image | None = None,
    ) -> str:
        """Measure in an image.

        Args:
            what: distance between two points in pixels; angle at the second of three points, or of a line of two points
                against the horizontal, in degrees; colour at a point.
            points_2d: List of points [x, y].
            target_image: Number of the image, 1 for the first.
        """
        least, most = WANTED[what]
        if not least <= len(points_2d) <= most:
            count = f"{least}" if least == most else f"{least} or {most}"
            raise ToolError(f"{what} takes {count} point{'s' if most > 1 else ''}, not {len(points_2d)}")
        _, pixels = picture(context, target_image)
        places = [spot(each, pixels.size, bins) for each in points_2d]
        if what == "colour":
            x, y = places[0]
            at = (min(int(x), pixels.width - 1), min(int(y), pixels.height - 1))
            red, green, blue = pixels.getpixel(at)  # type: ignore[misc]
            return f"{colour_name((red, green, blue))}, rgb({red}, {green}, {blue})"
        if what == "distance":
            (x1, y1), (x2, y2) = places
            return f"{math.dist(*places):.1f} px ({x2 - x1:+.1f} across, {y2 - y1:+.1f} down)"
        return f"{angle(places):.1f} degrees"

    return tool(gauge, name=name, frame=frame, bins=bins)


def angle(places: list[tuple[float, float]]) -> float:
    """Degrees: 0..180 at the middle of three points; -180..180 of a line against the horizontal, upwards positive.

    Raises ToolError where two neighbouring points are one.
    """
    pairs = [(places[0], places[1])] if len(places) == 2 else [(places[1], places[0]), (places[1], places[2])]
    if any(start == end for start, end in pairs):
        raise ToolError("two of the points are the same: there is no angle")
    turns = [math.degrees(math.atan2(-(end[1] - start[1]), end[0] - start[0])) for start, end in pairs]
    return turns[0] if len(turns) == 1 else abs((turns[0] - turns[1] + 180) % 360 - 180)


EXAMPLES = [
    ({"what": "distance", "points_2d": [[10, 10], [40, 50]]}, "50.0 px (+30.0 across, +40.0 down)"),
    ({"what": "angle", "points_2d": [[10, 10], [40, 10], [40, 50]]}, "90.0 degrees"),
    ({"what": "angle", "points_2d": [[0, 40], [40, 0]]}, "45.0 degrees"),
    ({"what": "colour", "points_2d": [[0, 0], [1, 1]]}, "colour takes 1 point"),
    ({"what": "distance", "points_2d": [[10, 10], [400, 50]]}, "outside the image"),
]
