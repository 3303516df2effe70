"""The parent of all cells: a bare interpreter with the packages imported, which forks a walled-in child on request.

    zygote  new user, mount, pid, net, ipc, uts and cgroup namespaces; a root of its own; imports the packages; forks
    reaper  one a cell: the same namespaces once more, an empty scratch folder; waits for the cell and tells how it ended
    cell    pid 1 of its namespaces; limits, no capabilities, Landlock, seccomp; then runs what it is sent

The zygote talks over one socket: its settings come first, then one byte for every cell wanted. It answers with the
cell's channel, a pidfd to kill it by and a pipe that tells its end. When the socket closes, everything dies with it:
the zygote is pid 1, and the kernel ends what lives in its namespaces.
"""

from __future__ import annotations

import array
import importlib
import json
import os
import signal
import socket
import sys
from typing import Any, NoReturn

from . import kernel, root, walls, worker

NOBODY, INSIDE = 65534, 1000


def main(descriptor: int) -> NoReturn:
    control = socket.socket(fileno=descriptor)
    settings = json.loads(control.recv(1 << 20))
    try:
        processes = os.open("/proc", os.O_PATH | os.O_DIRECTORY)
        demote = may_demote()
        enter(processes, demote)
        child = os.fork()
    except Exception as error:
        give_up(control, error)
    if child:
        control.close()
        os.waitpid(child, 0)
        os._exit(0)
    kernel.prctl(kernel.DIE_WITH_PARENT, signal.SIGKILL)
    try:
        prepare(settings)
    except Exception as error:
        give_up(control, error)
    while control.recv(1):
        if os.fork() == 0:
            reap(control, processes, settings, demote)
    os._exit(0)


def may_demote() -> bool:
    """Root of the machine can hand cells to `nobody`, so that not even the kernel takes them for root."""
    if os.geteuid() != 0:
        return False
    with open("/proc/self/uid_map") as ranges:
        known = [tuple(map(int, line.split())) for line in ranges]
    return any(first <= NOBODY < first + count for first, _, count in known)


def enter(processes: int, demote: bool) -> None:
    """New namespaces, in which this process is root and nobody else exists (but `nobody`, where cells become that)."""
    uid, gid, own = os.geteuid(), os.getegid(), os.getpid()
    if not demote:
        kernel.unshare(kernel.EVERYTHING)
        map_ids(processes, "self", f"0 {uid} 1", f"0 {gid} 1")
        return
    waiting, go = os.pipe()
    helper = os.fork()  # a map of two users is written from outside
    if helper == 0:
        os.close(go)
        ready = os.read(waiting, 1)
        try:
            if ready:
                wanted = f"0 0 1\n{NOBODY} {NOBODY} 1"
                map_ids(processes, str(own), wanted, wanted, groups=True)
        except OSError:
            os._exit(1)
        os._exit(0)
    os.close(waiting)
    kernel.unshare(kernel.EVERYTHING)
    os.write(go, b"!")
    os.close(go)
    if os.waitpid(helper, 0)[1] != 0:
        raise PermissionError("the user map could not be written")


def map_ids(processes: int, process: str, users: str, groups_: str, *, groups: bool = False) -> None:
    texts = {"uid_map": users, "setgroups": "allow" if groups else "deny", "gid_map": groups_}
    for name, value in texts.items():
        descriptor = os.open(f"{process}/{name}", os.O_WRONLY, dir_fd=processes)
        try:
            os.write(descriptor, value.encode())
        finally:
            os.close(descriptor)


def prepare(settings: dict[str, Any]) -> None:
    """The root, and everything cells would otherwise have to import again."""
    root.build(settings["shown"], settings["hidden"])
    sys.path[:] = settings["path"]
    importlib.invalidate_caches()
    sys.path_importer_cache.clear()
    for line in settings["warm"]:
        exec(line, {})
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def reap(control: socket.socket, processes: int, settings: dict[str, Any], demote: bool) -> NoReturn:
    """Make a cell, hand it over, wait for its end. Never returns into the zygote's loop."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if demote:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            kernel.prctl(kernel.SET_DUMPABLE, 1)  # or the maps would not be ours to write
        uid, gid = os.geteuid(), os.getegid()
        kernel.unshare(kernel.EVERYTHING)
        map_ids(processes, "self", f"{INSIDE} {uid} 1", f"{INSIDE} {gid} 1")
        root.scratch(settings["disk_mb"])
        ours, theirs = socket.socketpair()
        told, tell_walls = os.pipe()
        cell = os.fork()
        if cell == 0:
            kernel.prctl(kernel.DIE_WITH_PARENT, signal.SIGKILL)
            live(theirs.detach(), tell_walls, settings)
        theirs.close()
        os.close(tell_walls)
        said = os.read(told, 4096)
        if said != b"stand":
            raise OSError(said.decode(errors="replace") or "the cell died while its walls were built")
        handle, (end, tell_end) = os.pidfd_open(cell), os.pipe()
        tell(control, {"cell": cell}, ours.fileno(), handle, end)
        for descriptor in (control.detach(), ours.detach(), handle, end):
            os.close(descriptor)
        os.write(tell_end, str(os.waitpid(cell, 0)[1]).encode())
    except Exception as error:
        if control.fileno() >= 0:
            tell(control, {"error": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(0)


def live(channel: int, tell_walls: int, settings: dict[str, Any]) -> NoReturn:
    """Close the walls around this process, then run code until the channel closes."""
    try:
        channel, tell_walls = tidy(channel, tell_walls)
        os.setsid()
        kernel.hostname("cell")
        walls.close_in(settings)
    except BaseException as error:
        os.write(tell_walls, f"{type(error).__name__}: {error}".encode()[:4000])
        os._exit(1)
    os.write(tell_walls, b"stand")
    os.close(tell_walls)
    worker.serve(channel, output_chars=settings["output_chars"])
    os._exit(0)


def tidy(channel: int, tell_walls: int) -> tuple[int, int]:
    """Keep two descriptors and three times /dev/null; everything else of the zygote is closed."""
    high = [os.dup2(each, at) for each, at in ((channel, 100), (tell_walls, 101))]
    os.closerange(3, 100)
    os.closerange(102, 1 << 16)
    nothing = os.open("/dev/null", os.O_RDWR)
    for at in (0, 1, 2):
        os.dup2(nothing, at)
    os.close(nothing)
    kept = [os.dup2(each, at) for each, at in zip(high, (3, 4), strict=True)]
    os.closerange(5, 102)
    return kept[0], kept[1]


def give_up(control: socket.socket, error: Exception) -> NoReturn:
    """Say why, and stay until it was heard: a socket closed with requests unread would take the message with it."""
    tell(control, {"error": f"{type(error).__name__}: {error}"})
    while control.recv(1):
        pass
    os._exit(1)


def tell(control: socket.socket, message: dict[str, Any], *descriptors: int) -> None:
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    control.sendmsg([json.dumps(message).encode()], rights)
