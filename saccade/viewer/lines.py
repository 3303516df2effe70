"""Where the lines of a growing JSON-lines file begin, so that any one of them is read without reading the others.

A last line without its end is still being written and does not count. A file that shrank, or was replaced, is begun again
and `generation` says so.
"""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np

CHUNK = 1 << 22
LONGEST_LINE = 64 << 20
"""A longer line is read as an empty one: nothing of that size is a record of ours."""


class Lines:
    """Offsets of a file's lines. `look` asks for its size, `read` takes in what is new, `grow` does both; everything else is
    about what was read."""

    def __init__(self, path: Path) -> None:
        self.path, self.generation = path, 0
        self._forget()

    def _forget(self) -> None:
        self.starts = array("q", [0])
        self.read_to, self.inode, self.size = 0, 0, 0

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def unread(self) -> int:
        """Bytes that were there at the last look and are not read yet."""
        return self.size - self.read_to

    def look(self) -> None:
        """Notice that the file has grown, or that it is no longer the same one. Reads nothing."""
        try:
            state = self.path.stat()
        except OSError:
            if len(self):
                self._forget()
                self.generation += 1
            return
        if state.st_size < self.read_to or (self.inode and state.st_ino != self.inode):
            self._forget()
            self.generation += 1
        self.inode, self.size = state.st_ino, state.st_size

    def grow(self) -> int:
        """Take in what was written since; returns how many lines there are."""
        self.look()
        self.read()
        return len(self)

    def read(self) -> None:
        """Take in what the last look saw, and what came since."""
        if self.unread > 0:
            with self.path.open("rb") as opened:
                opened.seek(self.read_to)
                while block := opened.read(CHUNK):
                    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10) + (self.read_to + 1)
                    self.starts.frombytes(ends.astype(np.int64).tobytes())
                    self.read_to += len(block)
            self.size = max(self.size, self.read_to)

    def line(self, number: int) -> bytes:
        """Line 0, 1, ... Raises IndexError for one that is not there."""
        return self.span(number, number + 1)

    def span(self, first: int, end: int) -> bytes:
        """Lines first..end-1 as they stand in the file, in one read."""
        if not 0 <= first < end <= len(self):
            raise IndexError(f"{self.path.name}: there is no line {first + 1} of {len(self)}")
        start, stop = self.starts[first], self.starts[end]
        if end - first == 1 and stop - start > LONGEST_LINE:
            return b""
        with self.path.open("rb") as opened:
            opened.seek(start)
            return opened.read(stop - start)
