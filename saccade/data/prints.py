"""Fingerprints: a hash of a source for the run folder, hashes of its pictures for the contamination check, and splits."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from saccade.core.run import describe, digest
from saccade.core.sample import Picked, Sample, Source
from saccade.core.seed import generator
from saccade.core.store import MediaStore
from saccade.core.world import WorldSource


def data_hash(source: Source) -> str:
    """16 hex digits of what a source gives: content of its files and settings, or knobs and seed of a world.

    Pictures that files only point at are not read (`image_hashes` does). Where a file lies does not matter.
    """
    return digest(_print(source))


def _print(value: Any) -> Any:
    if isinstance(value, WorldSource):
        return {"world": value.world.name, "seed": value.seed, "size": value.size, "knobs": describe(value.knobs)}
    files = getattr(value, "files", None)
    if files:
        return {
            "files": [file_hash(path) for path in files],
            "settings": {
                each.name: describe(getattr(value, each.name)) for each in dataclasses.fields(value)
                if each.name not in ("rows", "bad", "folder", "files", "path", "cache", "table", "spans")
            },
        }
    if isinstance(value, Picked):
        return {"of": _print(value.source), "indices": describe(value.indices)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: _print(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [_print(item) for item in value]
    return describe(value)


def file_hash(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def image_hashes(source: Source, store: MediaStore, *, most: int = 1000) -> dict[str, str]:
    """Content hash of each picture of (at most) the first `most` samples, with the id of a sample that shows it.

    Reads or draws the pixels. Pictures that cannot be read are left out: they meet their error when they are used.
    """
    found: dict[str, str] = {}
    for index in range(min(most, len(source))):
        sample = source[index]
        for image in sample.images:
            try:
                found.setdefault(store.adopt(image).ref, sample.id)
            except ValueError:
                continue
    return found


def overlap(first: Source, second: Source, store: MediaStore, *, most: int = 1000) -> tuple[tuple[str, str], ...]:
    """Pairs of samples (of the first, of the second source) that show the very same pixels."""
    here, there = image_hashes(first, store, most=most), image_hashes(second, store, most=most)
    return tuple((here[ref], there[ref]) for ref in here if ref in there)


def split(
    source: Source, *, held_out: float = 0.1, seed: int = 0, key: Callable[[Sample], str] | None = None
) -> tuple[Picked, Picked]:
    """Cut a source into (training, held-out) rows by its content and a seed; the same cut wherever it is made.

    `key` keeps samples with equal keys on one side (the picture they are about, for example); it reads every row once.
    Raises ValueError when a side would be empty.
    """
    size = len(source)
    keys = [key(source[index]) if key else str(index) for index in range(size)]
    unique = sorted(set(keys))
    order = generator(seed, "split", data_hash(source)).permutation(len(unique))
    wanted = round(len(unique) * held_out)
    if not 0 < wanted < len(unique):
        raise ValueError(f"cannot hold out {held_out:g} of {len(unique)} {'groups' if key else 'rows'}: one side is empty")
    chosen = {unique[at] for at in order[:wanted]}
    sides = [tuple(at for at in range(size) if (keys[at] in chosen) is wanted_side) for wanted_side in (False, True)]
    return Picked(source=source, indices=sides[0]), Picked(source=source, indices=sides[1])
