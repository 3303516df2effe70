"""One row for each trajectory of a run: what a list shows, filters and sorts by. Read line by line, quickly, as they come.

Arrays over tokens are most of a record and none of a row, so they are cut out of the text before it is parsed. A row's key
is where its record lies, ``<update>.<line>``, so that a link to it stays good while the run grows.
"""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from saccade.core.record import trajectory_from
from saccade.core.trajectory import Stop, Trajectory
from saccade.viewer.lines import Lines

ARRAYS = re.compile(rb'"(tokens|sampled|body|logp|feature_mask|credit|learner|entropy)": ?\[[^\[\]"{}]*\]')
"""Lists over tokens. Inside a string every quotation mark is escaped, so this never matches text of a model."""

BATCH = 64
RIGHT = ("lenient", "answer_match", "strict")
"""Rewards that say whether an answer is right, the first that is there."""
FAILED = {stop.value for stop in Stop if stop.failed}
CUT_OFF = {stop.value for stop in Stop if stop.cut_off and not stop.failed}
TEXT = 200

Row = dict[str, Any]


class Rows:
    """Rows of the trajectory files of a run. `grow` takes in what was written since, for at most some seconds; safe to call
    from several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[Row] = []
        self.at: dict[str, int] = {}
        self.groups: dict[tuple[str, int], list[int]] = {}
        self.files: dict[int, Lines] = {}
        self.done: dict[int, int] = {}
        self.bad = 0
        self.generation = 0
        self._lock = threading.Lock()

    def places(self) -> Iterator[tuple[int, Path]]:
        """Number and path of the files that hold trajectories: 0 for the one of an evaluation, else the update."""
        single = self.folder / "trajectories.jsonl"
        if single.is_file():
            yield 0, single
        for path in sorted((self.folder / "trajectories").glob("update_*.jsonl")):
            number = path.stem.removeprefix("update_")
            if number.isdigit() and not path.is_symlink():
                yield int(number), path

    @property
    def total(self) -> int:
        """Records that are there, indexed or not yet; in files that were not opened yet as many as their size says."""
        files = list(self.files.values())
        known, read = sum(map(len, files)), sum(lines.read_to for lines in files)
        unopened = [lines.unread for lines in files if lines.unread and not lines.read_to]
        return known + (max(len(unopened), round(sum(unopened) * known / read)) if unopened and read else len(unopened))

    @property
    def indexed(self) -> int:
        return sum(self.done.values())

    def grow(self, seconds: float | None = None) -> bool:
        """Look for new records and index them; returns whether all that are there are indexed."""
        end = math.inf if seconds is None else time.perf_counter() + seconds
        with self._lock:
            self._look()
            for number, lines in sorted(self.files.items()):
                lines.read()  # one file after the other, so that the first rows do not wait for the last file
                while self.done[number] < len(lines):
                    self._take(number, lines)
                    if time.perf_counter() > end:
                        return self.indexed == self.total
        return True

    def _look(self) -> None:
        found = dict(self.places())
        lost = set(self.files) - set(found)
        before = {number: lines.generation for number, lines in self.files.items()}
        for number, path in found.items():
            self.files.setdefault(number, Lines(path)).look()
        if lost or any(self.files[number].generation != was for number, was in before.items() if number in found):
            self.files = {number: self.files[number] for number in found}
            self.rows, self.at, self.groups, self.done, self.bad = [], {}, {}, {}, 0
            self.generation += 1
        for number in found:
            self.done.setdefault(number, 0)

    def _take(self, number: int, lines: Lines) -> None:
        first = self.done[number]
        end = min(first + BATCH, len(lines))
        for at, text in enumerate(lines.span(first, end).split(b"\n")[: end - first], start=first):
            if not text.strip():
                continue
            row = row_of(text)
            self.bad += row is None
            row = row or {"id": "", "bad": True}
            row["key"], row["update"] = f"{number}.{at}", number
            self.at[row["key"]] = len(self.rows)
            self.groups.setdefault((row["id"], number), []).append(len(self.rows))
            self.rows.append(row)
        self.done[number] = end

    def record(self, key: str) -> Trajectory:
        """The whole record behind a key. Raises KeyError for none, ValueError for one that is no trajectory."""
        number, _, line = key.partition(".")
        lines = self.files.get(int(number)) if number.isdigit() else None
        if lines is not None and lines.unread:
            with self._lock:
                lines.read()
        if lines is None or not line.isdigit() or int(line) >= len(lines):
            raise KeyError(f"there is no record {key[:40]}")
        return read_record(lines.line(int(line)))

    def reach(self, key: str, seconds: float) -> None:
        """Index until the file that holds a record is read to its end, so that its group is known; give up after so long."""
        number = int(key.partition(".")[0]) if key.partition(".")[0].isdigit() else -1
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and not self.grow(0.2):
            lines = self.files.get(number)
            if lines is None or (lines.read_to and self.done.get(number, 0) == len(lines)):
                return

    def group(self, key: str) -> list[Row]:
        """The attempts at the same sample under the same weights, best first. Raises KeyError."""
        row = self.rows[self.at[key]]
        members = [self.rows[at] for at in self.groups[row["id"], row["update"]]]
        return sorted(members, key=lambda each: -goodness(each))


def read_record(text: bytes) -> Trajectory:
    """Raises ValueError for what is no trajectory, or has steps that follow later ones."""
    try:
        made = trajectory_from(json.loads(text))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, AttributeError) as error:
        raise ValueError(f"not a trajectory record: {type(error).__name__} {error}") from error
    for at, step in enumerate(made.steps):
        if step.parent is not None and not (isinstance(step.parent, int) and 0 <= step.parent < at):
            raise ValueError("not a trajectory record: a step follows one that does not come before it")
    return made


def row_of(text: bytes) -> Row | None:
    """The row of a record, None for what is none."""
    sampled = 0

    def cut(found: re.Match[bytes]) -> bytes:
        nonlocal sampled
        if found[1] == b"logp":
            sampled += found[0].count(b",") + 1
        return b'"' + found[1] + b'":null'

    try:
        record = json.loads(ARRAYS.sub(cut, text))
    except (ValueError, RecursionError):
        return None
    try:
        return summary(record, sampled)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError):
        return None


def summary(record: Mapping[str, Any], sampled: int) -> Row:
    sample, steps = record["sample"], record.get("steps") or []
    rewards = {str(name)[:80]: score.get("value") for name, score in (record.get("rewards") or {}).items()}
    numbers = {str(name)[:80]: value for name, value in (record.get("metrics") or {}).items() if finite(value)}
    score = next((rewards[name] for name in RIGHT if finite(rewards.get(name))), None)
    events = record.get("events") or []
    said = last_words(steps)
    extracted = next(
        (score["extracted"] for score in (record.get("rewards") or {}).values() if score.get("extracted")), said
    )
    stop = str(record.get("stop", "done"))
    return {
        "id": str(sample["id"]),
        "attempt": record.get("attempt", 0),
        "question": last_words(sample.get("prompt") or (), None),
        "target": None if sample.get("target") is None else str(sample["target"])[:TEXT],
        "answer": str(extracted)[:TEXT],
        "said": said[-TEXT:],
        "right": None if score is None else score >= 0.5,
        "stop": stop,
        "rewards": {name: value for name, value in rewards.items() if finite(value)},
        "metrics": numbers,
        "calls": len(events),
        "errors": sum(bool(event.get("error")) for event in events),
        "tools": sorted({str(event.get("name"))[:40] for event in events}),
        "tokens": sampled or int(numbers.get("num_sampled", 0)),
        "failed": stop in FAILED,
        "cut": stop in CUT_OFF,
        "seconds": duration(steps),
    }


def last_words(steps: Any, role: str | None = "assistant") -> str:
    """Text of the last message of a role (None: any)."""
    for step in reversed(steps):
        message = step.get("message", step)
        if role is None or (message.get("role") == role and step.get("speaker") != "assistant"):
            return "".join(str(part["text"]) for part in message.get("parts", ()) if part.get("kind") == "text")[-TEXT:]
    return ""


def duration(steps: Any) -> float:
    times = [(step.get("started_s"), step.get("ended_s")) for step in steps]
    ends = [end for start, end in times if finite(start) and finite(end) and start > 0]
    starts = [start for start, end in times if finite(start) and finite(end) and start > 0]
    return round(max(ends) - min(starts), 3) if ends else 0.0


def finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def goodness(row: Row) -> float:
    """What best and worst mean where attempts are put in order: right before wrong, then the sum of the rewards."""
    if row.get("bad") or row.get("failed"):
        return -math.inf
    return 1e6 * bool(row.get("right")) + sum(row["rewards"].values())


SHOWN: dict[str, Any] = {
    "right": lambda row: row.get("right") is True,
    "wrong": lambda row: row.get("right") is False and not row.get("failed"),
    "failed": lambda row: bool(row.get("failed") or row.get("bad")),
    "cut off": lambda row: bool(row.get("cut")),
    "with calls": lambda row: row.get("calls", 0) > 0,
    "without calls": lambda row: row.get("calls", 0) == 0,
    "tool errors": lambda row: row.get("errors", 0) > 0,
}
"""Filters by name."""


def chosen(rows: Rows, *, words: str = "", only: str = "", sort: str = "", down: bool = False) -> list[int]:
    """Places of the rows that fit, in order. `sort` is a column or a name of `sort_names`; rows without it come last.

    Raises ValueError for a filter that does not exist.
    """
    if only and only not in SHOWN:
        raise ValueError(f"there is no filter {only!r}; there are {', '.join(SHOWN)}")
    keep, wanted = SHOWN.get(only), words.lower().split()
    found = [
        at
        for at, row in enumerate(rows.rows)
        if (keep is None or keep(row)) and (not wanted or all(word in searched(row) for word in wanted))
    ]
    if not sort:
        return found[::-1] if down else found
    have = [(value, at) for at in found if (value := value_of(rows.rows[at], sort)) is not None]
    lack = [at for at in found if value_of(rows.rows[at], sort) is None]
    numeric = [pair for pair in have if isinstance(pair[0], int | float)]
    texts = [pair for pair in have if isinstance(pair[0], str)]
    return [at for part in (numeric, texts) for _, at in sorted(part, key=lambda pair: pair[0], reverse=down)] + lack


def searched(row: Row) -> str:
    if "search" not in row:
        parts = (
            row["id"],
            row.get("question"),
            row.get("target"),
            row.get("answer"),
            row.get("said"),
            *row.get("tools", ()),
        )
        row["search"] = "\n".join(str(part) for part in parts if part).lower()
    return row["search"]


def value_of(row: Row, name: str) -> Any:
    """A column by name: ``calls``, ``rewards/answer_match``, ``metrics/num_images``, ...; None where it does not apply."""
    family, slash, key = name.partition("/")
    if slash:
        return (row.get(family) or {}).get(key) if family in ("rewards", "metrics") else None
    if name == "total":
        return sum(row.get("rewards", {}).values()) if not row.get("bad") else None
    value = row.get(name)
    return value if isinstance(value, str | int | float) else None


def sort_names(rows: Rows) -> list[str]:
    """What rows can be put in order by, from the first rows there are."""
    first = rows.rows[:500]
    rewards = dict.fromkeys(f"rewards/{name}" for row in first for name in row.get("rewards", {}))
    metrics = dict.fromkeys(f"metrics/{name}" for row in first for name in row.get("metrics", {}))
    return ["total", "calls", "errors", "tokens", "seconds", "update", "attempt", "id", *rewards, *metrics]
