"""Is the final answer of an attempt right? The one judgement that every reward about correctness shares.

Reading is separate from comparing: first the answer is taken out of the last message, then it is compared as its type says.
Whatever lists several answers has given none: a reward that picks the right one out of a list teaches listing.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Sequence
from typing import Any

from saccade.core.message import Frame
from saccade.core.sample import Sample
from saccade.core.tool import ToolError, read_box
from saccade.core.trajectory import Score, Trajectory
from saccade.media.boxes import iou
from saccade.rewards._transcript import answers

NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?%?|[-+]?\.\d+")


def correctness(
    trajectory: Trajectory, *, strict: bool = False, partial: bool = False, tolerance: float = 0.0
) -> Score:
    """0..1 with the answer that was read in `extracted`; see `answer_match` for the options."""
    written = answers(trajectory)
    text = written[-1].text if written else ""
    found = read_answer(text, strict=strict)
    if found is None:
        return Score(value=0.0, note="no answer" + (" in tags" if strict else ""))
    value = compare(trajectory.sample, found, tolerance=tolerance)
    return Score(value=value if partial else float(value >= 0.5), extracted=found[:500])


def read_answer(text: str, *, strict: bool) -> str | None:
    """The answer a reply gives, or None when it gives none or several different ones.

    Strict: exactly one ``<answer>`` pair (or one ``\\boxed{}`` without tags). Lenient: equal repetitions are one answer,
    then "the answer is ...", then a reply of at most 12 words as a whole.
    """
    text = text.rpartition("</think>")[2]
    tagged = re.findall(r"<answer>((?:(?!</?answer>).)*)</answer>", text, re.DOTALL)
    loose = text.count("<answer>") + text.count("</answer>") - 2 * len(tagged)
    for pieces in (tagged, boxed(text)):
        unique = {piece.strip() for piece in pieces}
        if len(unique) > 1 or (strict and (len(pieces) > 1 or loose)):
            return None
        if unique:
            return unique.pop() or None
    if strict:
        return None
    said = re.findall(r"(?i)\banswer\s*(?:is|:|=)\s*(.+?)(?:\.?\s*(?:\n|$)|\.\s)", text)
    if said:
        return clean(said[-1]) if len({clean(each) for each in said}) == 1 else None
    short = re.sub(r"</?answer>", " ", text).strip()
    return clean(short) or None if 0 < len(short.split()) <= 12 else None


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


def clean(text: str) -> str:
    return " ".join(text.replace("**", "").split()).strip(" .\"'`")


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
        return number(target, found, tolerance)
    if kind == "box":
        return box(target, found, str(meta.get("answer_frame", "px")))
    if kind == "sequence":
        return sequence(target, found)
    if kind == "exact":
        return float(plain(found) == plain(str(target)))
    raise ValueError(f"sample {sample.id}: no answer_type {kind!r}; there are exact, choice, number, box and sequence")


def guess_type(sample: Sample, target: Any) -> str:
    if sample.choices:
        return "choice"
    if isinstance(target, bool):
        return "exact"
    if isinstance(target, int | float) or (isinstance(target, str) and NUMBER.fullmatch(target.strip())):
        return "number"
    if isinstance(target, list | tuple):
        flat = target[0] if len(target) == 1 and isinstance(target[0], list | tuple) else target
        return "box" if len(flat) == 4 and all(isinstance(each, int | float) for each in flat) else "sequence"
    return "exact"


def plain(text: str) -> str:
    return clean(text).casefold().removeprefix("the ").removeprefix("a ").removeprefix("an ")


def number(target: Any, found: str, tolerance: float) -> float:
    """1 when the text holds one number and it is the target; 0 when it holds several different ones."""
    try:
        wanted = as_number(str(target))
    except ValueError:
        return float(plain(found) == plain(str(target)))
    try:
        values = {as_number(each) for each in NUMBER.findall(found.replace("\u2212", "-"))}
    except ValueError:
        return 0.0
    close = max(abs(wanted) * tolerance, 1e-9 * max(1.0, abs(wanted)))
    return float(len(values) == 1 and math.isfinite(wanted) and abs(values.pop() - wanted) <= close)


def as_number(text: str) -> float:
    text = text.strip().replace(",", "")
    return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)


def choice(choices: Sequence[str], target: str, found: str) -> float:
    """Compare by letter or by words: ``B``, ``(b)``, ``B. a dog`` and ``a dog`` are one answer; two letters are none."""
    gold, given = letter(choices, target), letter(choices, found)
    return float(gold == given) if gold is not None and given is not None else float(plain(found) == plain(target))


def letter(choices: Sequence[str], text: str) -> str | None:
    names = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(choices) or 26]
    same = [at for at, each in enumerate(choices) if plain(each) == plain(text)]
    if len(same) == 1 and same[0] < len(names):
        return names[same[0]]
    lead = re.match(r"\s*\(?([A-Za-z])(?:\)|[.:]|\s*$)", text)
    others = set(re.findall(r"(?<![A-Za-z])([A-Z])(?:\)|[.:]|(?=\s*(?:,|and|or|$)))", text))
    if lead is None or lead.group(1).upper() not in names or len(others - {lead.group(1).upper()}) > 0:
        return None
    return lead.group(1).upper()


def box(target: Any, found: str, frame: str) -> float:
    """Overlap with the target; both in the same frame. 0 for anything that is not one box."""
    flat = target[0] if isinstance(target, list | tuple) and len(target) == 1 else target
    named: dict[str, Frame] = {"px": "px", "unit": "unit", "per_mille": "per_mille", "grid": "grid"}
    if frame not in named:
        raise ValueError(f"answer_frame is px, unit, per_mille or grid, not {frame!r}")
    try:
        wanted, given = (read_box(each, frame=named[frame], bins=16) for each in (flat, found))
    except ToolError:
        return 0.0
    return iou(wanted.xyxy, given.xyxy) if wanted.frame == given.frame else 0.0


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


@functools.lru_cache(maxsize=4096)
def world_says(name: str, seed: int, index: int, knobs: str, found: str) -> float:
    """What the world of this name says about an answer to its item. Raises ValueError for an unknown world."""
    from saccade.data.spec import world

    task = world(name)
    known: dict[str, Any] = {key: tuple(item) if isinstance(item, list) else item for key, item in json.loads(knobs).items()}
    return float(task.verify(task.state(seed, index, task.knobs(**known)), found))
