r"""Boxed answers: free reasoning, then ``\boxed{answer}``; no calls.

For single-turn reasoning methods. The text stays as it is: rewards read the box from it. There is no way to call a tool,
and declaring one is an error rather than a silent loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saccade.core.tool import Tool
from saccade.text.dialect import RESULT, Parsed, split_thought, write_thought


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxed:
    name: str = "boxed"
    result: tuple[str, str] = RESULT

    def declare(self, tools: Sequence[Tool]) -> str:
        if tools:
            raise ValueError(f"the dialect boxed cannot call tools ({tools[0].name}, ...); use hermes, tags or fences")
        return ""

    def write(self, said: Parsed) -> str:
        if said.calls:
            raise ValueError(f"the dialect boxed cannot write a call of {said.calls[0].name!r}; use hermes or tags")
        return write_thought(said.thought) + said.text

    def parse(self, text: str) -> Parsed:
        thought, rest = split_thought(text)
        return Parsed(thought=thought, text=rest)


def boxed() -> Boxed:
    """The dialect without calls."""
    return Boxed()


EXAMPLES = [(r"<think>7 + 1</think>\boxed{8}", r"\boxed{8}")]
