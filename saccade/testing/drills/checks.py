"""What must hold of a drilled run: nothing half-written is read as whole, nothing finished is lost, nothing counts twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image as PILImage

from saccade.core.record import plain, read_lines, read_trajectories
from saccade.core.run import Run
from saccade.core.store import pixel_hash
from saccade.core.trajectory import Trajectory
from saccade.learn import checkpoint
from saccade.learn.ahead import age
from saccade.learn.log import timeless
from saccade.learn.pending import key_of
from saccade.testing.drills.trainee import UPDATES

Finished = dict[tuple[int, tuple[str, int, str]], list[list[int]]]
"""Tokens of attempts, by update and by what names an attempt in it."""


def half_written(folder: Path, *, attempts: int, damaged: str = "") -> Iterator[str]:
    """Whatever a reader would take for whole and is not, in a folder whose run was killed.

    attempts: that an update makes; damaged: a checkpoint that we damaged
    """
    for path in sorted(folder.glob("*.json")):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            yield f"{path.name}: {error}"
    metrics = folder / "metrics.jsonl"
    updates = [line["update"] for line in read_lines(metrics)] if metrics.exists() else []
    if updates != list(range(1, len(updates) + 1)):
        yield f"metrics.jsonl: updates {updates}"
    for path in sorted((folder / "trajectories").glob("*.jsonl")):
        found = sum(1 for _ in read_trajectories(path))
        if found != attempts:
            yield f"{path.name}: {found} of {attempts} attempts"
    for path in checkpoint.saved(folder / "checkpoints"):
        try:
            checkpoint.check(path)
        except ValueError as error:
            if path.name != damaged:
                yield str(error)
    for path in sorted((folder / "media").glob("*.png")):
        with PILImage.open(path) as opened:
            if pixel_hash(opened.convert("RGB")) != f"px:{path.stem}":
                yield f"{path.name}: not the picture of its name"


def finished(folder: Path, part: str) -> Finished:
    """Attempts in ``trajectories`` or ``pending``."""
    return {
        (int(path.stem.removeprefix("update_")), key_of(each)): written(each)
        for path in sorted((folder / part).glob("update_*.jsonl"))
        for each in read_trajectories(path)
        if not each.stop.failed
    }


def written(trajectory: Trajectory) -> list[list[int]]:
    return [[] if step.tokens is None else step.tokens.tolist() for step in trajectory.steps]


def differences(one: Path, other: Path) -> Iterator[str]:
    """Where two finished runs differ, wall clock aside: metrics, attempts, weights."""
    left, right = ([timeless(line) for line in read_lines(each / "metrics.jsonl")] for each in (one, other))
    for a, b in zip(left, right, strict=False):
        if json.dumps(a) != json.dumps(b):
            names = sorted(key for key in {*a, *b} if a.get(key) != b.get(key))
            yield f"metrics of update {a['update']}: {names[:4]}"
    if len(left) != len(right):
        yield f"{len(left)} and {len(right)} lines of metrics"
    mine, theirs = attempts_of(one), attempts_of(other)
    for name in sorted({*mine, *theirs}):
        if mine.get(name) != theirs.get(name):
            yield f"attempts of {name}"
    for name in ("weights.safetensors", "optimiser.safetensors"):
        a, b = (checkpoint.folder_of(each / "checkpoints", UPDATES) / name for each in (one, other))
        if not (a.exists() and b.exists()) or a.read_bytes() != b.read_bytes():
            yield name


def attempts_of(folder: Path) -> dict[str, Any]:
    """Attempts by file, without clocks."""
    out = {}
    for path in sorted((folder / "trajectories").glob("*.jsonl")):
        out[path.name] = made = list(read_lines(path))
        for each in made:
            for step in each["steps"]:
                step.pop("started_s", None), step.pop("ended_s", None)
            for event in each.get("events", ()):
                event.pop("seconds", None)
    return out


def use(folder: Path, reference: Path, run: Run) -> Iterator[str]:
    """Of a finished run outside the deterministic mode: every update learned, each attempt once, from the samples of its
    turn, under weights no older than the bound."""
    updates = [line["update"] for line in read_lines(folder / "metrics.jsonl")]
    if updates != list(range(1, UPDATES + 1)):
        yield f"updates {updates}"
    for path in sorted((reference / "trajectories").glob("*.jsonl")):
        wanted = sorted(key_of(each) for each in read_trajectories(path))
        made = list(read_trajectories(folder / "trajectories" / path.name))
        if sorted(key_of(each) for each in made) != wanted:
            yield f"{path.name}: other attempts than those of its turn"
        version = int(path.stem.removeprefix("update_")) - 1
        oldest = max(age(each, version) for each in made)
        if oldest > run.schedule.stale * run.schedule.passes:
            yield f"{path.name}: weights {oldest} versions old, the bound is {run.schedule.stale * run.schedule.passes}"


def lost(before: Finished, after: Finished) -> Iterator[str]:
    """Attempts that had ended when a run was killed, and are not in its record."""
    for (update, key), tokens in before.items():
        if after.get((update, key)) != tokens:
            yield f"update {update}: attempt {plain(key)} had ended and is {'another' if (update, key) in after else 'gone'}"
