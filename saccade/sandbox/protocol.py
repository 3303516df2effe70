"""Where model-written code runs: a sandbox opens sessions, a session runs code and keeps its state.

What the code does wrong (it raises, exits, takes too long, takes too much) is a `Result`: the model's doing, scored like
any other. What we do wrong is an exception: `Unavailable` where this machine cannot isolate, so that nothing runs at all,
and `SandboxDied` where a sandbox that stood has failed, so that the attempt is left out. There is no third way: code
never runs without isolation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Status = Literal["ok", "error", "timeout", "crashed", "flood"]
"""ok; error: it raised; timeout: over `Limits.seconds`; crashed: its process ended; flood: it sent more than may be read"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a session may use.

    seconds:      wall clock of one run
    memory_mb:    address space, interpreter and packages included
    disk_mb:      files in the session's folder; they live in memory
    threads:      at once; there are no other processes
    output_chars: kept of each of stdout, stderr and the traceback
    """

    seconds: float = 10.0
    memory_mb: int = 1024
    disk_mb: int = 64
    threads: int = 16
    output_chars: int = 20_000

    def __post_init__(self) -> None:
        for name in ("seconds", "memory_mb", "disk_mb", "threads", "output_chars"):
            if not getattr(self, name) > 0:
                raise ValueError(f"Limits.{name} is {getattr(self, name)}; it must be positive")


LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one run. After any status but ok and error the session is over and its state is lost.

    error: the traceback, without frames of ours; files: those that were asked for, by name relative to the session's folder
    """

    status: Status
    stdout: str = ""
    stderr: str = ""
    error: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def alive(self) -> bool:
        return self.status in ("ok", "error")


class Unavailable(RuntimeError):
    """This machine cannot isolate in this way. Says what is missing."""


class SandboxDied(RuntimeError):
    """A sandbox failed on our side; what it was running is nobody's answer."""


class Session(Protocol):
    """State of one trajectory; never shared. Names of earlier runs are still there in later ones."""

    def run(self, code: str, *, files: Mapping[str, bytes] | None = None, collect: str = "") -> Result:
        """Write `files`, run the code, return files whose relative path fits the glob `collect` (and remove them).

        Raises SandboxDied.
        """
        ...

    def close(self) -> None: ...


class Sandbox(Protocol):
    """One way to isolate. Sessions know nothing of each other."""

    name: str
    limits: Limits

    def open(self) -> Session:
        """A fresh session. Raises Unavailable or SandboxDied."""
        ...

    def close(self) -> None: ...
