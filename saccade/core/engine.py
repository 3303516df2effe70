"""Tokens in, tokens out (engines); messages in, message out (clients).

Tokens are appended, never re-encoded. A media placeholder is expanded once, by the family's own renderer, and the number
of placeholder tokens is checked against the span when it is appended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from saccade.core.message import Message
from saccade.core.tool import Tool

Finish = Literal["stop", "length", "abort"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSpan:
    """Where an image stands in a token sequence.

    `start` counts from the beginning of whatever holds the span (a rendered message, a step, a prompt). `length` is the
    number of tokens from the first to the last placeholder; `features` of them take a feature vector (tiles of some
    families are separated by text tokens: `feature_mask` says which; None means all). `inputs` is what the family needs
    to rebuild positions and tensors, as plain JSON values (``{"grid": [1, 6, 8]}``).
    """

    ref: str
    start: int
    length: int
    kind: Literal["image", "video"] = "image"
    inputs: dict[str, Any] = field(default_factory=dict)
    feature_mask: tuple[bool, ...] | None = None

    @property
    def features(self) -> int:
        return self.length if self.feature_mask is None else sum(self.feature_mask)


def shifted(span: MediaSpan, by: int) -> MediaSpan:
    return MediaSpan(
        ref=span.ref,
        start=span.start + by,
        length=span.length,
        kind=span.kind,
        inputs=span.inputs,
        feature_mask=span.feature_mask,
    )


def token_array(tokens: Sequence[int] | np.ndarray) -> np.ndarray:
    return np.asarray(tokens, dtype=np.int32).reshape(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What an engine sees: token ids int32[T], and the media spans in them, by start."""

    tokens: np.ndarray
    media: tuple[MediaSpan, ...] = ()

    def extend(self, tokens: np.ndarray, media: Sequence[MediaSpan] = ()) -> Prompt:
        """Append tokens; `media` starts count from the first appended token."""
        size = len(self.tokens)
        return Prompt(
            tokens=np.concatenate([self.tokens, token_array(tokens)]),
            media=self.media + tuple(shifted(span, size) for span in media),
        )


EMPTY_PROMPT = Prompt(tokens=token_array([]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How to draw tokens. Temperature 0 is greedy. `stop` are token ids that end a message, beside the renderer's own.

    `seed` names the stream of this very request: equal prompts with equal seeds give equal tokens in any batch.
    `logit_rules` are names or functions an engine may apply to logits; `watch` are token ids whose log-probabilities
    are recorded at every step.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 512
    stop: tuple[int, ...] = ()
    seed: int = 0
    logit_rules: tuple[Any, ...] = ()
    watch: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentSpan:
    """Steps whose input was a vector, not a token: `values` names float[length, D] in the store of the run."""

    start: int
    length: int
    values: str
    kind: str
    target: str | None = None
    logp: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What came out: tokens int32[S] (a stop token included), logp float32[S] of the sampling distribution at
    temperature 1 without truncation (None where the server gives none), the weight version it was drawn under."""

    tokens: np.ndarray
    logp: np.ndarray | None
    finish: Finish
    version: int = 0
    latent: tuple[LatentSpan, ...] = ()
    watched: np.ndarray | None = None


@runtime_checkable
class Engine(Protocol):
    """Turns a prompt into tokens. Optional abilities: `score` and `load`.

    `live(change)` tells a batching engine that so many more (or fewer) trajectories are alive, so that in deterministic
    mode it forms a batch when all of them wait (not when the first arrives).
    """

    version: int

    async def generate(self, prompt: Prompt, sampling: Sampling) -> Completion: ...


@runtime_checkable
class Client(Protocol):
    """Answers messages: a chat endpoint, judge, teacher, oracle or script.

    Steps made by a client have no tokens of ours: they can be evaluated and distilled from, never trained on with
    importance ratios.
    """

    name: str

    async def reply(self, messages: Sequence[Message], tools: Sequence[Tool], sampling: Sampling) -> Message: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Tokens that one message adds to the sequence.

    tokens: int32[k]; body: bool[k], False for template scaffold; media: spans counted from this message's first token.
    """

    tokens: np.ndarray
    body: np.ndarray
    media: tuple[MediaSpan, ...] = ()


@runtime_checkable
class Renderer(Protocol):
    """Messages to tokens, for one checkpoint. Implemented in `models.renderer`; torch-free.

    encode: renders the beginning of a conversation, one `Rendered` per message; the last one ends with what makes the
            model speak (the generation prompt). Tools are declared where the template declares them.
    extend: renders messages that follow a completion: first what closes the completion (given how it finished), then
            each message, then the generation prompt. Never re-encodes anything before.
    parse:  completion tokens to an assistant message with calls; malformed calls come back with `ToolCall.error` set.
    write:  text the model is made to begin its answer with, as tokens int32[k] (`Reply.prefix`).
    inside: messages shown within an assistant message that has not ended (`Reply.open`), followed by nothing: the model
            goes on in the same message.
    They check every placeholder count and raise ValueError naming image, size and numbers. `banned` are ids that may
    never be sampled (media placeholders); `stop` are ids that end a message.
    """

    banned: tuple[int, ...]
    stop: tuple[int, ...]
    notes: tuple[str, ...]

    def encode(self, messages: Sequence[Message], tools: Sequence[Tool], store: Any) -> tuple[Rendered, ...]: ...

    def extend(self, messages: Sequence[Message], store: Any, *, finish: Finish = "stop") -> tuple[Rendered, ...]: ...

    def write(self, text: str) -> np.ndarray: ...

    def inside(self, messages: Sequence[Message], store: Any) -> tuple[Rendered, ...]: ...

    def parse(self, tokens: np.ndarray, *, finish: Finish = "stop") -> Message: ...

    def decode(self, tokens: np.ndarray) -> str: ...
