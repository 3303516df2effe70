"""Hermes calls: ``<tool_call>`` around a JSON object, as Qwen and many others write them.

Several calls may follow one another. A call that is not closed, is no JSON or has no name comes back with an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from saccade.core.message import ToolCall
from saccade.core.tool import Tool
from saccade.text.dialect import RESULT, Parsed, call_json, read_call, split_thought, write_thought

OPEN, CLOSE = "<tool_call>", "</tool_call>"
_CALL = re.compile(r"\n?<tool_call>(.*?)(</tool_call>|(?=<tool_call>)|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hermes:
    name: str = "hermes"
    result: tuple[str, str] = RESULT

    def declare(self, tools: Sequence[Tool]) -> str:
        if not tools:
            return ""
        listed = "\n".join(json.dumps(tool.schema, ensure_ascii=False) for tool in tools)
        return (
            "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function "
            f"signatures within <tools></tools> XML tags:\n<tools>\n{listed}\n</tools>\n\nFor each function call, return a "
            "json object with function name and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n"
            '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
        )

    def write(self, said: Parsed) -> str:
        blocks = [f"{OPEN}\n{call_json(call)}\n{CLOSE}" for call in said.calls]
        return write_thought(said.thought) + "\n".join([said.text, *blocks] if said.text else blocks)

    def parse(self, text: str) -> Parsed:
        thought, rest = split_thought(text)
        calls = tuple(_read(match) for match in _CALL.finditer(rest))
        return Parsed(thought=thought, text=_CALL.sub("", rest) if calls else rest, calls=calls)


def _read(match: re.Match[str]) -> ToolCall:
    call = read_call(match.group(1))
    if match.group(2) != CLOSE:
        return ToolCall(name=call.name, error=f"the call is not closed with {CLOSE}")
    return call


def hermes() -> Hermes:
    """The dialect of Qwen3-VL and of glimpse."""
    return Hermes()


EXAMPLES = [
    ('<tool_call>\n{"name": "crop", "arguments": {"n": 1}}\n</tool_call>', ToolCall(name="crop", arguments={"n": 1})),
    ("<tool_call>\n{name: crop}\n</tool_call>", "error"),
]
