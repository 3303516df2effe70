"""Where each message stands in the text a chat template makes of a conversation.

The conversation is rendered with its contents hidden, and so are its beginnings: a message starts where the text of those
before it, and the generation prompt if it is the assistant's, stops being the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from saccade.core.message import Message
from saccade.core.tool import Tool
from saccade.models.conversation import SENTINEL, Hidden, Manner, in_openai_form, unsafe_pattern
from saccade.models.manner import Frame
from saccade.models.pieces import Encoder, occurrences
from saccade.models.template import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A rendered text with sentinels; `bounds[k]` is where message k begins, `own[k]` where the model's words in it are."""

    text: str
    hidden: Hidden
    bounds: tuple[int, ...]
    own: dict[int, tuple[int, int]]


def lay_out(
    encoder: Encoder, template: Template, manner: Manner, frame: Frame, messages: tuple[Message, ...],
    tools: tuple[Tool, ...],
) -> Layout:
    """Render a conversation and find where each message begins, by rendering its beginnings.

    A message begins where the text of the messages before it, and the generation prompt if it is the assistant's, end.
    """
    size = len(messages)

    def text_of(count: int, generation: bool) -> tuple[str, Hidden]:
        hidden = Hidden(unsafe=unsafe_pattern(frozenset(encoder.special)), trims=frame.trims)
        schemas = [hidden.within(tool.schema) for tool in tools] if manner.tools else []
        forms = in_openai_form(messages[:count], tools, manner, hidden)
        return template.render(forms, tools=schemas, generation=generation), hidden

    finished = messages[-1].role == "assistant"
    text, hidden = text_of(size, not finished)

    def end_of(count: int, generation: bool) -> int:
        try:
            return _aligned(text, _shared(text_of(count, generation)[0], text), encoder)
        except ValueError:
            return bounds[-1]

    bounds, own = [0], {}
    for number in range(size):
        is_own = messages[number].role == "assistant"
        begin = end_of(number, True) if is_own and number else bounds[number]
        if number and is_own and messages[number - 1].role != "assistant":
            bounds[number] = begin
        end = len(text) if number == size - 1 else end_of(number + 1, False)
        if is_own:
            closed = text.rfind(frame.closing, begin, end)
            if closed < 0:
                raise ValueError(f"the chat template does not end message {number} with {frame.closing}")
            end = closed + len(frame.closing)
            own[number] = (begin, end)
        bounds.append(max(end, bounds[number]))
    return Layout(text=text, hidden=hidden, bounds=tuple(bounds), own=own)


def _shared(first: str, second: str) -> int:
    """Length of the common beginning."""
    different = (place for place, (one, other) in enumerate(zip(first, second, strict=False)) if one != other)
    return next(different, min(len(first), len(second)))


def _aligned(text: str, position: int, encoder: Encoder) -> int:
    """The same place, or the beginning of the added token or sentinel it would cut."""
    for start, token in occurrences(text[max(0, position - 64) : position + 64], frozenset(encoder.added)):
        start += max(0, position - 64)
        if start < position < start + len(token):
            return start
    for match in SENTINEL.finditer(text):
        if match.start() < position < match.end():
            return match.start()
    return position
