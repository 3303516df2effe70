"""What a dialect is: how tools are declared, how thoughts, text and calls are written, and how they are read back.

Reading never raises, whatever the model wrote: a call that cannot be read comes back as a call with an error, so that the
tool loop can tell the model. Reading what was written gives it back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from saccade.core.message import ToolCall
from saccade.core.tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one assistant message says: its thought, its text without calls, its calls in order."""

    text: str = ""
    thought: str | None = None
    calls: tuple[ToolCall, ...] = ()


class Dialect(Protocol):
    """One way of writing. `result` is what stands before and after the content of a tool result where the chat template
    has no place for one."""

    name: str
    result: tuple[str, str]

    def declare(self, tools: Sequence[Tool]) -> str:
        """The text that tells the model which tools there are and how to call them; empty without tools."""
        ...

    def write(self, said: Parsed) -> str: ...

    def parse(self, text: str) -> Parsed: ...


RESULT = ("<tool_response>\n", "\n</tool_response>")


def read_call(text: str) -> ToolCall:
    """Read ``{"name": ..., "arguments": {...}}``; never raises."""
    value, error = read_json(text)
    if error:
        return ToolCall(name="", error=f"the call is not valid JSON: {error}")
    return as_call(value)


def as_call(value: Any) -> ToolCall:
    """A call from a decoded JSON value; `arguments` may itself be a string of JSON."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
        return ToolCall(name="", error='a call is a JSON object {"name": ..., "arguments": {...}}')
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        arguments, _ = read_json(arguments)
    if not isinstance(arguments, dict):
        return ToolCall(name=value["name"], error=f"the arguments of {value['name'][:80]!r} are not a JSON object")
    return ToolCall(name=value["name"], arguments=arguments)


def read_json(text: str) -> tuple[Any, str]:
    """The value and an empty string, or None and what is wrong."""
    try:
        return json.loads(text), ""
    except RecursionError:
        return None, "nested too deeply"
    except ValueError as error:
        return None, str(error)[:200]


def call_json(call: ToolCall) -> str:
    """One call as chat templates write it. Raises ValueError for arguments that JSON cannot hold."""
    try:
        return json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False)
    except TypeError as error:
        raise ValueError(f"the arguments of the call {call.name!r} cannot be written as JSON: {error}") from error


def split_thought(text: str) -> tuple[str | None, str]:
    """The thought in ``<think>`` tags at the head of a text, and the rest; a thought that is not closed stays text."""
    if not text.lstrip().startswith("<think>"):
        return None, text
    thought, closed, rest = text.lstrip().removeprefix("<think>").partition("</think>")
    return (thought.strip(), rest.removeprefix("\n").removeprefix("\n")) if closed else (None, text)


def write_thought(thought: str | None) -> str:
    return "" if thought is None else f"<think>\n{thought}\n</think>\n\n"
