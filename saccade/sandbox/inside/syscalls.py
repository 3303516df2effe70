"""The seccomp filter: an allow-list of system calls. What is not named is refused, so calls of future kernels are too.

No new process (`clone` only for threads), no program, no socket, no signal to others, no namespace, mount, ptrace,
io_uring, bpf, keyring or change of identity. The numbers are those of x86-64; elsewhere the jail refuses to open.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

from . import kernel

FILES = {
    "read": 0, "write": 1, "open": 2, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "lseek": 8, "pread64": 17,
    "pwrite64": 18, "readv": 19, "writev": 20, "access": 21, "pipe": 22, "dup": 32, "dup2": 33, "fcntl": 72, "flock": 73,
    "fsync": 74,
    "fdatasync": 75, "truncate": 76, "ftruncate": 77, "getdents": 78, "getcwd": 79, "chdir": 80, "fchdir": 81, "rename": 82,
    "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87, "symlink": 88, "readlink": 89, "chmod": 90,
    "fchmod": 91, "umask": 95, "utime": 132, "statfs": 137, "fstatfs": 138, "getdents64": 217, "fadvise64": 221,
    "utimes": 235,
    "openat": 257, "mkdirat": 258, "newfstatat": 262, "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266,
    "readlinkat": 267, "fchmodat": 268, "faccessat": 269, "utimensat": 280, "fallocate": 285, "dup3": 292, "pipe2": 293,
    "preadv": 295, "pwritev": 296, "renameat2": 316, "copy_file_range": 326, "preadv2": 327, "pwritev2": 328, "statx": 332,
    "close_range": 436, "faccessat2": 439,
}
MEMORY = {"mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "mremap": 25, "msync": 26, "mincore": 27, "madvise": 28}
WAITING = {
    "poll": 7, "select": 23, "sched_yield": 24, "pause": 34, "nanosleep": 35, "futex": 202, "epoll_create": 213,
    "clock_nanosleep": 230, "epoll_wait": 232, "epoll_ctl": 233, "pselect6": 270, "ppoll": 271, "epoll_pwait": 281,
    "eventfd2": 290, "epoll_create1": 291,
}
SIGNALS = {
    "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "getitimer": 36, "alarm": 37, "setitimer": 38,
    "rt_sigpending": 127, "rt_sigtimedwait": 128, "rt_sigsuspend": 130, "sigaltstack": 131, "restart_syscall": 219,
    "tgkill": 234,
}
ITSELF = {
    "getpid": 39, "exit": 60, "uname": 63, "gettimeofday": 96, "getrlimit": 97, "getrusage": 98, "sysinfo": 99, "times": 100,
    "getuid": 102, "getgid": 104, "geteuid": 107, "getegid": 108, "getppid": 110, "getpgrp": 111, "getgroups": 115,
    "getresuid": 118, "getresgid": 120, "getpgid": 121, "getsid": 124, "getpriority": 140, "sched_getparam": 143,
    "sched_getscheduler": 145, "sched_get_priority_max": 146, "sched_get_priority_min": 147, "arch_prctl": 158,
    "gettid": 186, "time": 201, "sched_getaffinity": 204, "set_tid_address": 218, "clock_gettime": 228, "clock_getres": 229,
    "exit_group": 231, "set_robust_list": 273, "get_robust_list": 274, "prlimit64": 302, "getcpu": 309, "getrandom": 318,
    "membarrier": 324, "rseq": 334,
}
CLONE, CLONE3, IOCTL, PRCTL = 56, 435, 16, 157
THREAD, NAMESPACES = 0x10000, 0x7E020080
TERMINAL_QUESTIONS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""ioctl: attributes, size, bytes waiting, blocking or not, close on exec or not."""
NAME_OF_A_THREAD = (15, 16, 0x53564D41)

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, UNKNOWN, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS, 0x80000000
NUMBER, ARCHITECTURE, FIRST, SECOND = 0, 4, 16, 24
X86_64 = 0xC000003E


def supported() -> bool:
    return platform.machine() == "x86_64" and ctypes.sizeof(ctypes.c_void_p) == 8


def program() -> bytes:
    """The filter as the kernel reads it: instructions of (code, jump if true, jump if false, value)."""

    def when(number: int, *body: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
        return [(EQUAL, 0, len(body), number), *body]

    def only(argument: int, values: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
        tests = [(EQUAL, len(values) - at, 0, value) for at, value in enumerate(values)]
        return [(LOAD, 0, 0, argument), *tests, (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]

    lines = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, X86_64), (RETURN, 0, 0, KILL), (LOAD, 0, 0, NUMBER)]
    lines += [(AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, UNKNOWN)]  # the x32 doubles of every call
    for number in (*FILES.values(), *MEMORY.values(), *WAITING.values(), *SIGNALS.values(), *ITSELF.values()):
        lines += when(number, (RETURN, 0, 0, ALLOW))
    lines += when(CLONE3, (RETURN, 0, 0, UNKNOWN))  # glibc falls back to clone, whose flags can be read
    lines += when(CLONE, (LOAD, 0, 0, FIRST), (ANY_BIT, 1, 0, NAMESPACES), (ANY_BIT, 1, 0, THREAD), (RETURN, 0, 0, REFUSE),
                  (RETURN, 0, 0, ALLOW))
    lines += when(IOCTL, *only(SECOND, TERMINAL_QUESTIONS))
    lines += when(PRCTL, *only(FIRST, NAME_OF_A_THREAD))
    lines += [(RETURN, 0, 0, REFUSE)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def install() -> None:
    """Put this thread, and every thread it starts, behind the filter. Needs NO_NEW_PRIVS."""
    code = program()
    held = ctypes.create_string_buffer(code, len(code))
    table = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(held))
    kernel.checked(kernel.libc.prctl(kernel.SET_SECCOMP, 2, table, 0, 0), "seccomp")
