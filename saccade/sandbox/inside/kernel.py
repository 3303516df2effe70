"""The Linux calls that walls are made of, through ctypes. Every failure is an OSError that names the call."""

from __future__ import annotations

import ctypes
import os
import struct

libc: ctypes.CDLL = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None  # type: ignore[assignment]

NEW_MOUNTS, NEW_CGROUP, NEW_UTS, NEW_IPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEW_USER, NEW_PIDS, NEW_NET = 0x10000000, 0x20000000, 0x40000000
EVERYTHING = NEW_MOUNTS | NEW_CGROUP | NEW_UTS | NEW_IPC | NEW_USER | NEW_PIDS | NEW_NET

READ_ONLY, NO_SUID, NO_DEVICES, NO_EXEC, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
DETACH = 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000

SET_DUMPABLE, SET_NAME, SET_SECCOMP, DROP_BOUNDING, SET_SECUREBITS, NO_NEW_PRIVS = 4, 15, 22, 24, 28, 38
DIE_WITH_PARENT, CLEAR_AMBIENT = 1, 47
MOUNT_SETATTR, LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 442, 444, 445, 446


def checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def text(value: str | None) -> bytes | None:
    return None if value is None else os.fsencode(value)


def unshare(flags: int) -> None:
    checked(libc.unshare(flags), "unshare")


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    result = libc.mount(text(source), text(target), text(kind), ctypes.c_ulong(flags), text(data))
    checked(result, f"mount {source or kind} on {target}")


def restrict_mount(target: str, attributes: int, *, recursive: bool = False) -> None:
    """Add mount attributes (the values of `READ_ONLY` ... `NO_EXEC`); those that are set stay set."""
    wanted = struct.pack("QQQQ", attributes, 0, 0, 0)
    flags = AT_RECURSIVE if recursive else 0
    result = libc.syscall(MOUNT_SETATTR, AT_FDCWD, text(target), flags, wanted, ctypes.c_size_t(len(wanted)))
    checked(result, f"mount_setattr {target}")


def enter_root(folder: str) -> None:
    """Make a mount point the root of this mount namespace; what was there before is gone."""
    os.chdir(folder)
    checked(libc.pivot_root(b".", b"."), "pivot_root")
    checked(libc.umount2(b".", DETACH), "umount of the old root")
    os.chdir("/")


def prctl(option: int, *values: int) -> int:
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    return checked(libc.prctl(option, *padded), f"prctl {option}")


def hostname(name: str) -> None:
    checked(libc.sethostname(name.encode(), ctypes.c_size_t(len(name))), "sethostname")


def drop_capabilities() -> None:
    """Give up every capability, for this process and for whatever it might become."""
    capability = 0
    while libc.prctl(DROP_BOUNDING, ctypes.c_ulong(capability), 0, 0, 0) == 0:
        capability += 1
    prctl(CLEAR_AMBIENT, 4)  # PR_CAP_AMBIENT_CLEAR_ALL
    header, none = struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0] * 6)
    checked(libc.capset(header, none), "capset")


def landlock_abi() -> int:
    """Version of Landlock this kernel offers, 0 for none."""
    return max(0, libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1))


READ_FILE, WRITE_FILE, READ_DIR = 1 << 2, 1 << 1, 1 << 3


def landlock(readable: tuple[str, ...], writable: tuple[str, ...], devices: tuple[str, ...]) -> None:
    """Let this process read beneath some paths and write beneath others, and nothing else; no TCP, no signals and no
    abstract sockets across the border where the kernel knows how (ABI 4 and 6). Execution is granted nowhere."""
    abi = landlock_abi()
    if abi < 1:
        raise OSError("this kernel has no Landlock")
    files = (1 << (13 + (abi >= 2) + (abi >= 3) + (abi >= 5))) - 1  # refer (2), truncate (3), ioctl on devices (5)
    known = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = struct.pack("QQQ", files, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)[:known]
    rules = checked(libc.syscall(LANDLOCK_CREATE, ruleset, ctypes.c_size_t(len(ruleset)), 0), "landlock_create_ruleset")
    write = files & ~1 & ~(1 << 6 | 1 << 11 | (1 << 15 if abi >= 5 else 0))  # all but execute, devices and their ioctl
    grants = [(path, READ_FILE | READ_DIR) for path in readable] + [(path, write) for path in writable]
    grants += [(path, READ_FILE | WRITE_FILE) for path in devices]
    for path, access in grants:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", access, place)
        checked(libc.syscall(LANDLOCK_ADD, rules, 1, rule, 0), f"landlock rule for {path}")
        os.close(place)
    checked(libc.syscall(LANDLOCK_RESTRICT, rules, 0), "landlock_restrict_self")
    os.close(rules)
