"""Is the final answer of an attempt right? The one judgement that every reward about correctness shares.

Reading is separate from comparing: first the answer is taken out of the last message, then it is compared as its type says.
Whatever lists several answers has given none: a reward that picks the right one out of a list teaches listing.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from typing import Any

from saccade.core.message import Box, Frame
from saccade.core.sample import Sample
from saccade.core.trajectory import Score, Trajectory
from saccade.core.world import World
from saccade.media.boxes import iou
from saccade.rewards._transcript import answers
from saccade.text.equal import as_set, exact, numeric, plain
from saccade.text.extract import answer_of, letter
from saccade.text.numbers import number as read_number
from saccade.text.places import boxes
from saccade.text.symbolic import symbolic

FRAMES: dict[str, Frame] = {"px": "px", "unit": "unit", "per_mille": "per_mille", "grid": "grid"}
NUMERALS = re.compile(r"(?<![\w.])[-+\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d))(?:[eE][-+]?\d{1,3})?\s?%?")
OPTION = re.compile(r"(?<![A-Za-z'])\(?([A-Za-z])(?:[).:\]]|(?=\s*(?:,|;|/|\band\b|\bor\b|$)))")
"""An option letter that stands by itself: before a bracket, stop, comma, another option or the end."""


def correctness(
    trajectory: Trajectory, *, strict: bool = False, partial: bool = False, tolerance: float = 0.0
) -> Score:
    """0..1 with the answer that was read in `extracted`; see `answer_match` for the options."""
    found = final_answer(trajectory, strict=strict)
    if found is None:
        return Score(value=0.0, note="no answer" + (" in tags" if strict else ""))
    value = compare(trajectory.sample, found, tolerance=tolerance)
    return Score(value=value if partial else float(value >= 0.5), extracted=found[:500])


def final_answer(trajectory: Trajectory, *, strict: bool = False) -> str | None:
    """The answer of the last message that the model wrote, or None; see `read_answer`."""
    written = answers(trajectory)
    return read_answer(written[-1].text, strict=strict) if written else None


def read_answer(text: str, *, strict: bool) -> str | None:
    """The answer a reply gives, or None when it gives none or several different ones.

    Strict: exactly one ``<answer>`` pair (or one ``\\boxed{}`` without tags). Lenient: equal repetitions are one answer,
    and "the answer is ..." or the last line count where there are no tags.
    """
    text = text.rpartition("</think>")[2]
    tagged = re.findall(r"<answer>((?:(?!</?answer>).)*)</answer>", text, re.DOTALL)
    loose = text.count("<answer>") + text.count("</answer>") - 2 * len(tagged)
    pieces = tagged or boxed(text)
    if len({plain(piece) for piece in pieces}) > 1 or (strict and (len(pieces) > 1 or loose)):
        return None
    if loose and not pieces:
        text = re.sub(r"</?answer>", " ", text)
    return answer_of(text, mode="strict" if strict else "lenient") or None


def boxed(text: str) -> list[str]:
    """Contents of every outermost ``\\boxed{...}`` that is closed, braces inside them balanced."""
    out: list[str] = []
    start = depth = 0
    for found in re.finditer(r"\\boxed\s*\{|[{}]", text):
        brace = found.group()
        if depth == 0 and len(brace) > 1:
            start, depth = found.end(), 1
        elif depth:
            depth += -1 if brace == "}" else 1
            if depth == 0:
                out.append(text[start : found.start()])
    return out


def compare(sample: Sample, found: str, *, tolerance: float = 0.0) -> float:
    """0..1. A world judges its own samples; others are compared by ``meta["answer_type"]`` or the type of the target."""
    meta, target = sample.meta, sample.target
    if {"world", "index", "seed", "knobs"} <= set(meta):
        return world_says(str(meta["world"]), int(meta["seed"]), int(meta["index"]), json.dumps(meta["knobs"]), found)
    if isinstance(target, str):
        gold = read_answer(target, strict=True)
        target = target if gold is None else gold
    kind = str(meta.get("answer_type") or guess_type(sample, target))
    if kind == "choice":
        return choice(sample.choices, str(target), found)
    if kind == "number":
        return number(str(target), found, tolerance)
    if kind == "box":
        return box(target, found, str(meta.get("answer_frame", "px")))
    if kind == "sequence":
        return sequence(target, found)
    if kind == "set":
        return as_set(found, target)
    if kind == "symbolic":
        return float(exact(found, str(target)) or symbolic(found, str(target)))
    if kind == "exact":
        return float(exact(found, str(target)))
    raise ValueError(f"sample {sample.id}: no answer_type {kind!r}; there are exact, choice, number, box, sequence, set and "
                     "symbolic")


def guess_type(sample: Sample, target: Any) -> str:
    if sample.choices:
        return "choice"
    if isinstance(target, bool):
        return "exact"
    if isinstance(target, int | float) or (
        isinstance(target, str) and read_number(target, mode="strict") is not None
    ):
        return "number"
    if isinstance(target, list | tuple):
        flat = target[0] if len(target) == 1 and isinstance(target[0], list | tuple) else target
        return "box" if len(flat) == 4 and all(isinstance(each, int | float) for each in flat) else "sequence"
    return "exact"


def number(target: str, found: str, tolerance: float) -> float:
    """1 when the text is the target, or holds it and no other number; 0 when it holds several."""
    room = max(tolerance, 1e-9)
    if numeric(found, target, tolerance=room) or exact(found, target):
        return 1.0
    held = {numeral.strip() for numeral in NUMERALS.findall(found[:4000]) if numeral.strip()}
    return float(len(held) == 1 and numeric(held.pop(), target, tolerance=room))


def choice(choices: Sequence[str], target: str, found: str) -> float:
    """Compare by letter or by words: ``B``, ``(b)``, ``B. a dog`` and ``a dog`` are one answer; two options are none."""
    if len({each.upper() for each in OPTION.findall(found)}) > 1:
        return 0.0
    gold, given = letter(target, choices), letter(found, choices)
    return float(gold == given) if gold is not None and given is not None else float(exact(found, target))


def box(target: Any, found: str, frame: str) -> float:
    """Overlap with the target; both in the same frame. 0 for anything that is not one box."""
    if frame not in FRAMES:
        raise ValueError(f"answer_frame is px, unit, per_mille or grid, not {frame!r}")
    target = list(target) if isinstance(target, tuple) else target
    wanted, given = (one_box(str(each), FRAMES[frame]) for each in (target, found))
    return iou(wanted.xyxy, given.xyxy) if wanted and given and wanted.frame == given.frame else 0.0


def one_box(text: str, frame: Frame) -> Box | None:
    found = set(boxes(text, frame=frame))
    return found.pop() if len(found) == 1 else None


def sequence(target: Any, found: str) -> float:
    """Share of places that agree; the lengths must be equal."""
    wanted = [plain(str(each)) for each in (target if isinstance(target, list | tuple) else split(str(target)))]
    given = [plain(each) for each in split(found)]
    if not wanted or len(wanted) != len(given):
        return 0.0
    return sum(one == other for one, other in zip(wanted, given, strict=True)) / len(wanted)


def split(text: str) -> list[str]:
    pieces = re.split(r"\s*(?:,|;|->|→|\n)\s*", text.strip().strip("[](){}"))
    pieces = pieces if len(pieces) > 1 else text.split()
    return [piece.strip("\"'") for piece in pieces if piece.strip()]


def world_says(name: str, seed: int, index: int, knobs: str, found: str) -> float:
    """What the world of this name says about an answer to its item. Raises ValueError for an unknown world."""
    task, state = item_of(name, seed, index, knobs)
    return float(task.verify(state, found))


@functools.lru_cache(maxsize=2048)
def item_of(name: str, seed: int, index: int, knobs: str) -> tuple[World, Any]:
    from saccade.data.spec import world

    task = world(name)
    known: dict[str, Any] = {key: tuple(item) if isinstance(item, list) else item for key, item in json.loads(knobs).items()}
    return task, task.state(seed, index, task.knobs(**known))
