"""A renderer of bytes and an engine that replays texts: a whole policy without a model, for tests of what stands above.

Prompts are readable, every token is one byte, a picture takes one placeholder for every 32 x 32 pixels, and calls are
written in the Hermes form. Log-probabilities are drawn from the request's own seed.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from saccade.core.engine import Completion, Finish, MediaSpan, Prompt, Rendered, Sampling
from saccade.core.message import Image, Message, Text, ToolCall
from saccade.core.tool import Tool

START, END, PAD = 256, 257, 258
CALL = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)


class ByteRenderer:
    """A `Renderer`: UTF-8 bytes and three special tokens."""

    banned, stop, notes = (PAD,), (END,), ()

    def encode(self, messages: Sequence[Message], tools: Sequence[Tool], store: Any) -> tuple[Rendered, ...]:
        return self._pieces(messages, store, before=[START, *"".join(f"[tool {each.name}]" for each in tools).encode()])

    def extend(self, messages: Sequence[Message], store: Any, *, finish: Finish = "stop") -> tuple[Rendered, ...]:
        return self._pieces(messages, store, before=[] if finish == "stop" else [END])

    def inside(self, messages: Sequence[Message], store: Any) -> tuple[Rendered, ...]:
        return self._pieces(messages, store, before=[], closed=False)

    def write(self, text: str) -> np.ndarray:
        return np.asarray(list(text.encode()), np.int32)

    def parse(self, tokens: np.ndarray, *, finish: Finish = "stop") -> Message:
        text = self.decode(tokens)
        calls = tuple(read_call(found.group(1)) for found in CALL.finditer(text))
        said = CALL.sub("", text)
        return Message(role="assistant", parts=(Text(text=said),) if said else (), calls=calls)

    def decode(self, tokens: np.ndarray) -> str:
        return bytes(int(token) for token in tokens if token < 256).decode(errors="replace")

    def _pieces(
        self, messages: Sequence[Message], store: Any, *, before: list[int], closed: bool = True
    ) -> tuple[Rendered, ...]:
        made = []
        for place, message in enumerate(messages):
            tokens = [*(before if place == 0 else []), *f"{message.role}:".encode()]
            scaffold, spans = len(tokens), []
            for part in message.parts:
                if isinstance(part, Image):
                    width, height = store.size(part.ref)
                    length = max(1, width * height // 1024)
                    spans.append(MediaSpan(ref=part.ref, start=len(tokens), length=length, inputs={"size": [width, height]}))
                    tokens += [PAD] * length
                else:
                    tokens += list(part.text.encode())
            end = [END, *(b"assistant:" if place == len(messages) - 1 else b"")] if closed else []
            body = [index >= scaffold for index in range(len(tokens))] + [False] * len(end)
            tokens = np.asarray([*tokens, *end], np.int32)
            made.append(Rendered(tokens=tokens, body=np.asarray(body, bool), media=tuple(spans)))
        return tuple(made)


def read_call(text: str) -> ToolCall:
    try:
        data = json.loads(text)
        return ToolCall(name=data["name"], arguments=data["arguments"])  # as unchecked as a careless dialect
    except (ValueError, KeyError, TypeError) as error:
        return ToolCall(name="", error=f"the call could not be read: {error}")


@dataclass(slots=True, kw_only=True)
class Replay:
    """An `Engine` that says `texts` turn by turn (the last one for ever), or what `say(prompt, turn)` returns.

    `seen` logs every prompt; `delay_s(prompt)` makes an answer late.
    """

    texts: Sequence[str] = ()
    say: Callable[[Prompt, int], str] | None = None
    version: int = 0
    delay_s: Callable[[Prompt], float] = lambda prompt: 0.0
    seen: list[tuple[Prompt, Sampling]] = field(default_factory=list)

    async def generate(self, prompt: Prompt, sampling: Sampling) -> Completion:
        self.seen.append((prompt, sampling))
        asked = (prompt.tokens[:-1] == END) & (prompt.tokens[1:] == ord("a"))  # the beginning of "assistant:"
        turn = int(asked.sum()) - 1
        text = self.say(prompt, turn) if self.say else self.texts[min(turn, len(self.texts) - 1)]
        await asyncio.sleep(self.delay_s(prompt))
        tokens = [*text.encode(), END]
        cut = len(tokens) > sampling.max_tokens
        tokens = np.asarray(tokens[: sampling.max_tokens], np.int32)
        logp = -np.random.default_rng(sampling.seed).random(len(tokens)).astype(np.float32)
        return Completion(tokens=tokens, logp=logp, finish="length" if cut else "stop", version=self.version)
