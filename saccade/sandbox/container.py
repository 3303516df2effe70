"""Isolation by bubblewrap: a rootless container over a root folder, for packages that this machine does not have.

The root may be any unpacked image (`debootstrap`, an exported container) that holds a Python with what code is to use;
without one, the interpreter and packages of this machine are shown, as in the jail. Inside, before any code is read, the
process closes the same inner walls around itself: limits, Landlock, the seccomp allow-list. A session costs the start of
an interpreter, for nothing is kept warm.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from dataclasses import asdict
from pathlib import Path

from saccade.sandbox.cell import ENVIRONMENT, Cell
from saccade.sandbox.inside.root import DEVICES, SCRATCH
from saccade.sandbox.jail import WARM, missing
from saccade.sandbox.packages import Shown, interpreter, shown
from saccade.sandbox.protocol import LIMITS, Limits, SandboxDied, Unavailable

START_S = 30.0
CODE = "/inside-code"
"""Where the files that run within the walls are shown."""


class Container:
    """Sessions, each a container of its own."""

    name = "container"

    def __init__(self, *, limits: Limits, root: str | None, python: str, packages: tuple[str, ...]) -> None:
        if root is not None and not Path(root).is_dir():
            raise ValueError(f"container: there is no root folder {root!r}; unpack an image with a Python there")
        self.limits, self.root, self.python, self.packages = limits, root, python, packages
        self._stood = False

    def open(self) -> Cell:
        lacks = missing() or ("" if shutil.which("bwrap") else "there is no bwrap (apt install bubblewrap)")
        if lacks:
            raise Unavailable(f"container: {lacks}; nothing is run without isolation")
        seen = shown(self.packages) if self.root is None else None
        ours, theirs = socket.socketpair()
        waiting, told = os.pipe()
        try:
            process = subprocess.Popen(
                self._command(seen, theirs.fileno(), told), pass_fds=(theirs.fileno(), told), env=ENVIRONMENT, cwd="/",
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
            )
        finally:
            theirs.close()
            os.close(told)
        try:
            with os.fdopen(waiting) as line:
                handle = os.pidfd_open(json.loads(line.read())["child-pid"])
            self._prepare(ours, seen)
        except (OSError, ValueError, KeyError) as error:
            ours.close()
            process.kill()
            said = process.communicate()[1].decode(errors="replace").strip()
            why = f"container: no session: {said or error}"
            raise (SandboxDied if self._stood else Unavailable)(why) from error
        self._stood = True
        return Cell(
            ours, handle, limits=self.limits, canary=lambda: self.open().sing(), killed=lambda: False,
            release=lambda: end(process),
        )

    def close(self) -> None:
        """Sessions are closed one by one; nothing else is held."""

    def _command(self, seen: Shown | None, channel: int, told: int) -> list[str]:
        if seen is None:
            files = ["--ro-bind", str(self.root), "/"]
        else:
            files = [word for path in seen.paths for word in placed(path, seen)]
            programs = dict.fromkeys((self.python, os.path.realpath(self.python)))
            files += [word for path in programs for word in placed(path, seen)]
            files += [word for each in covered(seen) for word in ("--remount-ro", each)]
        devices = [word for path in DEVICES for word in ("--dev-bind", path, path)]
        program = f"import sys; sys.path.insert(0, {CODE!r}); from inside import contained; contained.main({channel})"
        return [
            "bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session",
            "--as-pid-1",
            "--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "cell", "--info-fd", str(told),
            *files, "--tmpfs", "/dev", *devices, "--remount-ro", "/dev",
            "--ro-bind", str(Path(__file__).parent / "inside"), f"{CODE}/inside",
            "--size", str(self.limits.disk_mb << 20), "--perms", "0700", "--tmpfs", SCRATCH, "--remount-ro", "/",
            "--chdir", SCRATCH, "--", self.python, *(("-S",) if seen else ()), "-I", "-B", "-c", program,
        ]

    def _prepare(self, channel: socket.socket, seen: Shown | None) -> None:
        """Hand the settings over and wait for the walls. Raises OSError with what stands in their way."""
        channel.settimeout(START_S)
        warm = [WARM[name] for name in self.packages if name in WARM]
        settings = {"path": seen.search if seen else None, "warm": warm, "environment": ENVIRONMENT, **asdict(self.limits)}
        channel.sendall(json.dumps(settings).encode() + b"\n")
        said = b""
        while not said.endswith(b"\n"):
            piece = channel.recv(4096)
            if not piece:
                raise OSError("the process ended before its walls stood")
            said += piece
        if said.strip():
            raise OSError(said.decode(errors="replace").strip())


def placed(path: str, seen: Shown) -> list[str]:
    """The words that show one path; folders that hide what is not meant to be seen come before what is shown in them."""
    if os.path.islink(path) and path in ("/lib", "/lib64"):
        return ["--symlink", os.readlink(path), path]
    if not os.path.exists(path):
        return []
    hidden = [each for each in covered(seen) if each.startswith(path + "/")]
    return ["--ro-bind", path, path, *(word for each in hidden for word in ("--tmpfs", each))]


def covered(seen: Shown) -> list[str]:
    """Folders that lie within a shown one and are covered by an empty one."""
    return [
        each for each in seen.hidden
        if os.path.isdir(each) and any(each.startswith(path + "/") and not os.path.islink(path) for path in seen.paths)
    ]


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def container(
    *, limits: Limits = LIMITS, root: str | None = None, python: str | None = None,
    packages: tuple[str, ...] = ("numpy", "pillow"),
) -> Container:
    """Isolate with bubblewrap. Opening a session raises Unavailable where `bwrap` or a wall is missing.

    root:     an unpacked image; None shows the interpreter and `packages` of this machine
    python:   the interpreter in it
    packages: distributions that are imported before the walls close
    """
    python = python or (interpreter() if root is None else "/usr/bin/python3")
    return Container(limits=limits, root=root, python=python, packages=packages)


EXAMPLES = [("print(6 * 7)", "ok", "42"), ("1 / 0", "error", "ZeroDivisionError")]
