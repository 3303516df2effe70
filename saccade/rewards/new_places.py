"""Pay for looking at places that were not looked at before (ViGoRL, arXiv 2505.23678).

The first place earns nothing and repetitions nothing; how many places pay is bounded, so that wandering does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory


@reward
def new_places(*, apart_px: float = 10.0, most: int = 4) -> Callable[[Trajectory], Score]:
    """Number of further places, at most `most`: middles of looks at least `apart_px` (root image) from all before."""

    def score(trajectory: Trajectory) -> Score:
        places: list[tuple[float, float]] = []
        for event in trajectory.events:
            if event.error is not None or event.box_xyxy is None:
                continue
            x1, y1, x2, y2 = event.box_xyxy
            place = ((x1 + x2) / 2, (y1 + y2) / 2)
            if all(math.dist(place, other) >= apart_px for other in places):
                places.append(place)
        return Score(value=float(min(max(len(places) - 1, 0), most)), note=f"{len(places)} places")

    return score


def look(x: float) -> ToolEvent:
    return ToolEvent(step=1, name="search_coordinate", image="px:0", box_xyxy=(x, 0.0, x + 20.0, 20.0), result="px:1")


EXAMPLES = [
    ("7", "7", 0.0, {"events": (look(0),)}),
    ("7", "7", 1.0, {"events": (look(0), look(50))}),
    ("7", "7", 1.0, {"events": (look(0), look(50), look(5))}),
    ("7", "7", 4.0, {"events": tuple(look(50.0 * at) for at in range(9))}),
    ("7", "7", 0.0, {}),
]
