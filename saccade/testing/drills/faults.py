"""What is done to a run: its processes are killed, its disk is filled, its checkpoints are damaged."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

START_S = 120.0
"""How long a process may take to its first update before nobody waits any longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one drilled run lives: ``run`` is its folder, ``log`` what its processes say, ``worker`` the tool's number."""

    home: Path
    checkpoint: Path
    mode: str
    options: tuple[str, ...] = ()

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def worker(self) -> Path:
        return self.home / "worker.pid"


def start(place: Place) -> subprocess.Popen[bytes]:
    """The same command as ever, in a process group of its own."""
    place.home.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "saccade.testing.drills.trainee", str(place.checkpoint), str(place.run), "--mode", place.mode,
        "--worker", str(place.worker), *place.options,
    ]
    with place.log.open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def finish(place: Place, *, seconds: float = 900.0) -> int:
    """Run to the end. Returns the exit status."""
    process = start(place)
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        end(process)
        return -1


def lines(place: Place) -> int:
    metrics = place.run / "metrics.jsonl"
    return metrics.read_bytes().count(b"\n") if metrics.exists() else 0


def killed(place: Place, rng: np.random.Generator, *, early: float = 0.15) -> str:
    """Start, and kill at a random moment: in one case in `early` while it starts, else within a few updates of the first
    it makes. Returns what was killed: ``trainer``, ``everything``, ``tool`` (the trainer goes on until it is killed, too),
    or ``""`` where the run had come to its end."""
    process = start(place)
    began, before, spent = time.monotonic(), None, 0.0
    if rng.random() < early:
        wait(process, float(rng.uniform(0.0, 5.0)))
    else:
        while process.poll() is None and time.monotonic() - began < START_S:
            now = lines(place)
            if before is not None and now > before:  # a resumed run first cuts the file down
                break
            before = now if before is None else min(before, now)
            time.sleep(0.002)
        spent = time.monotonic() - began
        wait(process, float(rng.uniform(0.0, min(3.0, 0.4 * spent))))
    kind = str(rng.choice(["trainer", "everything", "tool"], p=[0.6, 0.2, 0.2]))
    if kind == "tool" and not kill_worker(place):
        kind = "trainer"
    if kind == "tool":
        wait(process, float(rng.uniform(0.0, 1.0)))
    if process.poll() is not None:
        return ""
    if kind == "everything":
        end(process)
    else:
        process.kill()
        process.wait()
    return kind


def wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)


def kill_worker(place: Place) -> bool:
    """SIGKILL the tool's process if it is one of ours that runs."""
    try:
        number = int(place.worker.read_text())
        if b"sys.stdin" not in Path(f"/proc/{number}/cmdline").read_bytes():
            return False
        os.kill(number, signal.SIGKILL)
    except (OSError, ValueError):
        return False
    return True


def end(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a process and everything it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def damage(run: Path, rng: np.random.Generator) -> tuple[str, str]:
    """Do to the newest checkpoint what a disk might do. Returns its name and what; two empty texts where it is the only
    one."""
    found = sorted(path for path in (run / "checkpoints").glob("update_*") if (path / "state.json").exists())
    if len(found) < 2:
        return "", ""
    name = str(rng.choice(["weights.safetensors", "optimiser.safetensors", "state.json", "files.json"]))
    path, what = found[-1] / name, str(rng.choice(["cut", "empty", "flip", "gone"]))
    content = path.read_bytes()
    if what == "cut":
        path.write_bytes(content[: int(rng.integers(1, len(content)))])
    elif what == "empty":
        path.write_bytes(b"")
    elif what == "flip":
        at = int(rng.integers(len(content)))
        path.write_bytes(content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :])
    else:
        path.unlink()
    return found[-1].name, f"{what} {name}"


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[bool]:
    """A file system of so many bytes at `folder` while the block runs; False where this machine does not let us."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={size}", "saccade-drill", str(folder)]
    if subprocess.run(["mount", *options], capture_output=True).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def enlarge(folder: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True, capture_output=True)
