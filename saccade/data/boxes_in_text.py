"""Boxes that ms-swift keeps beside the text: ``<ref-object>`` and ``<bbox>`` marks are filled from the `objects` column.

`objects` is ``{"ref": [names], "bbox": [[x1, y1, x2, y2], ...], "bbox_type": "real" | "norm1"}``. Boxes are written as
numbers in the frame they come in: pixels of the picture (``real``, the default) or 0..1 (``norm1``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from saccade.data.cells import BadRow
from saccade.data.turns import Slot, Turn

MARKS = re.compile(r"<ref-object>|<bbox>")


def write_objects(turns: list[Turn], objects: Any) -> tuple[list[Turn], dict[str, Any]]:
    """Fill the marks in order of the text. Returns the turns, and meta: `evidence` (boxes in px) where they are real.

    Raises BadRow when there are not as many marks as names or boxes, or a box is not four finite numbers.
    """
    if not objects:
        return turns, {}
    if not isinstance(objects, Mapping):
        raise BadRow("objects", f"expected {{'ref': [...], 'bbox': [...]}}, found {type(objects).__name__}")
    names, boxes = list(objects.get("ref") or ()), [numbers(box) for box in objects.get("bbox") or ()]
    kind = objects.get("bbox_type") or "real"
    if kind not in ("real", "norm1"):
        raise BadRow("objects", f"bbox_type is 'real' (pixels) or 'norm1' (0..1), not {kind!r}")
    text = " ".join(item for _, content, _ in turns for item in content if isinstance(item, str))
    for mark, given in (("<ref-object>", names), ("<bbox>", boxes)):
        if text.count(mark) and text.count(mark) != len(given):
            raise BadRow("objects", f"{text.count(mark)} {mark} marks in the text but {len(given)} in the column")
    queue = {"<ref-object>": [str(name) for name in names], "<bbox>": [written(box) for box in boxes]}

    def filled(item: Any) -> Any:
        if isinstance(item, Slot) or not isinstance(item, str):
            return item
        return MARKS.sub(lambda found: queue[found.group()].pop(0), item)

    turns = [(role, [filled(item) for item in content], calls) for role, content, calls in turns]
    return turns, {"evidence": boxes} if kind == "real" and boxes and all(len(box) == 4 for box in boxes) else {}


def numbers(box: Any) -> list[float]:
    try:
        values = [float(value) for value in box]
    except (TypeError, ValueError):
        values = []
    if len(values) not in (2, 4) or not all(math.isfinite(value) for value in values):
        raise BadRow("objects", f"a box is four finite numbers (a point is two), not {str(box)[:80]}")
    return values


def written(box: list[float]) -> str:
    return "[" + ", ".join(f"{value:g}" for value in box) + "]"
