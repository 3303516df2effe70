"""Clients that know the truth, and clients that know it with a stated error rate.

A judge or a teacher in an experiment costs money and errs at an unknown rate. These stand in for one: `oracle` answers
with what a function of the conversation says; `noisy_oracle` replaces that by a wrong answer with a probability that
is part of the experiment. Which conversations go wrong follows from the conversation and the seed, not from the order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from saccade.core.engine import Sampling
from saccade.core.message import Image, Message, Text, assistant
from saccade.core.seed import generator
from saccade.core.tool import Tool

Truth = Callable[[Sequence[Message]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracle:
    """`truth` answers a conversation; with probability `error` one of `wrong` is said instead (never the true one)."""

    truth: Truth
    error: float = 0.0
    wrong: tuple[str, ...] = ()
    seed: int = 0
    name: str = "oracle"

    async def reply(self, messages: Sequence[Message], tools: Sequence[Tool], sampling: Sampling) -> Message:
        right = self.truth(messages)
        rng = generator("oracle", self.seed, self.name, *(_key(message) for message in messages))
        other = [each for each in self.wrong if each != right]
        if rng.random() < self.error and other:
            return assistant(other[int(rng.integers(len(other)))])
        return assistant(right)


def _key(message: Message) -> str:
    parts = (part.text if isinstance(part, Text) else part.ref if isinstance(part, Image) else repr(part)
             for part in message.parts)
    return message.role + "\x1e" + "\x1e".join(parts)


def oracle(truth: Truth, *, name: str = "oracle") -> Oracle:
    """A client that is always right."""
    return Oracle(truth=truth, name=name)


def noisy_oracle(truth: Truth, *, error: float, wrong: Sequence[str], seed: int = 0, name: str = "noisy_oracle") -> Oracle:
    """A client that is wrong with probability `error`. Raises ValueError for a rate outside 0..1 or no wrong answers."""
    if not 0 <= error <= 1:
        raise ValueError(f"error is a probability between 0 and 1, not {error}")
    if len(set(wrong)) < 2:
        raise ValueError("a noisy oracle needs at least two different answers in `wrong`, so that one is not the true one")
    return Oracle(truth=truth, error=error, wrong=tuple(wrong), seed=seed, name=name)
