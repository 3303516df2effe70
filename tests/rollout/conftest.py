"""A renderer of bytes and an engine that replays texts: everything a rollout needs, without a model."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image as PILImage

from saccade.core import Completion, Image, MediaSpan, Message, Prompt, Rendered, Sample, Sampling, ToolCall, user
from saccade.media import open_store

START, END, PAD = 256, 257, 258


class ByteRenderer:
    """UTF-8 bytes, two control tokens, one placeholder for every 32 x 32 pixels."""

    banned, stop, notes = (PAD,), (END,), ()

    def encode(self, messages, tools, store):
        head = "".join(f"[tool {tool.name}]" for tool in tools)
        return self._pieces(messages, store, before=[START, *head.encode()])

    def extend(self, messages, store, *, finish="stop"):
        return self._pieces(messages, store, before=[] if finish == "stop" else [END])

    def inside(self, messages, store):
        return self._pieces(messages, store, before=[], closed=False)

    def write(self, text):
        return np.asarray(list(text.encode()), np.int32)

    def parse(self, tokens, *, finish="stop"):
        text = self.decode(tokens)
        calls = []
        for found in re.finditer(r"<tool_call>(.*?)</tool_call>", text, re.DOTALL):
            try:
                data = json.loads(found.group(1))
                calls.append(ToolCall(name=data["name"], arguments=data["arguments"]))
            except (ValueError, KeyError, TypeError) as error:
                calls.append(ToolCall(name="", error=f"the call could not be read: {error}"))
        text = re.sub(r"<tool_call>.*?</tool_call>", "", text, flags=re.DOTALL)
        return Message(role="assistant", parts=user(text).parts if text else (), calls=tuple(calls))

    def decode(self, tokens):
        return bytes(int(token) for token in tokens if token < 256).decode(errors="replace")

    def _pieces(self, messages, store, *, before, closed=True):
        out = []
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
            body = [index >= scaffold for index in range(len(tokens))]
            if closed:
                last = [END, *b"assistant:"] if place == len(messages) - 1 else [END]
                tokens, body = tokens + last, body + [False] * len(last)
            out.append(Rendered(tokens=np.asarray(tokens, np.int32), body=np.asarray(body), media=tuple(spans)))
        return tuple(out)


@dataclass
class Replay:
    """Answers with texts in turn, or with what a function of the prompt says; logs every prompt."""

    say: Sequence[str] | Callable[[Prompt, int], str]
    version: int = 3
    delay: Callable[[Prompt], float] = lambda prompt: 0.0
    seen: list[tuple[Prompt, Sampling]] = field(default_factory=list)
    turns: dict[int, int] = field(default_factory=dict)

    async def generate(self, prompt: Prompt, sampling: Sampling) -> Completion:
        self.seen.append((prompt, sampling))
        turn = int((prompt.tokens == END).sum()) // 2
        text = self.say(prompt, turn) if callable(self.say) else self.say[min(turn, len(self.say) - 1)]
        await asyncio.sleep(self.delay(prompt))
        tokens = [*text.encode(), END]
        cut = len(tokens) > sampling.max_tokens
        tokens = np.asarray(tokens[: sampling.max_tokens], np.int32)
        logp = -np.random.default_rng(sampling.seed % 2**32).random(len(tokens)).astype(np.float32)
        return Completion(tokens=tokens, logp=logp, finish="length" if cut else "stop", version=self.version)


def call(name: str, **arguments) -> str:
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments})}</tool_call>"


def picture(width: int = 256, height: int = 192, seed: int = 0) -> PILImage.Image:
    values = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    return PILImage.fromarray(values)


def question(text: str = "Which digit?", id: str = "s", pixels: PILImage.Image | None = None, **more) -> Sample:
    image = Image(ref=f"lazy:{id}", data=pixels or picture())
    return Sample(id=id, prompt=(user(image, text),), target="4", **more)


@pytest.fixture
def store():
    return open_store()


@pytest.fixture
def renderer():
    return ByteRenderer()
