"""Runs below the folders a user names: training runs, evaluations and rollouts, found because their files are there.

A run's name is its path below the folder that was named. The server looks names up among these and joins no path from a
request. Links are not followed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEPTH = 4
SKIPPED = {"media", "model", "checkpoints", "trajectories", "node_modules"}
SIGNS = ("trajectories.jsonl", "trajectories", "metrics.jsonl", "items.jsonl", "summary.json")
LARGEST_JSON = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A run: its name and its folder. `media` are the folders its pictures lie in."""

    name: str
    folder: Path

    @property
    def kind(self) -> str:
        if (self.folder / "items.jsonl").is_file():
            return "evaluation"
        if (self.folder / "config.json").is_file():
            return "training"
        return "rollout" if (self.folder / "trajectories.jsonl").is_file() else "run"

    @property
    def media(self) -> tuple[Path, ...]:
        here = self.folder.resolve()
        return tuple(folder / "media" for folder in (here, *list(here.parents)[:3]) if (folder / "media").is_dir())

    def json(self, name: str) -> dict[str, Any]:
        """One of its JSON files; empty when it is missing, broken or not an object."""
        path = self.folder / name
        try:
            if path.stat().st_size > LARGEST_JSON:
                return {}
            value = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


def places(folders: Sequence[Path]) -> dict[str, Place]:
    """Runs by name. With several folders their own names come first. Raises ValueError for a folder that is not there."""
    out: dict[str, Place] = {}
    for folder in folders:
        if not folder.is_dir():
            raise ValueError(f"{folder}: there is no such folder; name a run folder, or a folder of run folders")
        for found in below(folder, DEPTH):
            inside = found.relative_to(folder).as_posix()
            name = (
                folder.resolve().name if inside == "." else inside if len(folders) == 1 else f"{folder.name}/{inside}"
            )
            while name in out and out[name].folder != found:
                name += "'"
            out[name] = Place(name=name, folder=found)
    return out


def below(folder: Path, depth: int) -> Iterator[Path]:
    if any((folder / sign).exists() for sign in SIGNS):
        yield folder
    if depth == 0:
        return
    try:
        inner = sorted(each for each in folder.iterdir() if each.name not in SKIPPED and not each.name.startswith("."))
    except OSError:
        return
    for each in inner:
        if each.is_dir() and not each.is_symlink():
            yield from below(each, depth - 1)
