"""A server process of ours: started, waited for, asked whether it lives, replaced where it died or hangs, ended with us.

It runs in a process group of its own and reads our end of a pipe, so nothing of it outlives a run that is killed. Its
words go to a file; the last of them are in the error when it does not start.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import time
import urllib.request
import weakref
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Once:
    """Work that many ask for and is done once for all of them, as long as it is under way."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Wait for the work that is under way, or begin it. Whoever is cancelled meanwhile does not end it."""
        task = self._task
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            task = self._task = asyncio.create_task(work())
        await asyncio.shield(task)


@dataclass(slots=True, kw_only=True, eq=False, weakref_slot=True)
class ServerProcess:
    """A command that serves on `port` of this machine, once `path` answers (a POST of ``{}``, or a GET for ``health``).

    command:     what to run; environment: beside ours, the key among it
    log:         the file its words go to
    start_s:     how long it may take until it answers; hung_s: how long it may be silent before it is replaced
    replaced:    how often it was
    """

    command: Sequence[str]
    port: int
    key: str = field(repr=False)
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    path: str = "status"
    start_s: float = 900.0
    hung_s: float = 120.0
    replaced: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _ready: bool = False
    _once: Once = field(default_factory=Once, repr=False)
    _end: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the process that was started last; also the number of its group."""
        assert self._process is not None, "nothing was started"
        return self._process.pid

    def start(self) -> None:
        """Begin; `running` waits for it."""
        self.close()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as words:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=words, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, **self.environment},
            )
        self._end = weakref.finalize(self, end, self._process)

    async def running(self) -> None:
        """Return once the server answers; start it where it does not run. Many may wait.

        Raises RuntimeError with the last lines of its log where it does not start.
        """
        if self._ready and self.alive:
            return
        await self._once(self._run)

    async def mend(self) -> None:
        """After a request failed: replace the server where it died or no longer answers."""
        process = self._process
        hangs = self._ready and self.alive and not await self._answers(self.hung_s)
        if hangs and process is not None and process is self._process:  # nobody else replaced it meanwhile
            end(process)
        await self.running()

    def close(self) -> None:
        """End it and everything it started."""
        self._ready = False
        if self._end is not None:
            self._end()
        self._process = self._end = None

    async def _run(self) -> None:
        if not self.alive:
            self.replaced += self._process is not None
            self.start()
        until = time.monotonic() + self.start_s
        while not await self._answers(10.0):
            if not self.alive:
                raise RuntimeError(f"the server did not start; {self.log} ends with:\n{last_lines(self.log)}")
            if time.monotonic() > until:
                self.close()
                raise RuntimeError(f"the server did not answer in {self.start_s:g} s; see {self.log}")
            await asyncio.sleep(0.25)
        self._ready = True

    async def _answers(self, seconds: float) -> bool:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        data = b"{}" if self.path == "status" else None
        request = urllib.request.Request(f"{self.url}/{self.path}", data=data, headers=headers)

        def ask() -> bool:
            try:
                with urllib.request.urlopen(request, timeout=seconds) as response:
                    return response.status == 200
            except (OSError, http.client.HTTPException):
                return False

        return await asyncio.to_thread(ask)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process group and collect its leader."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def free_port() -> int:
    """A port of the loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def last_lines(path: Path, *, most: int = 20) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-most:])
    except OSError as error:
        return f"({error})"
