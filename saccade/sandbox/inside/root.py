"""The file system that model-written code sees: an interpreter, a few packages, one writable folder, nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence

from . import kernel
from .kernel import BIND, NO_DEVICES, NO_EXEC, NO_SUID, PRIVATE, READ_ONLY, RECURSIVE

SCRATCH = "/scratch"
"""Where code may write: its working folder, its home, its place for temporary files."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
STAND = "/proc"
"""Where the new root is put together: a folder every machine has and whose content is not needed for it."""


def build(shown: Sequence[str], hidden: Sequence[str]) -> None:
    """Make a new root in which only `shown` paths exist (read-only, at their own places), minus folders in `hidden`.

    Needs a mount namespace of its own. Paths in `shown` may lie inside those in `hidden`.
    """
    kernel.mount(None, "/", None, PRIVATE | RECURSIVE)
    kernel.mount("tmpfs", STAND, "tmpfs", NO_SUID | NO_DEVICES, "size=1m,mode=755")
    outside = [path for path in shown if not any(within(path, place) for place in hidden)]
    for path in outside:
        place(path)
    for path in hidden:
        if os.path.isdir(STAND + path):
            kernel.mount("tmpfs", STAND + path, "tmpfs", NO_SUID | NO_DEVICES, "size=1m,mode=755")
    for path in (path for path in shown if path not in outside):
        place(path)
    for folder in (SCRATCH, "/dev"):
        os.makedirs(STAND + folder, exist_ok=True)
    if not os.path.exists(STAND + "/tmp"):
        os.symlink(SCRATCH, STAND + "/tmp")
    kernel.restrict_mount(STAND, READ_ONLY | NO_SUID | NO_DEVICES, recursive=True)
    devices(STAND + "/dev")
    kernel.enter_root(STAND)


def within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def place(path: str) -> None:
    """Show one path of the host in the new root: a link as a link, files and folders as bind mounts."""
    target = STAND + path
    if os.path.lexists(target) or not os.path.lexists(path):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), target)
    elif os.path.isdir(path):
        os.mkdir(target)
        kernel.mount(path, target, None, BIND | RECURSIVE)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        kernel.mount(path, target, None, BIND)


def devices(folder: str) -> None:
    kernel.mount("tmpfs", folder, "tmpfs", NO_SUID, "size=64k,mode=755")
    for path in DEVICES:
        target = STAND + path
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        kernel.mount(path, target, None, BIND)
        kernel.restrict_mount(target, READ_ONLY | NO_SUID | NO_EXEC)
    kernel.restrict_mount(folder, READ_ONLY | NO_SUID | NO_EXEC)


def scratch(size_mb: int) -> None:
    """A fresh, empty, size-limited writable folder, in memory. Nothing in it can be executed or mapped as code."""
    settings = f"size={size_mb}m,nr_inodes={64 * size_mb},mode=700"
    kernel.mount("tmpfs", SCRATCH, "tmpfs", NO_SUID | NO_DEVICES | NO_EXEC, settings)
