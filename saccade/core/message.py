"""What an author sees of a conversation: parts, messages, tool calls.

A message holds references to media, never tensors: `Image.ref` names pixels by content hash (``px:...``) once they
are in a media store, or by path (``file:...``) before. Nothing here reads a pixel, so that a million rows load fast.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Frame = Literal["px", "unit", "per_mille", "grid"]
"""Frame of reference of a box: pixels, 0..1, 0..1000, or bins of the coordinate grid (edges 0..bins)."""

Affine = tuple[float, float, float, float]
"""Scale x, scale y, offset x, offset y: a point of this image is at (x * sx + ox, y * sy + oy) of the root image."""

IDENTITY: Affine = (1.0, 1.0, 0.0, 0.0)

Role = Literal["system", "user", "assistant", "tool"]
Origin = Literal["input", "tool", "generated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One picture.

    `ref` is ``px:<hash>`` (content hash of the decoded pixels), ``file:<path>``, or ``lazy:<name>`` for pixels that a
    world draws on demand. `data` may carry the pixels (a PIL image), encoded bytes, or a function that returns a PIL
    image until a store adopts them; it is never compared, hashed or written to disk. `note` is shown in the viewer only.
    `root` is the ref of the image this one was cut from and `to_root` places it there; None for an original. `at_s` and
    `frame_index` say where a frame stood in its clip.
    """

    ref: str
    note: str = ""
    root: str | None = None
    to_root: Affine = IDENTITY
    at_s: float | None = None
    frame_index: int | None = None
    source: Origin = "input"
    data: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A clip; renderers never see one: it becomes frames with textual timestamps first (`media.video.as_frames`).

    `ref` is ``file:<path>`` or ``frames:<name>`` with `data` a sequence of (at_s, Image). Times are seconds.
    """

    ref: str
    start_s: float = 0.0
    end_s: float | None = None
    fps: float = 1.0
    data: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    ref: str
    data: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box as somebody wrote it: four numbers x1, y1, x2, y2 and the frame they are in."""

    xyxy: tuple[float, float, float, float]
    frame: Frame = "px"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place as somebody wrote it: x, y and the frame they are in."""

    xy: tuple[float, float]
    frame: Frame = "px"


Part = Text | Image | Video | Audio | Box


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call the model wrote. `error` is set when the text could not be parsed: the tool loop answers with it."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: Role
    parts: tuple[Part, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    thought: str | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        """The text parts joined, without media."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def images(self) -> tuple[Image, ...]:
        return tuple(part for part in self.parts if isinstance(part, Image))


def parts_of(*content: str | Part) -> tuple[Part, ...]:
    """Turn strings and parts into parts."""
    return tuple(Text(text=item) if isinstance(item, str) else item for item in content)


def user(*content: str | Part) -> Message:
    return Message(role="user", parts=parts_of(*content))


def system(*content: str | Part) -> Message:
    return Message(role="system", parts=parts_of(*content))


def assistant(*content: str | Part, calls: tuple[ToolCall, ...] = (), thought: str | None = None) -> Message:
    return Message(role="assistant", parts=parts_of(*content), calls=calls, thought=thought)


def tool_result(*content: str | Part, name: str | None = None) -> Message:
    return Message(role="tool", parts=parts_of(*content), name=name)
