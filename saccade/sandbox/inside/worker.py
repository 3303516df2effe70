"""Run code in one namespace, message by message, and say what came of it.

This shares a process with the code it runs, so nothing it says is believed beyond "this is what the code wants us to
read": who waits outside counts, cuts and times for itself.
"""

from __future__ import annotations

import ast
import fnmatch
import io
import linecache
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Any

from .frames import packed, unpacked

NAME = "<code>"
HUGE = 1 << 40


class Capped(io.TextIOBase):
    """A text stream that keeps the first characters and counts the rest."""

    def __init__(self, most: int) -> None:
        self.room, self.dropped, self.pieces = most, 0, []

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        kept = text[: self.room]
        if kept:
            self.pieces.append(kept)
            self.room -= len(kept)
        self.dropped += len(text) - len(kept)
        return len(text)

    def text(self) -> str:
        return "".join(self.pieces) + (f"\n[{self.dropped} more characters]" if self.dropped else "")


def serve(channel: int, *, output_chars: int) -> None:
    """Answer messages on a descriptor until it closes."""

    def read(count: int) -> bytes:
        pieces = []
        while count:
            piece = os.read(channel, min(count, 1 << 20))
            if not piece:
                raise EOFError
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    scope: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    while True:
        try:
            request, files = unpacked(read, max_header=HUGE, max_files=HUGE)
        except EOFError:
            return
        header, made = perform(request, files, scope, output_chars)
        reply = memoryview(packed(header, made))
        while reply:
            reply = reply[os.write(channel, reply) :]


def perform(
    request: dict[str, Any], files: dict[str, bytes], scope: dict[str, Any], output_chars: int
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Put files down, run the code, take files up. A value on the last line is shown, as in a notebook."""
    out, err = Capped(output_chars), Capped(output_chars)
    sys.stdout, sys.stderr = out, err
    status, error = "ok", ""
    try:
        for name, data in files.items():
            put(name, data)
        run(request["code"], scope)
    except SystemExit as leave:
        if leave.code not in (None, 0):
            status, error = "error", f"SystemExit: {leave.code}"
    except BaseException as raised:
        status, error = "error", told(raised)
    taken: dict[str, bytes] = {}
    try:
        taken = dict(collected(request["collect"]))
    except Exception as raised:
        status, error = "error", error or f"files could not be read: {raised}"
    return {"status": status, "stdout": out.text(), "stderr": err.text(), "error": error[:output_chars]}, taken


def put(name: str, data: bytes) -> None:
    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(name, "wb") as file:
        file.write(data)


def run(code: str, scope: dict[str, Any]) -> None:
    linecache.cache[NAME] = (len(code), None, code.splitlines(keepends=True), NAME)
    tree = ast.parse(code, NAME)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, NAME, "exec"), scope)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), NAME, "eval"), scope)
        if value is not None:
            print(repr(value))


def told(error: BaseException) -> str:
    """The traceback without our own frames."""
    at = error.__traceback__
    while at is not None and at.tb_frame.f_code.co_filename != NAME:
        at = at.tb_next
    return "".join(traceback.format_exception(type(error), error, at)).strip()


def collected(pattern: str) -> Iterator[tuple[str, bytes]]:
    """Files in the working folder whose relative path fits the pattern; they are taken away."""
    if not pattern:
        return
    found = [os.path.join(folder, name) for folder, _, names in os.walk(".") for name in names]
    for path in sorted(os.path.relpath(path) for path in found):
        if fnmatch.fnmatchcase(path, pattern) and os.path.isfile(path):
            with open(path, "rb") as file:
                yield path, file.read()
            os.remove(path)
