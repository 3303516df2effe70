"""JSON lines (or one JSON list) as rows, read when asked for.

Opening scans the file once for line ends and keeps only their offsets, so that a file larger than memory opens in
seconds. A file that holds one JSON list, as LLaVA's do, is read whole.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saccade.data.cells import BadRow


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines(Sequence):
    """`spans` are (offset, bytes, line number) of the lines that are not blank."""

    path: Path
    spans: tuple[tuple[int, int, int], ...]

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the first line that is a JSON object."""
        for index in range(min(len(self), 100)):
            try:
                return tuple(self[index])
            except BadRow:
                continue
        return ()

    def number(self, index: int) -> int:
        """Line number in the file, from 1."""
        return self.spans[index][2]

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, index: Any) -> dict[str, Any]:
        offset, size, _ = self.spans[index]
        with self.path.open("rb") as opened:
            opened.seek(offset)
            return parsed(opened.read(size))


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonList(Sequence):
    path: Path
    rows: tuple[Any, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    @property
    def columns(self) -> tuple[str, ...]:
        return next((tuple(row) for row in self.rows if isinstance(row, dict)), ())

    def number(self, index: int) -> int:
        return index + 1

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> dict[str, Any]:
        row = self.rows[index]
        if not isinstance(row, dict):
            raise BadRow("", f"a row is a JSON object with columns, not {type(row).__name__}")
        return row


def parsed(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
        row = whole(row) if b"\\u" in line else row
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadRow("", f"the line is not JSON in UTF-8 ({error})") from error
    if not isinstance(row, dict):
        raise BadRow("", f"a row is a JSON object with columns, not {type(row).__name__}")
    return row


def whole(value: Any) -> Any:
    """The value with half characters replaced: JSON may escape lone surrogates, which no file or tokenizer takes."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {whole(key): whole(item) for key, item in value.items()}
    return [whole(item) for item in value] if isinstance(value, list) else value


def jsonl(path: str | Path) -> JsonLines | JsonList:
    """Open a file of JSON lines, or of one JSON list. Raises ValueError for a file that is missing or without rows."""
    path = Path(path).expanduser()
    if not path.is_file():
        raise ValueError(f"there is no file {path}; a source is written jsonl:PATH, parquet:PATH, dataset:FOLDER or "
                         "world:NAME")
    spans: list[tuple[int, int, int]] = []
    with path.open("rb") as opened:
        offset = 0
        for number, line in enumerate(opened, start=1):
            if line.strip():
                if not spans and line.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
                    return _json_list(path)
                spans.append((offset, len(line), number))
            offset += len(line)
    if not spans:
        raise ValueError(f"{path}: the file has no rows")
    return JsonLines(path=path, spans=tuple(spans))


def _json_list(path: Path) -> JsonList:
    try:
        rows = whole(json.loads(path.read_text(encoding="utf-8-sig")))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: begins like a JSON list but is not one ({error})") from error
    if not rows:
        raise ValueError(f"{path}: the file has no rows")
    return JsonList(path=path, rows=tuple(rows))
