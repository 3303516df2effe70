"""The best isolation this machine has, and why the others are not to be had."""

from __future__ import annotations

import functools
import threading

from saccade.sandbox.container import container
from saccade.sandbox.jail import jail
from saccade.sandbox.protocol import LIMITS, Limits, Sandbox, SandboxDied, Session, Unavailable
from saccade.sandbox.wasm import wasm

LOCAL = {"jail": jail, "container": container, "wasm": wasm}
"""What can be had without a server, in the order of preference."""


class Chosen:
    """The first local sandbox that opens a session. Nothing starts before one is asked for."""

    name = "chosen"

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._found: Sandbox | None = None

    def open(self) -> Session:
        """A fresh session. Raises Unavailable with what every backend lacks, where none isolates."""
        with self._lock:
            if self._found is not None:
                return self._found.open()
            lacks = []
            for make in LOCAL.values():
                sandbox = make(limits=self.limits)
                try:
                    session = sandbox.open()
                except (Unavailable, SandboxDied) as error:
                    sandbox.close()
                    lacks.append(str(error))
                    continue
                self._found = sandbox
                return session
        raise Unavailable("no code is run here, for nothing isolates it: " + "; ".join(lacks))

    def close(self) -> None:
        with self._lock:
            if self._found is not None:
                self._found.close()
            self._found = None


@functools.cache
def chosen(limits: Limits = LIMITS) -> Chosen:
    """The sandbox that everything in this process shares when none is named."""
    return Chosen(limits)


def available() -> dict[str, str]:
    """Every local backend and what it lacks, found by opening a session and asking it something; empty where it works."""
    found = {}
    for name, make in LOCAL.items():
        sandbox = make()
        try:
            session = sandbox.open()
            heard = session.run("print(6 * 7)")
            session.close()
            found[name] = "" if heard.stdout == "42\n" else f"it answers wrongly: {heard.status} {heard.error}"
        except (Unavailable, SandboxDied) as error:
            found[name] = str(error)
        finally:
            sandbox.close()
    return found


EXAMPLES = [("print(6 * 7)", "ok", "42"), ("1 / 0", "error", "ZeroDivisionError")]
