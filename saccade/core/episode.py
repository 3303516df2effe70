"""Control flow of one attempt, written as a coroutine that yields what is shown and receives what the model said.

An author writes ``message = yield show(...)`` in a loop and returns when done; ``finally:`` releases resources. The
runner owns tokens, budgets, parsing failures and truncation. A coroutine cannot be copied: a branch is made by replaying
the recorded prefix into a new episode, tool results coming from the record.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np

from saccade.core.message import Image, Message, Part, ToolCall, user
from saccade.core.sample import Sample
from saccade.core.tool import Tool
from saccade.core.trajectory import Stop

After = int | Literal["last", "new"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is shown next.

    after:   an earlier step index (a branch, dropped observations), the last step, or a fresh context
    speaker: who answers: the policy, another policy, or a client of the run
    prefix:  a forced beginning of the answer (not trained on)
    open:    the messages go inside the still open assistant message (observation in the same message)
    tools:   those declared in this context; None keeps what was declared
    scores:  given by the environment, stored in the step that shows these messages
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    speaker: str = "policy"
    after: After = "last"
    prefix: str = ""
    open: bool = False


def show(*content: str | Part | Message | Sequence[Message], **settings: Any) -> Reply:
    """Show messages; bare strings and images become one user message. Settings are those of `Reply`."""
    messages: list[Message] = []
    loose: list[str | Part] = []
    for item in content:
        if isinstance(item, Message):
            messages.append(item)
        elif isinstance(item, (list, tuple)):
            messages.extend(item)  # type: ignore[arg-type]
        else:
            loose.append(item)  # type: ignore[arg-type]
    if loose:
        messages.append(user(*loose))
    if "tools" in settings and settings["tools"] is not None:
        settings["tools"] = tuple(settings["tools"])
    return Reply(messages=tuple(messages), **settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Budgets of one attempt. Exceeding one is the model's doing and ends it with a typed stop.

    steps:     messages each speaker may write
    tokens:    of the whole path, prompt included
    sampled:   tokens the policy may write in all
    pixels:    of images that tools add
    seconds:   wall clock of the attempt; waits for engines and clients do not count
    tool_s:    of one tool call; engine_s: of one wait for an engine or a client
    malformed: messages with calls that cannot be read, after which the attempt ends with `Stop.PARSE` (None: the model is
               told and may go on)
    frames:    shown of one clip
    """

    steps: int = 8
    tokens: int = 8192
    sampled: int = 2048
    pixels: int = 50_000_000
    seconds: float = 600.0
    tool_s: float = 30.0
    engine_s: float = 600.0
    malformed: int | None = None
    frames: int = 16


class End(Exception):
    """Raised by an episode that ends for a reason of its own: ``raise End(Stop.TOOL_STOP)``. Returning means DONE.

    `scores` are what the environment gave for the last message, which nothing is shown after; kept in its step.
    """

    def __init__(self, stop: Stop, *, scores: Mapping[str, float] | None = None) -> None:
        super().__init__(stop.value)
        self.stop, self.scores = stop, dict(scores or {})


class Context(Protocol):
    """What an episode may use while it runs. Given by the runner, one per attempt.

    A tool with a parameter named `context` gets the same with an `rng` of its own call; `call_number` counts the calls
    of the attempt from 0. `branch` is what the explorer named this attempt.
    """

    sample: Sample
    rng: np.random.Generator
    limits: Limits
    progress: float
    tools: tuple[Tool, ...]
    clients: Mapping[str, Any]
    store: Any
    sandbox: Any
    attempt: int
    call_number: int
    branch: str

    @property
    def images(self) -> tuple[Image, ...]:
        """Images shown so far, in the order of their numbers."""
        ...

    def image(self, which: int | str) -> Image:
        """An image shown so far, by 1-based index (0 or 1: the first) or by ref. Raises ToolError for an unknown one."""
        ...

    async def call(self, call: ToolCall) -> Message:
        """Run a tool call; the result message. Mistakes of the model come back as text; the call is recorded."""
        ...

    async def call_all(self, calls: Sequence[ToolCall]) -> tuple[Message, ...]:
        """Run calls side by side, results in their order."""
        ...


class Episode(Protocol):
    """Callable (sample, context) -> async generator of replies. `settings` are recorded with the run."""

    name: str
    settings: Mapping[str, Any]

    def __call__(self, sample: Sample, context: Context) -> AsyncGenerator[Reply, Message]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocolled:
    """An episode made from a coroutine function and its settings."""

    name: str
    function: Callable[..., AsyncGenerator[Reply, Message]]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, sample: Sample, context: Context) -> AsyncGenerator[Reply, Message]:
        return self.function(sample, context, **self.settings)

    def having(self, **settings: Any) -> Protocolled:
        return replace(self, settings={**self.settings, **settings})


def episode(function: Callable[..., AsyncGenerator[Reply, Message]]) -> Callable[..., Protocolled]:
    """Mark ``async def name(sample, context, *, settings)``: calling it with settings gives an `Episode`."""

    @functools.wraps(function)
    def make(**settings: Any) -> Protocolled:
        return Protocolled(name=function.__name__, function=function, settings=settings)

    return make
