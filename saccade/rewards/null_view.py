"""Charge for camera moves that move nothing: a view the model already has (Think3D, January 2026)."""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory


@reward
def null_view(
    *, charge: float = 0.5, most: float = 1.0, angles: tuple[str, ...] = ("azimuth", "elevation"), least: float = 1.0
) -> Callable[[Trajectory], Score]:
    """-charge for every call whose angles are all within `least` degrees of 0 (whole turns count as 0), never below -most.

    angles: arguments that turn the camera; calls that have none of them are no moves
    """

    def score(trajectory: Trajectory) -> Score:
        moves = [[each.arguments[name] for name in angles if name in each.arguments] for each in trajectory.events]
        wasted = sum(bool(move) and all(still(angle) for angle in move) for move in moves)
        return Score(value=-min(charge * wasted, most), note=f"{wasted} wasted views")

    def still(angle: object) -> bool:
        return isinstance(angle, int | float) and abs((angle + 180.0) % 360.0 - 180.0) < least

    return score


STILL, MOVED = (ToolEvent(step=1, name="render_view", arguments={"azimuth": a, "elevation": 0}) for a in (360.0, 90.0))
EXAMPLES = [
    ("7", "7", 0.0, {"events": (MOVED,)}),
    ("7", "7", -0.5, {"events": (STILL, MOVED)}),
    ("7", "7", -1.0, {"events": (STILL,) * 9}),
    ("7", "7", 0.0, {}),
]
