"""The inner walls, which a process closes around itself before it reads any code."""

from __future__ import annotations

import os
import random
import resource
from typing import Any

from . import kernel, root, syscalls


def close_in(settings: dict[str, Any]) -> None:
    """Irrevocable: limits, no privileges, Landlock, seccomp. Needs /scratch and the devices in place."""
    os.chdir(root.SCRATCH)
    os.umask(0o077)
    os.nice(5)
    os.environ.clear()
    os.environ.update(settings["environment"])
    random.seed(0)
    mega = 1 << 20
    for what, most in (
        (resource.RLIMIT_AS, settings["memory_mb"] * mega), (resource.RLIMIT_FSIZE, settings["disk_mb"] * mega),
        (resource.RLIMIT_NPROC, settings["threads"]), (resource.RLIMIT_NOFILE, 64), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0), (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(what, (most, most))
    kernel.prctl(kernel.NO_NEW_PRIVS, 1)
    kernel.drop_capabilities()
    kernel.prctl(kernel.SET_DUMPABLE, 0)
    kernel.landlock(readable=("/",), writable=(root.SCRATCH,), devices=root.DEVICES)
    syscalls.install()
