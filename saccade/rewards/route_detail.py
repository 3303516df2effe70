"""A dense reward for planned routes: the detail reward of RewardMap (arXiv 2510.02240).

Nothing unless first departure and last arrival are right. Then 2; for each segment 3 if its line exists (4 if the trip needs
no change and it is the reference's line); 1 for each change that begins where the last ride ended; minus 5 for each segment
beyond `free`; at most 10. The released check compares the number of the segment with the number of changes, so that a
perfect route pays once: `free="released"` is that, ``needed`` the reading that the text intends.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._routes import asked_of, changes_fit, ends_meet, on_line, written_route
from saccade.text.routes import name_of


@reward
def route_detail(
    *, free: Literal["needed", "released"] = "needed", rides: bool = False, most: float = 10.0
) -> Callable[[Trajectory], Score]:
    """Up to `most`, below 0 for routes that wander. Raises ValueError for a sample without lines, trip and reference.

    rides: a segment earns its points only where both stops lie on its line; as published, naming lines that exist is enough
    """
    if free not in ("needed", "released"):
        raise ValueError(f"route_detail: free is needed or released, not {free!r}")

    def score(trajectory: Trajectory) -> Score:
        asked, segments = asked_of(trajectory.sample), written_route(trajectory)
        if not ends_meet(segments, asked):
            return Score(value=0.0, note="other ends")
        num_changes = len(asked.reference) - 1
        value = 2.0
        for each in segments:
            line = name_of(each.line)
            if rides and not on_line(each, asked.lines):
                continue
            direct = num_changes == 0 and line == name_of(asked.reference[0].line)
            value += 4.0 if direct else 3.0 if line in asked.lines else 0.0
        value += sum(changes_fit(one, other) for one, other in pairwise(segments))
        allowed = num_changes + (free == "needed")
        value -= 5.0 * max(0, len(segments) - allowed)
        return Score(value=min(value, most), note=f"{len(segments)} segments, {num_changes} changes needed")

    return score


MAP = {"lines": {"red": ["A", "B", "C", "D"], "blue": ["E", "C", "F"]}, "trip": ["A", "F"]}
EXAMPLES = [
    ("<answer>red: A - C; blue: C - F</answer>", "red: A - C; blue: C - F", 9.0, MAP),
    ("<answer>red: A - B; blue: C - F</answer>", "red: A - C; blue: C - F", 8.0, MAP),
    ("<answer>red: A - B; red: B - C; blue: C - F</answer>", "red: A - C; blue: C - F", 8.0, MAP),
    ("<answer>red: A - C</answer>", "red: A - C; blue: C - F", 0.0, MAP),
    ("", "red: A - C; blue: C - F", 0.0, MAP),
]
