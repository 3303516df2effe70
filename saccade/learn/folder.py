"""The run folder: everything a run was and did, readable without this library.

    config.json       the run, described            metrics.jsonl   one line per update
    environment.json  versions, platform, commit    trajectories/   one JSON-lines file per update
    data.json         fingerprints of the data      media/          pictures by content hash
    summary.json      the outcome                   checkpoints/    weights and optimiser
                                                    pending/        attempts that no checkpoint holds yet

A folder is never overwritten by another run: it is continued (`resume`) or refused.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from saccade.core.record import finite, plain, read_lines, write_lines
from saccade.core.run import Run, describe
from saccade.core.trajectory import Group
from saccade.learn.ranks import joined
from saccade.learn.trackers import Tracker

PACKAGES = ("saccade", "torch", "transformers", "peft", "safetensors", "tokenizers", "numpy", "pillow", "scikit-image")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """Paths of a run folder and the few writes a loop makes to it; `trackers` are told what goes to ``metrics.jsonl``.

    Of processes that learn together one `writes`; pictures, whose name is their content, and slices of checkpoints are
    written by all.
    """

    path: Path
    trackers: tuple[Tracker, ...] = ()
    writes: bool = True

    @property
    def media(self) -> Path:
        return self.path / "media"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def pending(self) -> Path:
        return self.path / "pending"

    def trajectories(self, update: int) -> Path:
        return self.path / "trajectories" / f"update_{update:06d}.jsonl"

    def log(self, line: Mapping[str, Any]) -> None:
        if not self.writes:
            return
        write_lines(self.metrics, [dict(line)])
        for tracker in self.trackers:
            tracker.log(line)

    def keep(self, update: int, groups: Iterable[Group]) -> None:
        """Write the trajectories of an update; a file that a killed run left is replaced."""
        if self.writes:
            write_lines(
                self.trajectories(update), (each for group in groups for each in group.trajectories), append=False
            )

    def write(self, name: str, value: Any) -> None:
        if self.writes:
            write_json(self.path / name, value)

    def truncate(self, update: int) -> None:
        """Forget what was logged after this update, so that a resumed run writes it again."""
        if not self.writes:
            return
        kept = [line for line in read_lines(self.metrics) if line["update"] <= update] if self.metrics.exists() else []
        write_lines(self.metrics, kept, append=False)
        for path in (self.path / "trajectories").glob("update_*.jsonl"):
            if int(path.stem.removeprefix("update_")) > update:
                path.unlink()


def open_folder(path: str | Path, run: Run, *, resume: bool) -> RunFolder:
    """Create the folder of a run, or check that the one that is there belongs to it.

    Raises ValueError for a folder in use when `resume` is False, and, when it is True, for a run whose settings differ
    from those recorded (except how long it goes on), naming the first difference.
    """
    folder = RunFolder(path=Path(path))
    config = json.loads(json.dumps(finite(describe(run)), default=str))
    recorded = folder.path / "config.json"
    if recorded.exists() and not resume:
        raise ValueError(f"{folder.path} already holds a run; resume it, or choose another folder")
    if recorded.exists():
        difference = first_difference(lasting(json.loads(recorded.read_text(encoding="utf-8"))), lasting(config))
        if difference:
            raise ValueError(f"{recorded} was written by another run: {difference}")
    (folder.path / "trajectories").mkdir(parents=True, exist_ok=True)
    folder.checkpoints.mkdir(exist_ok=True)
    folder.write("config.json", config)
    folder.write("environment.json", environment())
    return folder


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """Say where the disk is full and what to do. Raises OSError."""
    try:
        yield
    except Exception as error:  # safetensors reports it as an error of its own
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if not full and f"os error {errno.ENOSPC}" not in str(error):
            raise
        advice = "the disk is full; make room and run the same again with resume, it goes on from the last checkpoint"
        raise OSError(errno.ENOSPC, advice, str(folder)) from error


def lasting(config: dict[str, Any]) -> dict[str, Any]:
    """The settings that a continued run must share: all but how long it runs and how often it saves."""
    free = ("updates", "save_every", "seconds", "tokens", "patience")
    schedule = {key: value for key, value in config["schedule"].items() if key not in free}
    return {**config, "schedule": schedule}


def first_difference(left: Any, right: Any, path: str = "") -> str:
    """Where two descriptions differ first, in words; empty when they do not."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            found = first_difference(left.get(key), right.get(key), f"{path}.{key}" if path else key)
            if found:
                return found
        return ""
    return "" if left == right else f"{path} was {left!r} and is now {right!r}"


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that the file is either the old one or the new one, never half."""
    temporary = path.with_suffix(path.suffix + ".tmp")
    with temporary.open("w", encoding="utf-8") as out:
        json.dump(finite(plain(value)), out, indent=2, ensure_ascii=False, allow_nan=False)
        out.write("\n")
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)


def environment() -> dict[str, Any]:
    """Versions, platform and the commit of this library, as far as they can be known."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cpus": os.cpu_count(),
        "ranks": joined().size,
        "packages": versions,
        "commit": commit(),
    }


def commit() -> str | None:
    """The commit this library was checked out at, ``+`` appended when files differ from it; None without git."""
    here = Path(__file__).resolve().parent
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, timeout=10)
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"], cwd=here, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "") if head.returncode == 0 else None
