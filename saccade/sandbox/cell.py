"""A session that is a walled-in process: what goes in, what comes out, and whose failure its end is.

The process shares its memory with the code it runs, so every byte it sends may be forged: here it is counted, cut and
timed. After a run the process is stopped, so that threads left behind do nothing until the next one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
import weakref
from collections.abc import Callable, Mapping

from saccade.sandbox.inside.frames import Garbled, packed, unpacked
from saccade.sandbox.protocol import Limits, Result, SandboxDied

ENVIRONMENT = {
    "HOME": "/scratch", "TMPDIR": "/scratch", "MPLCONFIGDIR": "/scratch", "MPLBACKEND": "Agg", "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8",
}
"""All that code sees of an environment."""
CANARY, CANARY_S = ("print(6 * 7)", "42\n"), 5.0


class Cell:
    """channel: to the process; handle: a pidfd to signal it by.

    canary:  raises SandboxDied unless a fresh session answers
    killed:  whether the end of the process was a SIGKILL that neither we nor its code can have sent
    release: called once, at the end, with what must be given back; also when this object is forgotten
    """

    def __init__(
        self, channel: socket.socket, handle: int, *, limits: Limits, canary: Callable[[], None],
        killed: Callable[[], bool], release: Callable[[], None],
    ) -> None:
        self.limits, self._canary, self._killed = limits, canary, killed
        self._channel, self._handle = channel, handle
        self._lock = threading.Lock()
        self._ending = weakref.finalize(self, finish, channel, handle, release)

    def run(self, code: str, *, files: Mapping[str, bytes] | None = None, collect: str = "") -> Result:
        """See `Session`. A run that fails, and whose canary fails too, is ours: SandboxDied."""
        with self._lock:
            if not self._ending.alive:
                raise SandboxDied("this session is over; open another")
            result = self.asked(code, dict(files or {}), collect, seconds=self.limits.seconds)
            if result.alive:
                self._signal(signal.SIGSTOP)
                return result
            killed = result.status == "crashed" and self._killed()
            self._ending()
        if killed:
            raise SandboxDied("the session was killed from outside (out of memory on this machine?)")
        if result.status != "flood":
            self._canary()
        return result

    def close(self) -> None:
        self._ending()

    def sing(self) -> None:
        """Be the canary: answer, or raise SandboxDied. Ends the session."""
        code, wanted = CANARY
        heard = self.asked(code, {}, "", seconds=CANARY_S)
        self.close()
        if heard.stdout != wanted:
            raise SandboxDied(f"a fresh session does not answer: {heard.status} {heard.error}")

    def asked(self, code: str, files: dict[str, bytes], collect: str, *, seconds: float) -> Result:
        """One exchange with the process."""
        limits, began = self.limits, time.monotonic()
        until = began + seconds

        def read(count: int) -> bytes:
            pieces = bytearray()
            while len(pieces) < count:
                self._channel.settimeout(max(1e-3, until - time.monotonic()))
                piece = self._channel.recv(min(count - len(pieces), 1 << 20))
                if not piece:
                    raise EOFError
                pieces += piece
            return bytes(pieces)

        def spent() -> float:
            return time.monotonic() - began

        try:
            self._signal(signal.SIGCONT)
            self._channel.settimeout(seconds)
            self._channel.sendall(packed({"code": code, "collect": collect}, files))
            header, made = unpacked(read, max_header=64 * limits.output_chars + 65536, max_files=limits.disk_mb << 20)
            if header.get("status") not in ("ok", "error"):
                raise Garbled("no status")
            words = {key: str(header.get(key, ""))[: limits.output_chars + 64] for key in ("stdout", "stderr", "error")}
            return Result(status=header["status"], files=made, seconds=spent(), **words)
        except TimeoutError:
            return Result(status="timeout", seconds=spent(), error=f"stopped after {seconds:g} s")
        except Garbled as error:
            return Result(status="flood", seconds=spent(), error=str(error))
        except (EOFError, OSError):
            return Result(status="crashed", seconds=spent(), error="the process ended while the code ran")

    def _signal(self, number: int) -> None:
        try:
            signal.pidfd_send_signal(self._handle, number)
        except ProcessLookupError:
            return


def finish(channel: socket.socket, handle: int, release: Callable[[], None]) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    channel.close()
    os.close(handle)
    release()
