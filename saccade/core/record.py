"""Trajectories as JSON lines, without loss: tokens, masks, log-probabilities (float32) and references to media.

Reading is strict about types and tolerant of what it does not know; a run folder is hostile until checked, so nothing is
ever unpickled and no path in it is followed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from saccade.core.engine import LatentSpan, MediaSpan
from saccade.core.message import Audio, Box, Image, Message, Part, Text, ToolCall, Video
from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Score, Step, Stop, ToolEvent, Trajectory

KINDS: dict[str, type] = {"text": Text, "image": Image, "video": Video, "audio": Audio, "box": Box}
NAMES = {kind: name for name, kind in KINDS.items()}


def plain(value: Any) -> Any:
    """A value as JSON can hold it. Dataclass fields at their default are left out; media `data` always is."""
    if isinstance(value, np.ndarray):
        return value.astype(np.int8).tolist() if value.dtype == bool else value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        out: dict[str, Any] = {"kind": NAMES[type(value)]} if type(value) in NAMES else {}
        for each in fields(value):
            if each.name == "data" and type(value) in NAMES:
                continue
            item = getattr(value, each.name)
            if item is None or (isinstance(item, (tuple, dict)) and not item):
                continue
            out[each.name] = plain(item)
        return out
    if isinstance(value, (str, int, float, bool)) or value is None:
        return str(value) if isinstance(value, Stop) else value
    return str(value)


def part_from(data: dict[str, Any]) -> Part:
    kind = KINDS[data["kind"]]
    known = {each.name for each in fields(kind)} - {"data"}
    values = {key: tuple(item) if isinstance(item, list) else item for key, item in data.items() if key in known}
    return kind(**values)


def message_from(data: dict[str, Any]) -> Message:
    return Message(
        role=data["role"],
        parts=tuple(part_from(part) for part in data.get("parts", ())),
        calls=tuple(ToolCall(**call) for call in data.get("calls", ())),
        thought=data.get("thought"),
        name=data.get("name"),
    )


def sample_from(data: dict[str, Any]) -> Sample:
    return Sample(
        id=data["id"],
        prompt=tuple(message_from(message) for message in data.get("prompt", ())),
        target=data.get("target"),
        choices=tuple(data.get("choices", ())),
        tools=None if data.get("tools") is None else tuple(data["tools"]),
        meta=data.get("meta", {}),
    )


def span_from(data: dict[str, Any]) -> MediaSpan:
    mask = data.get("feature_mask")
    return MediaSpan(**{**data, "feature_mask": None if mask is None else tuple(bool(item) for item in mask)})


def step_from(data: dict[str, Any]) -> Step:
    def array(key: str, dtype: Any) -> np.ndarray | None:
        return None if data.get(key) is None else np.asarray(data[key], dtype=dtype)

    return Step(
        parent=data.get("parent"),
        speaker=data["speaker"],
        message=message_from(data["message"]),
        tokens=array("tokens", np.int32),
        sampled=array("sampled", bool),
        body=array("body", bool),
        logp=array("logp", np.float32),
        media=tuple(span_from(span) for span in data.get("media", ())),
        latent=tuple(LatentSpan(**span) for span in data.get("latent", ())),
        scores=data.get("scores", {}),
        version=data.get("version"),
        started_s=data.get("started_s", 0.0),
        ended_s=data.get("ended_s", 0.0),
    )


def score_from(data: dict[str, Any]) -> Score:
    per_step = data.get("per_step")
    return Score(
        value=data.get("value"),
        per_step=None if per_step is None else tuple(per_step),
        extracted=data.get("extracted"),
        note=data.get("note", ""),
    )


def event_from(data: dict[str, Any]) -> ToolEvent:
    box, points = data.get("box_xyxy"), tuple(tuple(point) for point in data.get("points_xy", ()))
    return ToolEvent(**{**data, "box_xyxy": None if box is None else tuple(box), "points_xy": points})


def trajectory_from(data: dict[str, Any]) -> Trajectory:
    """Inverse of `plain` for a trajectory. Raises ValueError naming the field that is wrong."""
    try:
        return Trajectory(
            sample=sample_from(data["sample"]),
            attempt=data.get("attempt", 0),
            steps=tuple(step_from(step) for step in data.get("steps", ())),
            stop=Stop(data.get("stop", "done")),
            rewards={key: score_from(score) for key, score in data.get("rewards", {}).items()},
            aux=data.get("aux", {}),
            origin=data.get("origin", "policy"),
            branch=data.get("branch", ""),
            metrics=data.get("metrics", {}),
            events=tuple(event_from(event) for event in data.get("events", ())),
            error=data.get("error"),
            seed=data.get("seed", 0),
            version=data.get("version", 0),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a trajectory record: {type(error).__name__} {error}") from error


def write_lines(path: Path, items: Iterable[Any], *, append: bool = True) -> None:
    """Append one JSON line per item, or write them anew: then the file is the old one or the new one, never half. Numbers
    are finite or null (NaN is not JSON)."""
    into = path if append else path.with_name(path.name + ".tmp")
    with into.open("a" if append else "w", encoding="utf-8") as out:
        for item in items:
            value = finite(plain(item))
            line = json.dumps(value, ensure_ascii=False, allow_nan=False)
            if not line.isascii() and any("\ud800" <= character <= "\udfff" for character in line):
                line = json.dumps(value, allow_nan=False)  # half of a surrogate pair, which models do write, is no UTF-8
            out.write(line + "\n")
    if not append:
        into.replace(path)


def finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return value


READING = ("tokenizer.json", "preprocessor_config.json")
"""Of a checkpoint: what reads tokens back, and says in which size the model got a picture."""


def keep_reading(checkpoint: Path, folder: Path) -> None:
    """Copy what reads a record back beside it, so that it can be read where the checkpoint is not."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in READING:
        if (checkpoint / name).is_file() and not (folder / name).exists():
            shutil.copyfile(checkpoint / name, folder / name)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Lines of a JSON-lines file. A last line that a killed run left half-written is dropped; any other bad line raises
    ValueError with file and line number."""
    with path.open(encoding="utf-8") as lines:
        held: tuple[int, str] | None = None
        for number, line in enumerate(_text(path, lines), start=1):
            if held is not None:
                yield _parse(path, *held, last=False)
            held = (number, line) if line.strip() else None
        if held is not None:
            try:
                yield _parse(path, *held, last=True)
            except EOFError:
                return


def _text(path: Path, lines: Iterable[str]) -> Iterator[str]:
    try:
        yield from lines
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8, so it holds no JSON lines") from None


def _parse(path: Path, number: int, line: str, *, last: bool) -> dict[str, Any]:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        if last and not line.endswith("\n"):
            raise EOFError from error
        raise ValueError(f"{path}:{number}: not JSON ({error})") from error


def read_trajectories(path: Path) -> Iterator[Trajectory]:
    for data in read_lines(path):
        yield trajectory_from(data)


def groups_of(trajectories: Iterable[Trajectory]) -> tuple[Group, ...]:
    """Gather attempts by (sample, version), in order of first appearance."""
    gathered: dict[tuple[str, int], list[Trajectory]] = {}
    for trajectory in trajectories:
        gathered.setdefault((trajectory.sample.id, trajectory.version), []).append(trajectory)
    return tuple(Group(sample=members[0].sample, trajectories=tuple(members)) for members in gathered.values())
