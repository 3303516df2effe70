"""Isolation by the Linux kernel, without privileges and without anything installed: the default.

Every session is a process of its own, forked from a warm interpreter into namespaces of its own (user, mount, pid, net,
ipc, uts, cgroup), with a root that holds an interpreter and a few packages, one writable folder in memory, no network, no
other process, no capability; Landlock and a seccomp allow-list stand behind that, so that one mistake in one wall is not a
way out. Between runs a session is frozen. Where any wall cannot be built, nothing runs.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import asdict
from pathlib import Path
from typing import Any

from saccade.sandbox.cell import ENVIRONMENT, Cell
from saccade.sandbox.inside import kernel, syscalls
from saccade.sandbox.packages import interpreter, shown
from saccade.sandbox.protocol import LIMITS, Limits, SandboxDied, Unavailable

WARM = {
    "numpy": "import numpy", "pillow": "import PIL.Image, PIL.ImageDraw, PIL.ImageFont, PIL.ImageOps; PIL.Image.init()",
    "opencv-python-headless": "import cv2", "matplotlib": "import matplotlib.pyplot", "scipy": "import scipy",
}
"""What the zygote does beforehand for a distribution, so that sessions need not."""
START_S = 30.0


class Jail:
    """Sessions from one zygote. `spare` are kept ready; the zygote starts with the first session and again if it dies."""

    name = "jail"

    def __init__(self, *, limits: Limits, packages: tuple[str, ...], spare: int) -> None:
        self.limits, self.packages, self.spare = limits, packages, spare
        self._lock = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._ending: Any = None
        self._stood = False

    def open(self) -> Cell:
        """A fresh session. Raises Unavailable where this kernel cannot build the walls, SandboxDied where they fell."""
        with self._lock:
            for trial in (1, 0):
                try:
                    return self._next()
                except (OSError, EOFError) as error:
                    self._stop()
                    if not trial:
                        raise SandboxDied(f"the jail gives no session: {type(error).__name__}: {error}") from error
        raise AssertionError("unreachable")

    def close(self) -> None:
        """End every session and the zygote."""
        with self._lock:
            self._stop()

    def _next(self) -> Cell:
        if self._control is None:
            self._start()
        assert self._control is not None
        data, descriptors, *_ = socket.recv_fds(self._control, 1 << 16, 3)
        if not data:
            raise EOFError("the zygote ended")
        if len(descriptors) != 3:
            self._stop()
            why = f"the walls cannot be built: {json.loads(data)['error']}"
            raise SandboxDied(why) if self._stood else Unavailable(f"jail: {why}; nothing is run without isolation")
        self._stood = True
        self._control.send(b"+")
        channel, handle, end = descriptors
        return Cell(
            socket.socket(fileno=channel), handle, limits=self.limits, canary=lambda: self.open().sing(),
            killed=lambda: was_killed(end), release=lambda: os.close(end),
        )

    def _start(self) -> None:
        lacks = missing()
        if lacks:
            raise Unavailable(f"jail: {lacks}; nothing is run without isolation")
        seen = shown(self.packages)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from inside import zygote; " \
                  f"zygote.main({theirs.fileno()})"
        self._zygote = subprocess.Popen(
            [interpreter(), "-I", "-S", "-B", "-c", program], pass_fds=(theirs.fileno(),), env=ENVIRONMENT, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )
        theirs.close()
        ours.settimeout(START_S)
        self._control = ours
        self._ending = weakref.finalize(self, end, self._zygote, ours)
        warm = [WARM[name] for name in self.packages if name in WARM]
        ours.send(json.dumps({
            "shown": seen.paths, "hidden": seen.hidden, "path": seen.search, "warm": warm, "environment": ENVIRONMENT,
            **asdict(self.limits),
        }).encode())
        for _ in range(1 + self.spare):
            ours.send(b"+")

    def _stop(self) -> None:
        if self._ending is not None:
            self._ending()
        self._zygote = self._control = self._ending = None


def was_killed(end: int) -> bool:
    """Whether a SIGKILL ended a cell that we did not kill. Its code cannot: it is pid 1 of its namespace, and the kernel
    ignores what that sends itself."""
    os.set_blocking(end, False)
    for _ in range(200):
        try:
            status = os.read(end, 16)
        except BlockingIOError:
            time.sleep(0.005)
            continue
        return not status or (os.WIFSIGNALED(int(status)) and os.WTERMSIG(int(status)) == signal.SIGKILL)
    return False


def end(zygote: subprocess.Popen[bytes], control: socket.socket) -> None:
    """Everything that lives in the zygote's namespaces dies with it."""
    control.close()
    zygote.kill()
    zygote.wait()


def missing() -> str:
    """What this machine lacks, as far as it can be told without trying; empty where nothing is."""
    if not sys.platform.startswith("linux"):
        return f"it needs Linux, this is {sys.platform}"
    if not syscalls.supported():
        return f"its list of system calls is that of x86-64, this is {platform.machine()}"
    if kernel.landlock_abi() < 1:
        return "this kernel has no Landlock (5.13 or newer, with landlock in the list of active security modules)"
    return ""


def jail(*, limits: Limits = LIMITS, packages: tuple[str, ...] = ("numpy", "pillow"), spare: int = 2) -> Jail:
    """Isolate with the Linux kernel alone: namespaces, Landlock, seccomp, limits. Needs no privileges and no program.

    packages: distributions installed here that code may import, with what they need
    spare:    sessions kept ready, so that opening one costs little

    Opening a session raises Unavailable where a wall cannot be built; code never runs with one missing.
    """
    return Jail(limits=limits, packages=packages, spare=spare)


EXAMPLES = [
    ("print(6 * 7)", "ok", "42"),
    ("x = 6\nx * 7", "ok", "42"),
    ("1 / 0", "error", "ZeroDivisionError"),
    ("import numpy, PIL; numpy.arange(3).sum()", "ok", "3"),
    ("open('/etc/passwd').read()", "error", "FileNotFoundError"),
    ("import socket; socket.socket()", "error", "PermissionError"),
    ("while True: pass", "timeout", "stopped after"),
]
