"""Play an environment of somebody else's: it shows something, the model says what it does, until one of them is over.

What the environment pays is recorded in the steps (`Step.scores["environment"]`, the last payment in the step of the model's
last message) and `rewards.environment_return` adds it up. `saccade.neighbours` opens Gymnasium and OpenEnv environments in
this form; anything with the three methods of `Environment` will do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from saccade.core.episode import Context, End, episode, show
from saccade.core.message import Message, Part, user
from saccade.core.sample import Sample
from saccade.core.trajectory import Stop

PAID = "environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What an environment answers. reward: for the last move; over: nothing can be done any more."""

    content: tuple[str | Part, ...]
    reward: float = 0.0
    over: bool = False


class Environment(Protocol):
    """Called in a thread, one call at a time. `say` never raises for what a model wrote: it answers what is wrong."""

    def begin(self, seed: int) -> Turn: ...

    def say(self, text: str) -> Turn: ...

    def close(self) -> None: ...


@episode
async def environment(
    sample: Sample, context: Context, *, open: Callable[[Sample, Context], Environment] | None = None,
    max_steps: int | None = None,
):
    """Begin at a seed drawn for the attempt, and go on until the environment is over.

    open:      gives the environment of one attempt (``gymnasium("CartPole-v1", ...)``); None is the sample itself,
               which pays 1 for its target and is over
    max_steps: messages the model may write (None: `Limits.steps`); the sample's prompt is shown before the first turn
    """
    made = await asyncio.to_thread((open or Question), sample, context)
    try:
        turn = await asyncio.to_thread(made.begin, int(context.rng.integers(2**31)))
        message: Message = yield show(*opening(sample.prompt, turn.content))
        written = 1
        while True:
            turn = await asyncio.to_thread(made.say, message.text)
            paid = {PAID: float(turn.reward)}
            if turn.over:
                raise End(Stop.DONE, scores=paid)
            if max_steps is not None and written >= max_steps:
                raise End(Stop.MAX_STEPS, scores=paid)
            message = yield show(*(turn.content or ("Go on.",)), scores=paid)
            written += 1
    finally:
        await asyncio.to_thread(made.close)


def opening(prompt: Sequence[Message], content: Sequence[str | Part]) -> tuple[Message, ...]:
    """The sample's prompt with what the environment shows at the end of its last message, for some templates want turns."""
    if not content:
        return tuple(prompt)
    if not prompt or prompt[-1].role != "user":
        return (*prompt, user(*content))
    return (*prompt[:-1], user(*prompt[-1].parts, *(f"\n{each}" if isinstance(each, str) else each for each in content)))


@dataclass(frozen=True, slots=True)
class Question:
    """A sample as an environment of one move."""

    sample: Sample
    context: Context

    def begin(self, seed: int) -> Turn:
        return Turn(content=())

    def say(self, text: str) -> Turn:
        right = self.sample.target is not None and str(self.sample.target) in text
        return Turn(content=(), reward=float(right), over=True)

    def close(self) -> None: ...


EXAMPLES = [
    (["<answer>4</answer>"], "done"),
    (["no idea"], "done"),
]
