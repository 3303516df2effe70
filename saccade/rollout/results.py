"""What a tool returned, as parts of a message.

Tools return text, a picture, a score or a list of these. Pictures go into the media store here, so that a message only
ever holds references; a PIL picture without a parent is one the tool made, not one it cut out.
"""

from __future__ import annotations

from typing import Any

from PIL import Image as PILImage

from saccade.core.message import Audio, Box, Image, Part, Text, Video
from saccade.core.store import MediaStore
from saccade.core.trajectory import Score


def as_parts(result: Any, store: MediaStore) -> tuple[tuple[Part, ...], dict[str, float]]:
    """Parts to show and scores to record. Raises TypeError for a value that no message can hold."""
    scores: dict[str, float] = {}
    parts: list[Part] = []
    for item in result if isinstance(result, (list, tuple)) else (result,):
        if isinstance(item, str):
            parts.append(Text(text=writable(item)))
        elif isinstance(item, Image):
            parts.append(store.adopt(item))
        elif isinstance(item, PILImage.Image):
            parts.append(store.put(item))
        elif isinstance(item, Score):
            parts.append(Text(text=item.note or f"{item.value:g}" if item.value is not None else item.note))
            if item.value is not None:
                scores["score"] = float(item.value)
        elif isinstance(item, Box):
            parts.append(Text(text=f"[{', '.join(f'{edge:g}' for edge in item.xyxy)}]"))
        elif isinstance(item, (Text, Video, Audio)):
            parts.append(item)
        else:
            raise TypeError(f"a tool returned {type(item).__name__}; it may return str, an image, Score or a list of these")
    return tuple(parts), scores


def writable(text: str) -> str:
    """The text without halves of surrogate pairs: JSON of a model may hold them, no tokenizer and no file takes them."""
    return text.encode("utf-8", "replace").decode("utf-8")
