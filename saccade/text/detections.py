"""Read lists of found objects: a box each, mostly with a label, sometimes with a confidence.

The forms that models are asked for: JSON records (``bbox_2d`` or ``Position``, ``label``, ``Confidence``), the same written
as Python, and grid tokens after a name (``red star <2><3><5><6>``). A reply that says there is nothing gives an empty tuple;
one that cannot be read gives None, which is not nothing.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from typing import Any

from saccade.core.message import Box, Frame
from saccade.text.extract import json_values
from saccade.text.places import BOX_KEYS, boxes

KEYS = (*BOX_KEYS, "position", "Position")
LABELS = ("label", "category", "name", "class")
CONFIDENCES = ("confidence", "Confidence", "score")
NOTHING = re.compile(r"(none|nothing|no objects?|\[\s*\])\.?", re.IGNORECASE)
GRID = re.compile(r"([A-Za-z][\w -]{0,60}?)?\s*:?\s*((?:<[0-9]{1,4}>){4})(?:\s*@\s*([01](?:\.[0-9]{1,4})?))?")
MOST = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One object as written; a label is lower case, "" without one, a confidence 0..1, 1 without one."""

    box: Box
    label: str = ""
    confidence: float = 1.0


def detections(text: str, *, frame: Frame = "px") -> tuple[Detection, ...] | None:
    """Every object in order of writing, equal boxes with equal labels once; `frame` is that of bare numbers."""
    text = text.strip()[:MOST]
    if NOTHING.fullmatch(text):
        return ()
    found = [each for value in (python_values(text) or json_values(text)) for each in records(value, frame)]
    if not found:
        for name, tokens, sure in GRID.findall(text):
            found += [Detection(box=box, label=" ".join(name.lower().split()), confidence=float(sure or 1.0))
                      for box in boxes(tokens)]
    if not found:
        found = [Detection(box=box) for box in boxes(text, frame=frame)]
    unique: dict[tuple[Any, str], Detection] = {}
    for each in found:
        unique.setdefault((each.box, each.label), each)
    return tuple(unique.values()) or None


def records(value: Any, frame: Frame) -> list[Detection]:
    """The objects of a decoded value: one record, or a list of them; bare boxes have no label."""
    if isinstance(value, dict):
        place = next((value[key] for key in KEYS if key in value), None)
        found = boxes(str(place), frame=frame) if isinstance(place, list | tuple | str) else ()
        if not found:
            return []
        label = next((str(value[key]) for key in LABELS if key in value), "")
        return [Detection(box=found[0], label=" ".join(label.lower().split())[:200], confidence=sure_of(value))]
    if isinstance(value, list | tuple):
        if len(value) == 4 and all(isinstance(edge, int | float) for edge in value):
            return [Detection(box=box) for box in boxes(str(list(value)), frame=frame)]
        return [each for item in value[:1000] if isinstance(item, dict | list | tuple) for each in records(item, frame)]
    return []


def sure_of(record: dict[str, Any]) -> float:
    value = next((record[key] for key in CONFIDENCES if key in record), 1.0)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max(number, 0.0), 1.0) if math.isfinite(number) else 0.0


def python_values(text: str) -> list[Any]:
    """The list or record that a text is when it is read as a Python literal; no code is run."""
    start, end = re.search(r"[\[{]", text), max(text.rfind("]"), text.rfind("}"))
    if start is None or end < start.start():
        return []
    try:
        return [ast.literal_eval(text[start.start(): end + 1])]
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return []
