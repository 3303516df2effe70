"""Messages of other projects as ours: roles, content parts, and ``<image>`` marks in text.

A mark stands for the next picture of the row. Pictures without marks go before the first words of the user. Everything
else in text stays text: special tokens of any tokenizer are neutralised where text becomes tokens, not here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from saccade.core.message import Audio, Image, Message, Part, Role, Text, ToolCall, Video
from saccade.data.cells import BadRow, Place, image_from, video_from

ROLES: dict[str, Role] = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant",
    "gpt": "assistant", "model": "assistant", "bot": "assistant", "tool": "tool", "function": "tool",
    "observation": "tool", "tool_response": "tool",
}


class Slot(str):
    """A place for the next picture (``image``) or clip (``video``) of the row."""


Content = list[str | Slot | Part]
Turn = tuple[Role, Content, tuple[ToolCall, ...]]


def turns_from(value: Any, column: str, place: Place) -> list[Turn]:
    """A string (one user message) or a list of messages, in OpenAI's or in LLaVA's spelling."""
    if isinstance(value, str):
        return [("user", [value], ())]
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list | tuple) or not value:
        raise BadRow(column, f"expected text or a list of messages, found {type(value).__name__} {str(value)[:60]!r}")
    return [turn_from(each, column, place) for each in value]


def turn_from(value: Any, column: str, place: Place) -> Turn:
    if not isinstance(value, Mapping):
        raise BadRow(column, f"a message is a mapping with 'role' and 'content', not {type(value).__name__}")
    name = value.get("role", value.get("from"))
    content = value.get("content", value.get("value"))
    if not isinstance(name, str) or name.lower() not in ROLES:
        raise BadRow(column, f"unknown role {name!r}; known: {', '.join(ROLES)}")
    calls = tuple(call_from(call, column) for call in value.get("tool_calls") or ())
    return ROLES[name.lower()], content_from(content, column, place), calls


def call_from(value: Mapping[str, Any], column: str) -> ToolCall:
    inner = value.get("function", value) if isinstance(value, Mapping) else {}
    arguments = inner.get("arguments") or {}
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except json.JSONDecodeError as error:
            raise BadRow(column, f"the arguments of a tool call are not JSON ({error})") from error
    if not isinstance(inner.get("name"), str) or not isinstance(arguments, Mapping):
        raise BadRow(column, "a tool call needs a 'name' and 'arguments'")
    return ToolCall(name=inner["name"], arguments=dict(arguments), id=str(value.get("id") or ""))


def content_from(content: Any, column: str, place: Place) -> Content:
    """Text, or content parts of OpenAI (`image_url`) and Hugging Face (`image`, with or without the picture)."""
    if content is None:
        return []
    if isinstance(content, str):
        return [content]
    if isinstance(content, Mapping):
        content = [content]
    if not isinstance(content, list | tuple):
        raise BadRow(column, f"the content of a message is {type(content).__name__}; expected text or a list of parts")
    out: Content = []
    for which, part in enumerate(content):
        if isinstance(part, str):
            out.append(part)
            continue
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind in ("text", "input_text", "output_text"):
            out.append(str(part.get("text") or ""))
        elif kind in ("image", "image_url", "input_image"):
            cell = next((part[key] for key in ("image", "image_url", "url", "path", "base64") if part.get(key)), None)
            out.append(Slot("image") if cell is None else image_from(cell, place, column, which))
        elif kind in ("video", "video_url"):
            cell = next((part[key] for key in ("video", "video_url", "url", "path") if part.get(key)), None)
            out.append(Slot("video") if cell is None else video_from(cell, place, column, which))
        else:
            raise BadRow(column, f"a content part of type {kind!r}; known: text, image, image_url, video")
    return out


def place_media(
    turns: Sequence[Turn], images: Sequence[Image], videos: Sequence[Video], *, column: str
) -> tuple[Message, ...]:
    """Put pictures and clips where the row wants them.

    Slots of content parts come first; then marks in text, if there are as many as pictures; without marks, the pictures
    go before the first words of the user. Raises BadRow when the numbers differ.
    """
    for kind, media in (("image", images), ("video", videos)):
        slots = sum(isinstance(item, Slot) and item == kind for _, content, _ in turns for item in content)
        marks = sum(text.count(f"<{kind}>") for text in texts_of(turns))
        if slots:
            if slots != len(media):
                raise BadRow(column, f"{slots} {kind} parts without a picture of their own, but {len(media)} in the "
                                     f"{kind} column; the numbers must be equal")
        elif marks and marks == len(media):
            turns = [(role, split_marks(content, kind), calls) for role, content, calls in turns]
        elif marks and media:
            raise BadRow(column, f"{marks} <{kind}> marks in the text but {len(media)} {kind}s; "
                                 "the numbers must be equal (or use no marks at all)")
        elif media:
            turns = lead_with(turns, [Slot(kind)] * len(media))
    queue: dict[str, list[Any]] = {"image": list(images), "video": list(videos)}
    return tuple(
        Message(role=role, parts=tidy(queue[item].pop(0) if isinstance(item, Slot) else item for item in content),
                calls=calls)
        for role, content, calls in turns
    )


def texts_of(turns: Sequence[Turn]) -> list[str]:
    return [item for _, content, _ in turns for item in content if isinstance(item, str) and not isinstance(item, Slot)]


def split_marks(content: Content, kind: str) -> Content:
    out: Content = []
    for item in content:
        if isinstance(item, Slot) or not isinstance(item, str):
            out.append(item)
            continue
        pieces = item.split(f"<{kind}>")
        for index, piece in enumerate(pieces):
            out.extend([Slot(kind)] if index else [])
            out.append(piece)
    return out


def lead_with(turns: Sequence[Turn], slots: Content) -> list[Turn]:
    first = next((index for index, turn in enumerate(turns) if turn[0] == "user"), 0)
    return [(role, [*slots, *content] if index == first else content, calls)
            for index, (role, content, calls) in enumerate(turns)]


def tidy(items: Any) -> tuple[Part, ...]:
    """Strings to text parts, neighbours joined, empty ones dropped."""
    out: list[Part] = []
    for item in items:
        part = Text(text=str(item)) if isinstance(item, str) else item
        if isinstance(part, Text) and out and isinstance(out[-1], Text):
            out[-1] = Text(text=out[-1].text + part.text)
        elif not (isinstance(part, Text) and not part.text):
            assert isinstance(part, Text | Image | Video | Audio)
            out.append(part)
    return tuple(out)
