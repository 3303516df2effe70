"""Core messages as a chat template wants them, with every content hidden behind a sentinel.

What the template adds is then whatever is not a sentinel: no knowledge of a family is needed to tell scaffold from content,
and nothing a user, a tool or an image caption says can look like scaffold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from saccade.core.message import Image, Message, Part, Text, ToolCall
from saccade.core.tool import Tool
from saccade.text.dialect import Dialect, Parsed

OPEN, SHUT = "\ue0f0", "\ue0f1"
SENTINEL = re.compile(f"{OPEN}(\\d+){SHUT}")


@lru_cache(maxsize=32)
def unsafe_pattern(control: frozenset[str]) -> re.Pattern[str]:
    """Finds control tokens and our own marks in a string."""
    return re.compile("|".join(re.escape(token) for token in sorted({*control, OPEN, SHUT}, key=len, reverse=True)))


@dataclass(slots=True, kw_only=True)
class Hidden:
    """Texts behind sentinels. `unsafe` finds what must be hidden inside names and values that the template writes itself
    (schemas, arguments)."""

    unsafe: re.Pattern[str]
    trims: bool = False
    texts: list[str] = field(default_factory=list)
    trusted: list[bool] = field(default_factory=list)

    def hide(self, text: str, *, trusted: bool = False) -> str:
        """A sentinel for a text. `trusted` text is ours: it may hold tags, though no control token."""
        self.texts.append(text.strip() if self.trims and not trusted else text)
        self.trusted.append(trusted)
        return f"{OPEN}{len(self.texts) - 1}{SHUT}"

    def within(self, value: Any) -> Any:
        """The same JSON value with control tokens in its strings hidden."""
        if isinstance(value, str):
            return self.unsafe.sub(lambda match: self.hide(match.group(0), trusted=True), value)
        if isinstance(value, dict):
            return {self.within(key): self.within(item) for key, item in value.items()}
        return [self.within(item) for item in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How this template is spoken to.

    tools:    it renders tools, calls and results itself (else the dialect writes them as text)
    thoughts: it renders ``reasoning_content`` itself
    thinks:   its generation prompt ends with an open ``<think>``
    merges:   roles must alternate: neighbours of one role become one message
    system:   the template takes a system message
    """

    dialect: Dialect
    tools: bool = False
    thoughts: bool = False
    thinks: bool = False
    merges: bool = False
    system: bool = True


def in_openai_form(messages: Sequence[Message], tools: Sequence[Tool], manner: Manner, hidden: Hidden) -> list[dict]:
    """Messages as dictionaries, contents hidden. Raises ValueError for a part no template can show."""
    done: list[dict[str, Any]] = []
    declared = "" if manner.tools else manner.dialect.declare(tools)
    messages = list(messages)
    if declared and (not messages or messages[0].role != "system"):
        messages.insert(0, Message(role="system"))
    for index, message in enumerate(messages):
        if message.role == "assistant":
            form = _assistant(message, manner, hidden)
        elif message.role == "tool":
            form = _result(message, manner, hidden)
        elif message.role == "system":
            said = [message.text] if message.text else []
            shown = [*said, declared] if index == 0 and declared else said
            text = hidden.hide(shown[0], trusted=not said) if shown else ""
            text += "".join("\n\n" + hidden.hide(more, trusted=True) for more in shown[1:])
            form = {"role": "system" if manner.system else "user", "content": [*_media(message), _text(text)]}
        else:
            form = {"role": message.role, "content": [_part(part, hidden) for part in message.parts] or [_text("")]}
        if manner.merges and done and done[-1]["role"] == form["role"]:
            done[-1]["content"] = [*done[-1]["content"], _text(hidden.hide("\n", trusted=True)), *form["content"]]
        else:
            done.append(form)
    return done


def _assistant(message: Message, manner: Manner, hidden: Hidden) -> dict[str, Any]:
    bad = next((call for call in message.calls if call.error), None)
    if bad is not None:
        raise ValueError(f"a call with an error cannot be written again: {bad.error}")
    if message.images:
        raise ValueError("an assistant message holds an image; templates show images of users and tools only")
    if manner.tools:
        thought = None if manner.thoughts else message.thought
        text = manner.dialect.write(Parsed(thought=thought, text=message.text))
        form: dict[str, Any] = {"role": "assistant", "content": [_own(text, manner, hidden)] if text else ""}
        if message.calls:
            form["tool_calls"] = [_call(call, hidden) for call in message.calls]
        if manner.thoughts and message.thought is not None:
            form["reasoning_content"] = hidden.hide(message.thought)
        return form
    text = manner.dialect.write(Parsed(thought=message.thought, text=message.text, calls=message.calls))
    return {"role": "assistant", "content": [_own(text, manner, hidden)]}


def _own(text: str, manner: Manner, hidden: Hidden) -> dict[str, Any]:
    """The model's words; a thought that the generation prompt opens is opened in the open here too."""
    opened = "<think>\n" if manner.thinks and text.startswith("<think>\n") else ""
    return _text(opened + hidden.hide(text.removeprefix(opened)))


def _call(call: ToolCall, hidden: Hidden) -> dict[str, Any]:
    function = {"name": hidden.within(call.name), "arguments": hidden.within(call.arguments)}
    return {"type": "function", "id": call.id, "function": function}


def _result(message: Message, manner: Manner, hidden: Hidden) -> dict[str, Any]:
    inside = [_part(part, hidden) for part in message.parts]
    if manner.tools:
        return {"role": "tool", "content": inside or [_text("")], "name": message.name or ""}
    before, after = manner.dialect.result
    return {"role": "user", "content": [_text(before), *inside, _text(after)]}


def _media(message: Message) -> list[dict[str, Any]]:
    return [{"type": "image"} for _ in message.images]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _part(part: Part, hidden: Hidden) -> dict[str, Any]:
    if isinstance(part, Image):
        return {"type": "image"}
    if isinstance(part, Text):
        return _text(hidden.hide(part.text))
    raise ValueError(
        f"a {type(part).__name__.lower()} cannot be shown to this model; turn clips into frames with timestamps and boxes "
        "into text first"
    )
