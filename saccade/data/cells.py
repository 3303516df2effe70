"""One cell of a row that means a picture or a clip, as a part of a message.

Nothing is decoded here: a cell becomes a reference, checked only for what can be known without reading pixels (does the
file exist, is it an address on the network). Pictures are never downloaded: a run that needs the network fails at night.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from saccade.core.message import Image, Video

MAGIC = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR", "Qk", "SUkq", "TU0A")
"""How base64 of PNG, JPEG, GIF, WebP, BMP and TIFF begins."""


class BadRow(ValueError):
    """A row that cannot be used: which column (empty for the row as a whole), what is wrong and what to do."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(f"column {column!r}: {problem}" if column else problem)
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a cell stands: the data file, its row (1-based), and the folder relative paths count from."""

    file: Path
    row: int
    folder: Path

    def name(self, column: str, which: int) -> str:
        return f"file:{self.file}#row={self.row}&{column}={which}"


def image_from(cell: Any, place: Place, column: str, which: int) -> Image:
    """A picture from a path, ``file:`` URL, data URI, base64, bytes, PIL picture or a mapping with one of these.

    Raises BadRow naming the column for a missing file, a network address and anything else.
    """
    if isinstance(cell, Mapping):
        cell = unwrapped(cell, column)
    if isinstance(cell, bytes | bytearray | memoryview):
        if not len(cell):
            raise BadRow(column, f"picture {which + 1} has 0 bytes")
        return Image(ref=place.name(column, which), data=bytes(cell))
    if isinstance(cell, str) and cell.strip():
        text = cell.strip()
        if text.startswith("data:"):
            if ";base64," not in text[:100]:
                raise BadRow(column, "a data URI must read data:image/...;base64,<data>")
            return Image(ref=place.name(column, which), data=text)
        if is_base64(text):
            return Image(ref=place.name(column, which), data=text)
        return Image(ref=f"file:{file_from(text, place, column)}")
    if hasattr(cell, "convert") and hasattr(cell, "size"):
        return Image(ref=place.name(column, which), data=cell)
    if cell is None or cell == "":
        raise BadRow(column, f"picture {which + 1} is empty; give a path, bytes or base64, or leave the row out")
    raise BadRow(column, f"a {type(cell).__name__} is no picture; give a path, bytes, base64 or {{'bytes': ...}}")


def unwrapped(cell: Mapping[str, Any], column: str) -> Any:
    """What a mapping around a picture holds: datasets' bytes and path, OpenAI's url, Qwen's image."""
    for key in ("bytes", "base64", "image", "url", "image_url", "path"):
        inner = cell.get(key)
        if inner is not None:
            return unwrapped(inner, column) if isinstance(inner, Mapping) else inner
    raise BadRow(column, f"a picture with the keys {sorted(map(str, cell))} holds neither 'bytes' nor 'path'")


def is_base64(text: str) -> bool:
    """Whether a string is an encoded picture rather than a path."""
    if len(text) < 64 or not text.startswith(MAGIC) or not re.fullmatch(r"[A-Za-z0-9+/\s]+={0,2}\s*", text):
        return False
    return bool(base64.b64decode(text[:64]))


def file_from(text: str, place: Place, column: str, *, folders: bool = False) -> Path:
    """The existing file (or folder, where allowed) a cell names. Relative paths count from the folder of the data."""
    if re.match(r"(?i)(https?|s3|gs|hf|ftp)://", text):
        raise BadRow(column, f"{text[:100]} is on the network and nothing is downloaded while training; save the file "
                             "beside the data and write its path")
    raw = unquote(urlparse(text).path) if text.startswith("file://") else text.removeprefix("file:")
    path = place.folder / Path(raw).expanduser()
    try:
        found = path.is_file() or (folders and path.is_dir())
    except (OSError, ValueError) as error:  # names that no file system takes: too long, a zero byte
        raise BadRow(column, f"{raw[:80]!r} cannot be a file name ({error})") from error
    if not found:
        raise BadRow(column, f"there is no file {str(path)[:200]!r}; relative paths count from {place.folder} "
                             "(folder=... names another one)")
    return path


def video_from(cell: Any, place: Place, column: str, which: int) -> Video:
    """A clip from a path (a folder of frames too), ``file:`` URL, a mapping with `video` or `path` (and `fps`, `start_s`,
    `end_s`), or a list of frames (pictures, one second apart unless the mapping says `fps`)."""
    settings: dict[str, float] = {}
    if isinstance(cell, Mapping):
        settings = {key: float(cell[key]) for key in ("fps", "start_s", "end_s") if cell.get(key) is not None}
        cell = next((cell[key] for key in ("video", "path", "frames", "bytes") if cell.get(key) is not None), None)
    if isinstance(cell, str) and cell.strip():
        return Video(ref=f"file:{file_from(cell.strip(), place, column, folders=True)}", **settings)
    if isinstance(cell, list | tuple) and cell:
        step_s = 1.0 / settings.get("fps", 1.0)
        frames = tuple((at * step_s, image_from(frame, place, f"{column}[{which}]", at)) for at, frame in enumerate(cell))
        return Video(ref="frames:" + place.name(column, which).removeprefix("file:"), data=frames, **settings)
    raise BadRow(column, f"clip {which + 1} is {type(cell).__name__}; give the path of a video or a list of frames")
