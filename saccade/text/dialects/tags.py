"""Tagged calls: ``<tool name="crop">{"n": 1}</tool>``, with ``<think>`` and ``<answer>`` around the rest.

For checkpoints whose chat template cannot render tools (stock Qwen2.5-VL, Idefics3, InternVL, Gemma 3): the tools are
declared in the system text. Answers stay in the text with their tags; rewards read them from there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from saccade.core.message import ToolCall
from saccade.core.tool import Tool
from saccade.text.dialect import RESULT, Parsed, as_call, read_json, split_thought, write_thought

_CALL = re.compile(r'\n?<tool\b(?:\s+name\s*=\s*"([^"<>]*)")?[^<>]*>(.*?)(</tool>|(?=<tool\b)|\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    name: str = "tags"
    result: tuple[str, str] = RESULT

    def declare(self, tools: Sequence[Tool]) -> str:
        if not tools:
            return ""
        listed = "\n".join(json.dumps(tool.schema["function"], ensure_ascii=False) for tool in tools)
        return (
            f"You may call these functions:\n{listed}\n\nTo call one, write its name in a tag and its arguments as a JSON "
            'object inside, then stop and wait for the result:\n<tool name="function">{"argument": value}</tool>\n'
            "When you know the answer, write it as <answer>...</answer>."
        )

    def write(self, said: Parsed) -> str:
        blocks = [_written(call) for call in said.calls]
        return write_thought(said.thought) + "\n".join([said.text, *blocks] if said.text else blocks)

    def parse(self, text: str) -> Parsed:
        thought, rest = split_thought(text)
        calls = tuple(_read(match) for match in _CALL.finditer(rest))
        return Parsed(thought=thought, text=_CALL.sub("", rest) if calls else rest, calls=calls)


def _written(call: ToolCall) -> str:
    return f'<tool name="{call.name}">{json.dumps(call.arguments, ensure_ascii=False)}</tool>'


def _read(match: re.Match[str]) -> ToolCall:
    name, inside, closed = match.groups()
    if not name:
        return ToolCall(name="", error='a call names its function: <tool name="function">{...}</tool>')
    if not closed:
        return ToolCall(name=name, error="the call is not closed with </tool>")
    value, error = read_json(inside.strip() or "{}")
    if error:
        return ToolCall(name=name, error=f"the arguments of {name!r:.80} are not valid JSON: {error}")
    return as_call({"name": name, "arguments": value})


def tags() -> Tags:
    """The dialect for templates that know no tools."""
    return Tags()


EXAMPLES = [
    ('<tool name="crop">{"n": 1}</tool>', ToolCall(name="crop", arguments={"n": 1})),
    ('<tool name="crop">{n}</tool>', "error"),
]
