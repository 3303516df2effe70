"""Whether a planned route can be ridden and leads where it should: the accuracy of ReasonMap (arXiv 2505.18675).

First departure and last arrival are those asked for, every line exists, both stops of a ride lie on its line, and each ride
begins where the last one ended. Any such route is right, not only the reference.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._routes import asked_of, is_right, written_route


@reward
def route_accuracy() -> Callable[[Trajectory], Score]:
    """1 or 0. Raises ValueError for a sample without lines, trip and reference."""

    def score(trajectory: Trajectory) -> Score:
        asked, segments = asked_of(trajectory.sample), written_route(trajectory)
        return Score(value=float(is_right(segments, asked)), note=f"{len(segments)} segments")

    return score


MAP = {"lines": {"red": ["A", "B", "C", "D"], "blue": ["E", "C", "F"], "green": ["A", "G", "F"]}, "trip": ["A", "F"]}
EXAMPLES = [
    ("<answer>red: A - C; blue: C - F</answer>", "red: A - C; blue: C - F", 1.0, MAP),
    ("Route Name: Green line\nDeparture Stop: A\nArrival Stop: F", "red: A - C; blue: C - F", 1.0, MAP),
    ("<answer>red: A - B; blue: C - F</answer>", "red: A - C; blue: C - F", 0.0, MAP),
    ("<answer>blue: A - F</answer>", "red: A - C; blue: C - F", 0.0, MAP),
    ("", "red: A - C; blue: C - F", 0.0, MAP),
]
