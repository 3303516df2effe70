"""Where a page gets its pictures: `Folder` reads them, `Inline` puts them into the page, `Served` names them by address.

Pictures are found by content hash below ``media`` folders only; a reference that is not 32 hex digits names nothing, so no
text of a run folder is ever followed as a path. Reading writes nothing, not even an empty folder.
"""

from __future__ import annotations

import base64
import io
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from PIL import Image as PILImage

from saccade.core.message import Image
from saccade.core.store import Cache
from saccade.media.image import MAX_PIXELS, read_rgb

LARGE_PX = 4_000_000
"""Above this many pixels a picture is shown small, and in tiles where somebody looks closer."""

TILE_PX = 512
DIGITS = set("0123456789abcdef")


class Album(Protocol):
    """What components need of a picture: its size, and what to write as its source."""

    def size(self, ref: str) -> tuple[int, int] | None: ...

    def source(self, ref: str, *, most_px: int) -> str: ...

    def seen(self, ref: str, size: tuple[int, int]) -> str: ...

    def tiles(self, ref: str) -> str | None: ...


class Pixels(Protocol):
    """What has the pixels of a reference: a media store, or `Folder`."""

    def get(self, ref: str) -> PILImage.Image: ...

    def size(self, ref: str) -> tuple[int, int]: ...


class Folder:
    """Pictures of ``media`` folders, read only. Raises KeyError for a reference none of them has."""

    def __init__(self, folders: Sequence[Path], *, cache: Cache | None = None) -> None:
        self.folders = tuple(folders)
        self.cache = cache or Cache(1 << 29)
        self._decoding = threading.Lock()

    def path(self, ref: str) -> Path | None:
        name = ref.removeprefix("px:")
        if len(name) != 32 or not set(name) <= DIGITS:
            return None
        return next((path for folder in self.folders if (path := folder / f"{name}.png").is_file()), None)

    def get(self, ref: str) -> PILImage.Image:
        path = self.path(ref)
        if path is None:
            raise KeyError(f"no picture {ref[:60]}")
        found = self.cache.get(path)
        if found is None:
            with self._decoding:  # tiles of one picture are asked for at once, and it is decoded once
                found = self.cache.get(path)
                if found is None:
                    found = read_rgb(Image(ref=f"file:{path}"), whole_pixels=MAX_PIXELS)
                    self.cache.put(path, found, found.width * found.height * 3)
        return found

    def size(self, ref: str) -> tuple[int, int]:
        """From the first bytes of the file; nothing is decoded."""
        path = self.path(ref)
        if path is None:
            raise KeyError(f"no picture {ref[:60]}")
        with path.open("rb") as opened:
            head = opened.read(24)
        if len(head) < 24 or head[:8] != b"\x89PNG\r\n\x1a\n":
            raise ValueError(f"{path}: not a PNG file")
        width, height = struct.unpack(">II", head[16:24])
        if not 0 < width * height <= MAX_PIXELS:
            raise ValueError(f"{path}: {width} x {height} pixels are more than {MAX_PIXELS}")
        return width, height


BROKEN = (KeyError, OSError, ValueError, SyntaxError, AttributeError, TypeError, PILImage.DecompressionBombError)


def size_in(pixels: Pixels, ref: str) -> tuple[int, int] | None:
    """Width and height, None where the picture is missing or broken."""
    try:
        return pixels.size(ref)
    except BROKEN:
        return None


@dataclass(frozen=True, slots=True)
class Inline:
    """Pictures as data URIs: for pages that stand alone."""

    pixels: Pixels

    def size(self, ref: str) -> tuple[int, int] | None:
        return size_in(self.pixels, ref)

    def source(self, ref: str, *, most_px: int) -> str:
        try:
            return data_uri(scaled(self.pixels.get(ref), most_px))
        except BROKEN:
            return "data:,"

    def seen(self, ref: str, size: tuple[int, int]) -> str:
        try:
            return data_uri(self.pixels.get(ref).resize(size, PILImage.Resampling.BICUBIC))
        except BROKEN:
            return "data:,"

    def tiles(self, ref: str) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class Served:
    """Pictures by their address on the server; `run` is the run's name there."""

    pixels: Pixels
    run: str

    def size(self, ref: str) -> tuple[int, int] | None:
        return size_in(self.pixels, ref)

    def source(self, ref: str, *, most_px: int) -> str:
        size = self.size(ref)
        if size is None or size[0] * size[1] <= LARGE_PX:
            return self.address(ref)
        scale = min(1.0, most_px / max(size))
        return self.seen(ref, (max(1, round(size[0] * scale)), max(1, round(size[1] * scale))))

    def seen(self, ref: str, size: tuple[int, int]) -> str:
        return f"{self.address(ref)}?size={size[0]}x{size[1]}"

    def tiles(self, ref: str) -> str | None:
        size = self.size(ref)
        return self.address(ref) if size is not None and size[0] * size[1] > LARGE_PX else None

    def address(self, ref: str) -> str:
        return f"/picture/{quote(self.run, safe='')}/{quote(ref.removeprefix('px:')[:40], safe='')}"


def scaled(pixels: PILImage.Image, most_px: int) -> PILImage.Image:
    """At most `most_px` on the longer side."""
    scale = most_px / max(pixels.size)
    if scale >= 1:
        return pixels
    size = (max(1, round(pixels.width * scale)), max(1, round(pixels.height * scale)))
    return pixels.resize(size, PILImage.Resampling.LANCZOS)


def data_uri(pixels: PILImage.Image) -> str:
    """PNG or JPEG, whichever is smaller."""
    kinds: list[tuple[int, str, bytes]] = []
    for kind, options in (("png", {"optimize": True}), ("jpeg", {"quality": 88})):
        out = io.BytesIO()
        pixels.convert("RGB").save(out, kind, **options)
        kinds.append((out.tell(), kind, out.getvalue()))
    _, kind, data = min(kinds)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def png(pixels: PILImage.Image) -> bytes:
    out = io.BytesIO()
    pixels.save(out, "PNG", compress_level=1)
    return out.getvalue()


def tile(pixels: PILImage.Image, level: int, x: int, y: int) -> PILImage.Image:
    """Tile (x, y) of the picture halved `level` times. Raises ValueError for one that lies outside."""
    if not (0 <= level <= 12 and x >= 0 and y >= 0):
        raise ValueError("there is no such tile")
    side = TILE_PX << level
    left, top = x * side, y * side
    if left >= pixels.width or top >= pixels.height:
        raise ValueError("the tile lies outside the picture")
    right, bottom = min(left + side, pixels.width), min(top + side, pixels.height)
    part = pixels.crop((left, top, right, bottom))
    return part.reduce(1 << level) if level else part
