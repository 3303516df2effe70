"""Images are stored once: a content-addressed media store.

The hash is over decoded RGB pixels, so the same picture from a path, from base64 or from a crop has one name. The
store keeps pixels on disk (if it has a folder) and in memory under a byte budget, together with what processors made of
them. Everything else in the library holds references.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PILImage

from saccade.core.message import IDENTITY, Affine, Image, Origin


def pixel_hash(pixels: PILImage.Image) -> str:
    """``px:`` and 128 bits of BLAKE2b over size and RGB bytes."""
    digest = hashlib.blake2b(f"{pixels.width}x{pixels.height}".encode(), digest_size=16)
    digest.update(pixels.tobytes())
    return "px:" + digest.hexdigest()


class Cache:
    """A least-recently-used map under a byte budget. One per purpose; safe to share between threads."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.bytes = max_bytes, 0
        self._slots: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any | None:
        with self._lock:
            if key not in self._slots:
                return None
            self._slots.move_to_end(key)
            return self._slots[key][0]

    def put(self, key: Hashable, value: Any, size: int) -> None:
        with self._lock:
            if key in self._slots:
                self.bytes -= self._slots.pop(key)[1]
            self._slots[key] = (value, size)
            self.bytes += size
            while self.bytes > self.max_bytes and len(self._slots) > 1:
                self.bytes -= self._slots.popitem(last=False)[1][1]

    def drop(self, wanted: Callable[[Hashable], bool]) -> None:
        """Forget every key for which `wanted` is true (embeddings of an old tower, for example)."""
        with self._lock:
            for key in [key for key in self._slots if wanted(key)]:
                self.bytes -= self._slots.pop(key)[1]


class MediaStore:
    """Pixels by content hash. `folder=None` keeps everything in memory, for ever.

    Layout on disk: ``<folder>/<hash>.png``. `read` opens whatever an `Image` points at; `media.open_store` passes the one
    that knows limits and error texts. `patches` and `embeddings` are filled lazily by model families, under keys that
    name the pixels, the processor settings and (for embeddings) the tower version. `trouble` is a write that failed: whoever
    lost a picture by it did not fail by themselves.
    """

    def __init__(
        self, folder: str | Path | None = None, *, read: Callable[[Image], PILImage.Image], max_bytes: int = 1 << 30
    ) -> None:
        self.folder = Path(folder) if folder else None
        self.pixels = Cache(max_bytes if self.folder else 1 << 62)
        self.patches = Cache(max_bytes)
        self.embeddings = Cache(max_bytes)
        self._read = read
        self.trouble: OSError | None = None
        self._alias: dict[str, str] = {}
        self._size: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)

    def adopt(self, image: Image) -> Image:
        """Store the pixels an image points at and return the image under its content hash, without `data`. Idempotent.

        Raises ValueError naming the file when it cannot be read.
        """
        ref = image.ref if image.ref.startswith("px:") else self._alias.get(image.ref)
        if ref is None or ref not in self:
            ref = self._keep(self._read(image))
            if not image.ref.startswith(("px:", "data:")):
                self._alias[image.ref] = ref
        return replace(image, ref=ref, data=None)

    def put(
        self,
        pixels: PILImage.Image,
        *,
        parent: Image | None = None,
        to_parent: Affine = IDENTITY,
        source: Origin = "tool",
        note: str = "",
    ) -> Image:
        """Store decoded pixels; `to_parent` maps this image's coordinates to those of `parent` (adopted before)."""
        ref = self._keep(pixels)
        if parent is None:
            return Image(ref=ref, note=note, source=source)
        sx, sy, ox, oy = to_parent
        px, py, qx, qy = parent.to_root
        return Image(
            ref=ref,
            note=note,
            source=source,
            root=parent.root or parent.ref,
            at_s=parent.at_s,
            frame_index=parent.frame_index,
            to_root=(sx * px, sy * py, ox * px + qx, oy * py + qy),
        )

    def get(self, ref: str) -> PILImage.Image:
        """The RGB pixels of a ``px:`` ref. Raises KeyError for one this store never saw."""
        found = self.pixels.get(ref)
        if found is not None:
            return found
        path = self._path(ref)
        if path is None or not path.exists():
            raise KeyError(f"no media {ref} in the store {self.folder or 'in memory'}")
        with PILImage.open(path) as opened:
            pixels = opened.convert("RGB")
        self.pixels.put(ref, pixels, pixels.width * pixels.height * 3)
        return pixels

    def size(self, ref: str) -> tuple[int, int]:
        """Width and height in pixels."""
        if ref not in self._size:
            self._size[ref] = self.get(ref).size
        return self._size[ref]

    def file(self, ref: str) -> Path | None:
        """The PNG a picture of this store lies in; None where it is kept in memory only."""
        path = self._path(ref)
        return path if path is not None and path.exists() else None

    def __contains__(self, ref: str) -> bool:
        path = self._path(ref)
        return self.pixels.get(ref) is not None or (path is not None and path.exists())

    def _keep(self, pixels: PILImage.Image) -> str:
        rgb = pixels if pixels.mode == "RGB" else pixels.convert("RGB")
        ref = pixel_hash(rgb)
        self._size[ref] = rgb.size
        path = self._path(ref)
        if path is not None and not path.exists():
            encoded = io.BytesIO()
            rgb.save(encoded, "PNG", compress_level=1)
            rank = os.environ.get("RANK", "0")  # processes that learn together share the folder
            temporary = path.with_suffix(f".{rank}.tmp")
            with self._lock:
                try:
                    temporary.write_bytes(encoded.getvalue())
                    temporary.replace(path)
                except OSError as error:
                    self.trouble = error
                    raise
        self.pixels.put(ref, rgb, rgb.width * rgb.height * 3)
        return ref

    def _path(self, ref: str) -> Path | None:
        """Where a ref lies. A ref that is not 32 hex digits (a hostile run folder) names no file."""
        name = ref.removeprefix("px:")
        if self.folder is None or len(name) != 32 or not set(name) <= set("0123456789abcdef"):
            return None
        return self.folder / f"{name}.png"


def size_of(value: Any) -> int:
    """Bytes an array, tensor or mapping of them occupies."""
    if isinstance(value, dict):
        return sum(size_of(item) for item in value.values())
    return int(getattr(value, "nbytes", 0)) or np.asarray(value).nbytes
