"""Objects found with box and point, best assignment first: the accuracy reward under ViSurf (arXiv 2510.10606).

It is that of VisionReasoner (arXiv 2505.12081): the one-to-one assignment of listed and true objects with the greatest sum
of up to three marks a pair: boxes overlap by more than a half; edges lie within a few pixels; the point lies near the true
one and in the listed box. Divided by the larger of both numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from saccade.core.message import Box
from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.media.boxes import iou
from saccade.rewards._correct import FRAMES, final_answer
from saccade.rewards._detections import best_pairs, found_and_wanted
from saccade.text.places import points

XY = tuple[float, float]


@reward
def object_match(
    *, least: float = 0.5, edge_px: float = 10.0, point_px: float = 30.0, strict: bool = False
) -> Callable[[Trajectory], Score]:
    """0..1. Points are asked for where the target has one for every box; distances are in the answer's frame, mean over the
    four edges (L1) for boxes."""

    def score(trajectory: Trajectory) -> Score:
        found, wanted = found_and_wanted(trajectory, strict=strict)
        if found is None:
            return Score(value=0.0, note="no boxes could be read")
        if not found or not wanted:
            return Score(value=float(len(found) == len(wanted)))
        frame = FRAMES[str(trajectory.sample.meta.get("answer_frame", "px"))]
        aims = [each.xy for each in points(str(trajectory.sample.target).replace("'", '"'), frame=frame)]
        said = [each.xy for each in points(final_answer(trajectory, strict=strict) or "", frame=frame)]
        aims = aims if len(aims) == len(wanted) else []
        marks = np.zeros((len(found), len(wanted)))
        for i, one in enumerate(found):
            for j, other in enumerate(wanted):
                if one.box.frame == other.box.frame:
                    point = said[i] if aims and len(said) == len(found) else None
                    marks[i, j] = marks_of(one.box, other.box, point, aims[j] if aims else None,
                                           (least, edge_px, point_px))
        total = sum(marks[pair] for pair in best_pairs(marks))
        return Score(value=float(total / max(len(found), len(wanted)) / (3 if aims else 2)),
                     note=f"{len(found)} listed, {len(wanted)} there")

    return score


def marks_of(found: Box, wanted: Box, said: XY | None, aim: XY | None, limits: tuple[float, float, float]) -> int:
    least, edge, reach = limits
    gap = sum(abs(a - b) for a, b in zip(found.xyxy, wanted.xyxy, strict=True)) / 4
    marks = int(iou(found.xyxy, wanted.xyxy) > least) + int(gap < edge)
    if said is None or aim is None:
        return marks
    x1, y1, x2, y2 = found.xyxy
    return marks + int(math.dist(said, aim) < reach and x1 <= said[0] <= x2 and y1 <= said[1] <= y2)


CUP = [{"bbox_2d": [10, 10, 50, 50], "point_2d": [30, 30]}]
EXAMPLES = [
    ('<answer>[{"bbox_2d": [10, 10, 50, 50], "point_2d": [30, 30]}]</answer>', CUP, 1.0, {}),
    ('<answer>[{"bbox_2d": [10, 10, 50, 50], "point_2d": [300, 300]}]</answer>', CUP, 2 / 3, {}),
    ('<answer>[{"bbox_2d": [10, 10, 90, 50], "point_2d": [30, 30]}]</answer>', CUP, 1 / 3, {}),
    ("<answer>[[10, 10, 50, 50]]</answer>", [[10, 10, 50, 50]], 1.0, {}),
    ("", CUP, 0.0, {}),
]
