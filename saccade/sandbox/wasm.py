"""Isolation by WebAssembly: would be the same wall on Linux, macOS and Windows. Not to be had at present, and it says so.

A WebAssembly module reaches nothing but what its host gives it, which makes it the strongest wall by construction. What is
missing is the interpreter: a build of CPython for WASI with numpy and Pillow compiled in. No such build is in the package
index that this project is built against, so this backend refuses instead of offering one that nobody has tried here.
"""

from __future__ import annotations

import importlib.util

from saccade.sandbox.protocol import LIMITS, Limits, Session, Unavailable


class Wasm:
    name = "wasm"

    def __init__(self, *, limits: Limits) -> None:
        self.limits = limits

    def open(self) -> Session:
        """Raises Unavailable, always: see the top of this file."""
        engine = "" if importlib.util.find_spec("wasmtime") else "wasmtime (pip install wasmtime) and "
        lacks = f"{engine}a build of CPython for WASI with numpy and Pillow"
        raise Unavailable(f"wasm: it lacks {lacks}; use jail, container or remote")

    def close(self) -> None:
        """Nothing is held."""


def wasm(*, limits: Limits = LIMITS) -> Wasm:
    """A sandbox that refuses every session and says what is missing."""
    return Wasm(limits=limits)


EXAMPLES: list[tuple[str, str, str]] = []
