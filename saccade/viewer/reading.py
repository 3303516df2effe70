"""Token ids as text, and pictures in the size the model got them, from what lies beside a run: `tokenizer.json` and
`preprocessor_config.json`.

Ids are looked up one by one, as no tokenizer library does it: a token is shown as the bytes it stands for, so that half a
character is seen to be half a character. Byte-level pieces (Qwen, glimpse) and SentencePiece ones (Gemma, Llama) are known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saccade.core.engine import MediaSpan

MOST_BYTES = 64 << 20
PLACES = ("", "model", "../model", "..", "../..", "../../train/model")
"""Where beside the trajectories a tokenizer may lie: a run's own, an evaluation's, a demo's trained model."""


def byte_level() -> dict[str, int]:
    """The letters in which byte-level vocabularies write bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + at): byte for at, byte in enumerate(others)}


BYTES = byte_level()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Pieces by id, and the side of a patch in pixels (0 where it is not known)."""

    pieces: Mapping[int, str] = field(default_factory=dict)
    special: frozenset[int] = frozenset()
    bytes_level: bool = True
    patch_px: int = 0

    def text(self, token: int) -> str:
        """What a token stands for; ``#id`` where the vocabulary is not there."""
        piece = self.pieces.get(token)
        if piece is None:
            return f"#{token}"
        if token in self.special:
            return piece
        if self.bytes_level and all(letter in BYTES for letter in piece):
            return bytes(BYTES[letter] for letter in piece).decode("utf-8", errors="backslashreplace")
        return piece.replace("\u2581", " ")

    def seen(self, span: MediaSpan) -> tuple[int, int] | None:
        """Width and height in which the model got a picture, where its grid of patches says so."""
        grid = span.inputs.get("grid")
        if not self.patch_px or not isinstance(grid, Sequence) or len(grid) != 3:
            return None
        if not all(isinstance(side, int) and 0 < side < 4096 for side in grid):
            return None
        return grid[2] * self.patch_px, grid[1] * self.patch_px


def reading_of(folder: Path) -> Reading:
    """The reading of trajectories in a folder; an empty one when nothing is there."""
    for place in PLACES:
        tokenizer = folder / place / "tokenizer.json"
        if tokenizer.is_file():
            return read(tokenizer, folder / place / "preprocessor_config.json")
    return Reading()


def read(tokenizer: Path, processor: Path) -> Reading:
    """From the two files; anything in them that makes no sense is left out."""
    said, pictures = loaded(tokenizer), loaded(processor)
    model = said.get("model") if isinstance(said.get("model"), dict) else {}
    vocabulary = model.get("vocab")
    pieces: dict[int, str] = {}
    if isinstance(vocabulary, dict):
        pieces = {number: str(piece) for piece, number in vocabulary.items() if isinstance(number, int)}
    elif isinstance(vocabulary, list):
        pieces = {at: str(each[0]) for at, each in enumerate(vocabulary) if isinstance(each, list) and each}
    added = [
        each for each in said.get("added_tokens") or () if isinstance(each, dict) and isinstance(each.get("id"), int)
    ]
    pieces |= {each["id"]: str(each.get("content")) for each in added}
    patch = pictures.get("patch_size")
    return Reading(
        pieces=pieces,
        special=frozenset(each["id"] for each in added),
        bytes_level="\u2581" not in "".join(list(pieces.values())[:2000]),
        patch_px=patch if isinstance(patch, int) and 0 < patch < 1024 else 0,
    )


def loaded(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
