"""Pixels in, pixels out: reading, cutting, drawing, boxes and their frames, clips."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from saccade.core.store import MediaStore
from saccade.media.image import MAX_PIXELS, read_rgb


def open_store(
    folder: str | Path | None = None, *, max_bytes: int = 1 << 30, max_pixels: int = MAX_PIXELS
) -> MediaStore:
    """Open a media store that reads every kind of picture. `folder=None` keeps it in memory for as long as it lives.

    max_bytes:  budget of each of its caches (pixels, patches, embeddings)
    max_pixels: pictures larger by their header are refused with a ValueError that names them
    """
    return MediaStore(folder, read=partial(read_rgb, max_pixels=max_pixels), max_bytes=max_bytes)
