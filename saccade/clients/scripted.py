"""A client that says what it is told: replies from a list or a function. For tests and for replaying a conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from saccade.core.engine import Sampling
from saccade.core.message import Message, assistant
from saccade.core.tool import Tool

Said = str | Message


@dataclass(slots=True, kw_only=True)
class Scripted:
    """`replies` are taken in order, or made by a function of the conversation. `asked` keeps the conversations."""

    replies: Sequence[Said] | Callable[[Sequence[Message]], Said]
    name: str = "scripted"
    asked: list[tuple[Message, ...]] = field(default_factory=list)

    async def reply(self, messages: Sequence[Message], tools: Sequence[Tool], sampling: Sampling) -> Message:
        """Raises ValueError when the list is used up."""
        self.asked.append(tuple(messages))
        turn = len(self.asked) - 1
        if callable(self.replies):
            said = self.replies(messages)
        elif turn < len(self.replies):
            said = self.replies[turn]
        else:
            raise ValueError(f"the script of {self.name!r} has {len(self.replies)} replies and was asked for one more")
        return assistant(said) if isinstance(said, str) else said


def scripted(*replies: Said, name: str = "scripted") -> Scripted:
    """A client with these replies, in order."""
    return Scripted(replies=replies, name=name)
