"""Found objects against true ones: what the detection rewards share.

Truth is `Sample.target`: records with ``bbox_2d`` and ``label``, bare boxes, or nothing at all (``[]``, ``"none"``). Boxes
are in the frame of ``meta["answer_frame"]`` (pixels by default) and compared as numbers: both sides are in the same one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saccade.core.sample import Sample
from saccade.core.trajectory import Trajectory
from saccade.media.boxes import iou
from saccade.rewards._correct import FRAMES, final_answer
from saccade.text.detections import Detection, detections

Pair = tuple[int, int, float]
"""Index found, index wanted, intersection over union."""


def found_and_wanted(
    trajectory: Trajectory, *, strict: bool = False
) -> tuple[tuple[Detection, ...] | None, tuple[Detection, ...]]:
    """What the answer lists (None when it cannot be read) and what there is. Raises ValueError for a target that is no list
    of boxes."""
    text, wanted = final_answer(trajectory, strict=strict), truth(trajectory.sample)
    frame = FRAMES[str(trajectory.sample.meta.get("answer_frame", "px"))]
    return None if text is None else detections(text, frame=frame), wanted


def truth(sample: Sample) -> tuple[Detection, ...]:
    frame = str(sample.meta.get("answer_frame", "px"))
    if frame not in FRAMES:
        raise ValueError(f"sample {sample.id}: answer_frame is px, unit, per_mille or grid, not {frame!r}")
    wanted = detections(str(sample.target), frame=FRAMES[frame])
    if wanted is None:
        raise ValueError(f"sample {sample.id}: the target {str(sample.target)[:80]!r} is no list of boxes")
    return wanted


def fits(found: Detection, wanted: Detection) -> bool:
    """Labels agree; where one side gives none, any does. Boxes must be in one frame."""
    return found.box.frame == wanted.box.frame and (found.label == wanted.label or not found.label or not wanted.label)


def overlaps(found: Sequence[Detection], wanted: Sequence[Detection]) -> np.ndarray:
    """float64[found, wanted]: intersection over union, 0 where labels differ."""
    return np.array([[iou(one.box.xyxy, other.box.xyxy) if fits(one, other) else 0.0 for other in wanted] for one in found],
                    dtype=float).reshape(len(found), len(wanted))


def greedy(found: Sequence[Detection], wanted: Sequence[Detection], least: float) -> list[Pair]:
    """In order of confidence, each takes the best true object still free, if they overlap by more than `least`."""
    overlap, free, pairs = overlaps(found, wanted), set(range(len(wanted))), []
    for i in sorted(range(len(found)), key=lambda index: -found[index].confidence):
        best = max(free, key=lambda j: (overlap[i, j], -j), default=None)
        if best is not None and overlap[i, best] > least:
            free.remove(best)
            pairs.append((i, best, float(overlap[i, best])))
    return pairs


def best_pairs(worth: np.ndarray) -> list[tuple[int, int]]:
    """The one-to-one assignment with the greatest sum of worth[found, wanted] (Hungarian method, by shortest augmenting
    paths), pairs of no worth left out."""
    if worth.size == 0:
        return []
    turned = worth.shape[0] > worth.shape[1]
    cost = -(worth.T if turned else worth)
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows + 1), np.zeros(columns + 1)
    taken = np.zeros(columns + 1, dtype=int)  # the row a column belongs to, 1-based; 0 is nobody
    for row in range(1, rows + 1):
        taken[0], at = row, 0
        least, before = np.full(columns + 1, np.inf), np.zeros(columns + 1, dtype=int)
        visited = np.zeros(columns + 1, dtype=bool)
        while True:
            visited[at] = True
            open_ = np.flatnonzero(~visited)
            gap = cost[taken[at] - 1, open_ - 1] - row_price[taken[at]] - column_price[open_]
            better = gap < least[open_]
            least[open_[better]], before[open_[better]] = gap[better], at
            following = int(open_[np.argmin(least[open_])])
            step = least[following]
            row_price[taken[visited]] += step
            column_price[visited] -= step
            least[~visited] -= step
            at = following
            if taken[at] == 0:
                break
        while at:
            taken[at] = taken[before[at]]
            at = int(before[at])
    pairs = [(int(taken[column]) - 1, column - 1) for column in range(1, columns + 1) if taken[column]]
    pairs = [(j, i) for i, j in pairs] if turned else pairs
    return sorted(pair for pair in pairs if worth[pair] > 0)
