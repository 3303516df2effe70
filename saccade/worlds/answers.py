"""How worlds compare an answer with the truth: the same text, the same number, or a box that overlaps by half.

Deliberately small: extraction of an answer from free text belongs to the policy's dialect, not to a world.
"""

from __future__ import annotations

import math
import re

from saccade.core.message import Box
from saccade.core.tool import ToolError, read_box
from saccade.core.world import Question
from saccade.media.boxes import iou, to_pixels

BINS = 16
"""Bins of the grid that box answers are written in: edges 0..16, ``<x1><y1><x2><y2>``."""


def agrees(question: Question, text: str) -> float:
    """1.0 if the text answers the question, else 0.0. Any text is accepted, and never raises."""
    wanted = str(question.answer)
    if question.answer_type == "box":
        return float(_overlap(wanted, text) >= 0.5)
    if question.answer_type == "number":
        found = re.fullmatch(r"\s*([+-]?\d{1,15}(?:\.\d{1,9})?)\s*\.?\s*", text, re.ASCII)
        return float(found is not None and math.isclose(float(found.group(1)), float(wanted), abs_tol=1e-9))
    return float(plain(text) == plain(wanted))


def plain(text: str) -> str:
    """Lower case, single spaces, no full stop at the end."""
    return " ".join(text.lower().split()).rstrip(".").strip()


def written(box_xyxy: tuple[int, int, int, int]) -> str:
    """Four grid edges as a policy writes them."""
    return "".join(f"<{edge}>" for edge in box_xyxy)


def _overlap(wanted: str, text: str) -> float:
    try:
        boxes: list[Box] = [read_box(each, frame="grid", bins=BINS) for each in (wanted, text)]
    except ToolError:
        return 0.0
    first, second = (to_pixels(box, (BINS, BINS), bins=BINS) for box in boxes)
    return iou(first, second)
