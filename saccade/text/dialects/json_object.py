"""One JSON object a message: ``{"thought": ..., "calls": [{"name": ..., "arguments": {...}}], "answer": ...}``.

For models that are asked for JSON mode, and for agents whose papers log actions this way. Keys that say nothing are left
out. A message without a brace is plain text; one with a brace that is no object holds a call with an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saccade.core.message import ToolCall
from saccade.core.tool import Tool
from saccade.text.dialect import RESULT, Parsed, as_call, call_json, read_json
from saccade.text.extract import json_value

_FENCED = re.compile(r"\s*```(?:json)?\s*(.*?)\s*```\s*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonObject:
    name: str = "json_object"
    result: tuple[str, str] = RESULT

    def declare(self, tools: Sequence[Tool]) -> str:
        if not tools:
            return ""
        listed = "\n".join(json.dumps(tool.schema["function"], ensure_ascii=False) for tool in tools)
        return (
            f"You may call these functions:\n{listed}\n\nAnswer with one JSON object and nothing else. To call functions: "
            '{"thought": "...", "calls": [{"name": "function", "arguments": {...}}]}. To finish: {"thought": "...", '
            '"answer": "..."}.'
        )

    def write(self, said: Parsed) -> str:
        out: dict[str, Any] = {} if said.thought is None else {"thought": said.thought}
        if said.calls:
            out["calls"] = [json.loads(call_json(call)) for call in said.calls]
        if said.text or not out:
            out["answer"] = said.text
        return json.dumps(out, ensure_ascii=False)

    def parse(self, text: str) -> Parsed:
        fenced = _FENCED.fullmatch(text)
        value, error = read_json(fenced.group(1) if fenced else text)
        if error:
            value = json_value(text)
        if not isinstance(value, dict):
            wrong = ToolCall(name="", error=f"the message is not one JSON object: {error or 'another value'}")
            return Parsed(text=text, calls=(wrong,) if "{" in text else ())
        calls = value.get("calls", value.get("tool_calls", []))
        calls = calls if isinstance(calls, list) else [calls]
        if isinstance(value.get("name"), str):
            calls = [value, *calls]
        return Parsed(
            thought=_text(value.get("thought")),
            text=_text(value.get("answer")) or "",
            calls=tuple(as_call(call) for call in calls),
        )


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def json_object() -> JsonObject:
    """The dialect of JSON mode."""
    return JsonObject()


EXAMPLES = [
    ('{"calls": [{"name": "crop", "arguments": {"n": 1}}]}', ToolCall(name="crop", arguments={"n": 1})),
    ('{"calls": [{"arguments": {"n": 1}}]}', "error"),
]
