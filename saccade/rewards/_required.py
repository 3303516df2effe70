"""Which operations a sample requires, and which one a call was, in the same names."""

from __future__ import annotations

from saccade.core.trajectory import ToolEvent, Trajectory
from saccade.rewards._looks import evidence


def required_of(trajectory: Trajectory) -> list[str]:
    """Operations that the sample names, or one crop for each piece of its evidence."""
    given = trajectory.sample.meta.get("required")
    if isinstance(given, list | tuple):
        return [str(each) for each in given]
    return ["crop"] * len(evidence(trajectory.sample))


def operation(event: ToolEvent) -> str:
    """What a call did to the picture, in the names of ``meta["required"]``; empty for other tools."""
    if event.name.startswith("rotate"):
        degrees = event.arguments.get("degrees")
        turn = int(degrees) % 360 if isinstance(degrees, int | float) and degrees == int(degrees) else 0
        return f"rotate{turn}" if turn in (90, 180, 270) else ""
    if event.name.startswith("flip"):
        way = str(event.arguments.get("axis") or event.arguments.get("direction") or "horizontal")
        return "flip_v" if way.startswith("v") else "flip_h"
    return "crop" if event.box_xyxy is not None else ""
