"""Code as the call: a fenced block of Python runs as ``python(code=...)``.

For methods whose one tool is an interpreter. Blocks of other kinds stay text. A block that is not closed comes back with
an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from saccade.core.message import ToolCall
from saccade.core.tool import Tool
from saccade.text.dialect import Parsed, split_thought, write_thought

_BLOCK = re.compile(r"\n?```(python|py)[ \t]*\r?\n(.*?)(\r?\n```(?!\w)[ \t]*|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fences:
    """`tool` is the name of the tool that runs the code, `argument` its parameter."""

    name: str = "fences"
    result: tuple[str, str] = ("```output\n", "\n```")
    tool: str = "python"
    argument: str = "code"

    def declare(self, tools: Sequence[Tool]) -> str:
        if not tools:
            return ""
        other = [tool.name for tool in tools if tool.name != self.tool]
        if other:
            raise ValueError(f"the dialect fences calls {self.tool!r} only, not {', '.join(other)}; use hermes or tags")
        return (
            f"You may run Python. {tools[0].description} Write the code in a block that begins with ```python and ends with "
            "```, then stop and wait for its output.\nWhen you know the answer, write it as <answer>...</answer>."
        )

    def write(self, said: Parsed) -> str:
        blocks = [self._written(call) for call in said.calls]
        return write_thought(said.thought) + "\n".join([said.text, *blocks] if said.text else blocks)

    def _written(self, call: ToolCall) -> str:
        if call.name != self.tool or set(call.arguments) != {self.argument}:
            raise ValueError(f"the dialect fences writes {self.tool}({self.argument}=...) only, not {call.name!r}")
        return f"```python\n{call.arguments[self.argument]}\n```"

    def parse(self, text: str) -> Parsed:
        thought, rest = split_thought(text)
        calls = tuple(self._read(match) for match in _BLOCK.finditer(rest))
        return Parsed(thought=thought, text=_BLOCK.sub("", rest) if calls else rest, calls=calls)

    def _read(self, match: re.Match[str]) -> ToolCall:
        if not match.group(3):
            return ToolCall(name=self.tool, error="the block of code is not closed with ```")
        return ToolCall(name=self.tool, arguments={self.argument: match.group(2)})


def fences() -> Fences:
    """The dialect of code as action."""
    return Fences()


EXAMPLES = [
    ("```python\nprint(1)\n```", ToolCall(name="python", arguments={"code": "print(1)"})),
    ("```python\nprint(1)", "error"),
]
