"""Whether two mathematical expressions are equal, by math-verify (extra ``math``), in a process with a deadline.

A model can write an expression that never simplifies, and math-verify's own alarm works in a main thread only. So one
worker process answers questions line by line, and is killed and started anew when it takes too long.
"""

from __future__ import annotations

import importlib.util
import json
import queue
import subprocess
import sys
import threading
from typing import Any

START_S = 60.0
"""How long the worker may take to import what it needs."""


def symbolic(answer: str, target: str, *, timeout_s: float = 5.0) -> bool:
    r"""Equal as mathematics: ``\frac{2}{4}`` and ``0.5``, ``x + 1`` and ``1 + x``. False for what takes too long.

    Raises ImportError naming the extra when math-verify is not installed.
    """
    if importlib.util.find_spec("math_verify") is None:
        raise ImportError("comparing expressions needs math-verify: pip install 'saccade[math]'")
    return _WORKER.ask(answer[:2000], target[:2000], timeout_s)


class Worker:
    """One process, started when first asked. Safe to share between threads: questions wait for each other."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()

    def ask(self, answer: str, target: str, timeout_s: float) -> bool:
        with self._lock:
            try:
                if self._process is None or self._process.poll() is not None:
                    self._start()
                assert self._process is not None and self._process.stdin is not None
                self._process.stdin.write(json.dumps([answer, target]) + "\n")
                self._process.stdin.flush()
                return json.loads(self._lines.get(timeout=timeout_s)) is True
            except (queue.Empty, OSError, ValueError):
                self.stop()
                return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None

    def _start(self) -> None:
        self.stop()
        self._lines = queue.Queue()
        self._process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        threading.Thread(target=_forward, args=(self._process.stdout, self._lines), daemon=True).start()
        self._lines.get(timeout=START_S)


def _forward(lines: Any, to: queue.Queue[str]) -> None:
    try:
        for line in lines:
            to.put(line)
    except ValueError:  # the pipe was closed under us: the worker was stopped
        return


_WORKER = Worker([sys.executable, "-m", "saccade.text.symbolic"])


def serve() -> None:
    """The worker: one line ``[answer, target]`` in, one line ``true`` or ``false`` out."""
    from math_verify import parse, verify

    def read(text: str) -> Any:
        return parse(text if "$" in text or "\\boxed" in text else f"${text}$", parsing_timeout=None)

    print("true", flush=True)
    for line in sys.stdin:
        answer, target = json.loads(line)
        try:
            same = bool(verify(read(target), read(answer), timeout_seconds=None))
        except Exception:  # sympy raises anything; what cannot be compared is not equal
            same = False
        print(json.dumps(same), flush=True)


if __name__ == "__main__":
    serve()
