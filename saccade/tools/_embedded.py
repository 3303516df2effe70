"""Rank pictures of a corpus by how near their embedding lies to that of a query."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from PIL import Image as PILImage

from saccade.core.episode import Context
from saccade.core.tool import ToolError
from saccade.tools._corpus import Corpus, shown


class Embeds(Protocol):
    """Puts texts and pictures into one space: float[n, D] of length 1."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray: ...

    def embed_pictures(self, pictures: Sequence[PILImage.Image]) -> np.ndarray: ...


_KEPT: weakref.WeakKeyDictionary[Any, dict[tuple[str, ...], np.ndarray]] = weakref.WeakKeyDictionary()
_LOCK = threading.Lock()


def similarities(embedder: Embeds, corpus: Corpus, query: str, context: Context) -> list[float]:
    """(1 + cosine) / 2 of every picture with the query; 0 for a picture that cannot be read. Pictures are embedded once."""
    key = tuple(each.name for each in corpus.pictures)
    with _LOCK:
        kept = _KEPT.setdefault(embedder, {})
        if key not in kept:
            kept[key] = _embedded(embedder, corpus, context)
        vectors_ND = kept[key]
    (vector_D,) = embedder.embed_texts([query])
    return [0.0 if not row.any() else float((1 + row @ vector_D) / 2) for row in vectors_ND]


def _embedded(embedder: Embeds, corpus: Corpus, context: Context) -> np.ndarray:
    rows: list[np.ndarray | None] = []
    for picture in corpus.pictures:
        try:
            image = shown(picture, context)
        except ToolError:
            rows.append(None)
            continue
        rows.append(np.asarray(embedder.embed_pictures([context.store.get(image.ref)])[0], np.float64))
    width = next((len(row) for row in rows if row is not None), 1)
    return np.stack([np.zeros(width) if row is None else row for row in rows]) if rows else np.zeros((0, width))
