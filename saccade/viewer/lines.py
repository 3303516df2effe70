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
    """Offsets of a file's lines. `grow` looks again; everything else is about what was there then."""

    def __init__(self, path: Path) -> None:
        self.path, self.generation = path, 0
        self._forget()

    def _forget(self) -> None:
        self.starts = array("q", [0])
        self.read_to, self.inode = 0, 0

    def __len__(self) -> int:
        return len(self.starts) - 1

    def grow(self) -> int:
        """Take in what was written since; returns how many lines there are."""
        try:
            state = self.path.stat()
        except OSError:
            if len(self):
                self._forget()
                self.generation += 1
            return 0
        if state.st_size < self.read_to or (self.inode and state.st_ino != self.inode):
            self._forget()
            self.generation += 1
        self.inode = state.st_ino
        if state.st_size > self.read_to:
            with self.path.open("rb") as opened:
                opened.seek(self.read_to)
                while block := opened.read(CHUNK):
                    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10) + (self.read_to + 1)
                    self.starts.frombytes(ends.astype(np.int64).tobytes())
                    self.read_to += len(block)
        return len(self)

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
