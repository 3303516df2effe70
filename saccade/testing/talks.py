"""Conversations of several turns with images, sampled by an engine: what equality tests of models and engines run on.

Every talk asks about an image, gets the model's words, shows a second image as the result of a tool, gets more words, and
shows a third: three sampled turns in one token sequence, with lengths and image sizes that differ from talk to talk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image as PILImage

from saccade.core.engine import EMPTY_PROMPT, Completion, Prompt, Rendered, Sampling
from saccade.core.message import Image, Message, tool_result, user
from saccade.core.seed import generator, seed_of
from saccade.core.store import MediaStore

WORDS = ("Look.", "What is the number in the picture?", "Answer with one word, then look at the image again. " * 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A finished talk: the whole sequence, marks of its sampled tokens (bool[T]), the sampler's float32[S], and what each
    turn was asked, with which sampling, and answered."""

    prompt: Prompt
    sampled: np.ndarray
    logp: np.ndarray
    turns: tuple[tuple[Prompt, Sampling, Completion], ...]


def picture(store: MediaStore, *names: object, size: tuple[int, int] = (64, 48)) -> Image:
    """Random pixels, a function of the names."""
    pixels = generator("picture", *names).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return store.put(PILImage.fromarray(pixels), source="input")


def append(prompt: Prompt, rendered: Sequence[Rendered]) -> Prompt:
    for each in rendered:
        prompt = prompt.extend(each.tokens, each.media)
    return prompt


async def talk(engine: Any, renderer: Any, store: MediaStore, number: int, *, temperature: float = 1.0) -> Talk:
    """Play talk `number`; equal numbers show equal images and use equal seeds."""
    with getattr(engine, "session", nullcontext)():
        prompt, marks, logps, turns = EMPTY_PROMPT, [], [], []
        for turn in range(3):
            shown = picture(store, number, turn, size=(48 + 16 * ((number + turn) % 4), 40 + 24 * (number % 3)))
            said: Message = (tool_result if turn else user)(shown, WORDS[(number + turn) % 3])
            prompt = append(prompt, renderer.extend([said], store) if turn else renderer.encode([said], (), store))
            seed = seed_of("talk", number, turn)
            sampling = Sampling(seed=seed, max_tokens=4 + 3 * ((number + turn) % 3), temperature=temperature)
            completion = await engine.generate(prompt, sampling)
            assert completion.logp is not None
            turns.append((prompt, sampling, completion))
            marks += range(len(prompt.tokens), len(prompt.tokens) + len(completion.tokens))
            prompt = prompt.extend(completion.tokens)
            logps.append(completion.logp)
        sampled = np.zeros(len(prompt.tokens), dtype=bool)
        sampled[marks] = True
        return Talk(prompt=prompt, sampled=sampled, logp=np.concatenate(logps), turns=tuple(turns))


def talks(engine: Any, renderer: Any, store: MediaStore, numbers: Sequence[int], **options: Any) -> list[Talk]:
    """Play several talks at once."""

    async def all_of_them() -> list[Talk]:
        return list(await asyncio.gather(*(talk(engine, renderer, store, number, **options) for number in numbers)))

    return asyncio.run(all_of_them())
