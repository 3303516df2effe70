"""A conversation with a loss mask, and its tokens.

A talk is what a training row looks like to its author: core messages, which of them are learned, and the tools on offer.
It is tokenised as the renderers do it, piece by piece: control tokens by themselves, every constant and every content
apart, so that training and use see the same tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from saccade.core.message import Frame, Image, Message, Text, ToolCall, assistant, tool_result, user
from saccade.glimpse.pixels import UNIT, fitted, num_visual_tokens, rotary_positions
from saccade.glimpse.tokenizer import IMAGE, call_text, preamble
from saccade.tools.crop import crop
from saccade.tools.draw_box import draw_box


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """`learned` are indices of assistant messages in the loss. Images carry their pixels (PIL) in `data`.

    kind:  which part of the corpus it comes from
    skill: what its last answer shows, for measurements
    """

    kind: str
    messages: tuple[Message, ...]
    learned: tuple[int, ...]
    tools: tuple[dict[str, Any], ...] = ()
    skill: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A tokenised talk: tokens (T,), which of them are learned (T,), rotary positions (3, T), uint8 images (H, W, 3)."""

    kind: str
    tokens_T: np.ndarray
    loss_T: np.ndarray
    positions_3T: np.ndarray
    images: tuple[np.ndarray, ...]


ZOOM, MARK = "image_zoom_in_tool", "draw_box"
FRAMES: tuple[Frame, ...] = ("grid", "px", "unit", "per_mille")


@cache
def zoom_schema(frame: Frame = "grid", label: bool = False) -> dict[str, Any]:
    """The declaration of the zoom tool as prompts render it; the defaults are glimpse's own."""
    return crop(frame=frame, label=label).schema


@cache
def mark_schema() -> dict[str, Any]:
    """The declaration of the marking tool as glimpse knows it."""
    return draw_box(frame="grid").schema


def offered(rng: np.random.Generator) -> tuple[dict[str, Any], ...]:
    """The tools of a prompt: glimpse's own zoom, and now and then another declaration of it."""
    if rng.random() < 0.85:
        return (zoom_schema(),)
    return (zoom_schema(FRAMES[int(rng.integers(4))], bool(rng.integers(2))),)


def picture(pixels: Any, at_s: float | None = None) -> Image:
    return Image(ref="lazy:glimpse", data=pixels, at_s=at_s)


def answered(text: str) -> Message:
    return assistant(f"<answer>{text}</answer>")


def called(name: str, box: Sequence[int]) -> Message:
    """A call that writes a box in grid edges."""
    return assistant(calls=(ToolCall(name=name, arguments={"bbox_2d": written(box)}),))


def written(box: Sequence[int]) -> str:
    return "".join(f"<{edge}>" for edge in box)


def asked(text: str, *pixels: Any) -> Message:
    return user(*(picture(each) for each in pixels), text)


def shown(pixels: Any) -> Message:
    return tool_result(picture(pixels))


def pieces(message: Message, visual: Sequence[int]) -> tuple[list[str], int]:
    """Texts that are encoded one by one, and how many of them come before the author's own words.

    visual: number of visual tokens of each image of the message.
    """
    role = "user" if message.role == "tool" else message.role
    head = ["<|im_start|>", f"{role}\n"]
    body: list[str] = []
    counts = iter(visual)
    for part in message.parts:
        if isinstance(part, Image):
            body += ["<|vision_start|>", IMAGE * next(counts), "<|vision_end|>"]
        elif isinstance(part, Text):
            body.append(part.text)
    body += [call_text(call.name, call.arguments) for call in message.calls]
    if message.role == "tool":
        body = ["<tool_response>", "\n", *body, "\n", "</tool_response>"]
    return [*head, *body, "<|im_end|>", "\n"], len(head)


def row_of(talk: Talk, tokenizer: Any) -> Row:
    """Tokens, mask, positions and pixels of a talk. The mask covers the learned messages up to their end of turn."""
    tokens: list[int] = []
    loss: list[bool] = []
    images: list[np.ndarray] = []
    if talk.tools:
        for piece in ("<|im_start|>", "system\n", preamble(talk.tools), "<|im_end|>", "\n"):
            tokens += ids_of(tokenizer, piece)
        loss += [False] * len(tokens)
    for index, message in enumerate(talk.messages):
        pixels = [fitted(image.data) for image in message.images]
        texts, num_head = pieces(message, [num_visual_tokens(each) for each in pixels])
        for place, piece in enumerate(texts):
            ids = ids_of(tokenizer, piece)
            tokens += ids
            loss += [index in talk.learned and num_head <= place < len(texts) - 1] * len(ids)
        images += pixels
    array = np.asarray(tokens, np.int64)
    grids = [(each.shape[0] // UNIT, each.shape[1] // UNIT) for each in images]
    pad = ids_of(tokenizer, IMAGE)[0]
    return Row(kind=talk.kind, tokens_T=array, loss_T=np.asarray(loss), images=tuple(images),
               positions_3T=rotary_positions(array, grids, pad))


def ids_of(tokenizer: Any, text: str) -> list[int]:
    """Token ids of one piece, remembered: most pieces come again."""
    return list(_encoder(tokenizer)(text))


@lru_cache(maxsize=4)
def _encoder(tokenizer: Any) -> Any:
    @lru_cache(maxsize=100_000)
    def encode(text: str) -> tuple[int, ...]:
        return tuple(tokenizer.encode(text, add_special_tokens=False))

    return encode
