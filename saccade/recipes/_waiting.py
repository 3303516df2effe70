"""How long a batch of attempts waits for its tools under two schedules, on a clock that counts waiting and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import numpy as np

import saccade as sc
from saccade.core.engine import Completion, Prompt
from saccade.media import open_store
from saccade.models.tabular import END, Words
from saccade.rollout.pool import rollout
from saccade.rollout.virtual import run_virtually

ATTEMPTS, BATCHES = 64, 4
MESSAGE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Batches of attempts under a schedule, and how much faster than waiting for one another they end.

    turns: calls of an attempt, one a message; spread: of the latencies' logarithm, 0 makes them alike
    together: every turn ends for all attempts when the slowest tool has answered
    """

    name: str
    seed: int
    turns: int
    spread: float
    together: bool

    def measure(self) -> dict[str, float]:
        """speed_up: seconds of the batches that wait for one another, over seconds of these. excluded: share of failures."""
        waited = [self.batch(number, together=True)[0] for number in range(BATCHES)]
        taken = [self.batch(number, together=self.together) for number in range(BATCHES)]
        return {"speed_up": sum(waited) / sum(each for each, _ in taken), "seconds": sum(each for each, _ in taken),
                "seconds_together": sum(waited), "excluded": sum(each for _, each in taken) / BATCHES}

    def batch(self, number: int, *, together: bool) -> tuple[float, float]:
        """Seconds of waiting until the last attempt has ended, and the share of attempts that failed."""

        @sc.tool(name="look", timeout_s=600.0)
        async def look(turn: int, context: sc.Context) -> str:
            """Answer after a while.

            Args:
                turn: counted from 0
            """
            luck = sc.generator("latency", self.seed, number, context.sample.id, turn).normal()
            await asyncio.sleep(float(np.exp(self.spread * luck)))
            return "seen"

        samples = [sc.Sample(id=str(each), prompt=(sc.user("look"),), target="") for each in range(ATTEMPTS)]

        async def made() -> Any:
            meet = asyncio.Barrier(ATTEMPTS) if together else None
            return await rollout(
                samples, turn_by_turn(turns=self.turns, meet=meet), store=open_store(), engine=Paced(), tools=(look,),
                renderer=Words(["go"]), seed=self.seed,
                limits=sc.Limits(steps=self.turns + 1, tool_s=600.0, seconds=86400.0),
            )

        groups, seconds = run_virtually(made())
        return seconds, sum(each.stop.failed for group in groups for each in group.trajectories) / ATTEMPTS


@sc.episode
async def turn_by_turn(sample: sc.Sample, context: sc.Context, *, turns: int, meet: asyncio.Barrier | None):
    """A message, a call, a message, ...; with `meet`, all attempts get their results at once."""
    yield sc.show(sample.prompt, tools=context.tools)
    for turn in range(turns):
        result = await context.call(sc.ToolCall(name="look", arguments={"turn": turn}))
        if meet is not None:
            await meet.wait()
        yield sc.show(result)


@dataclass(slots=True)
class Paced:
    """An engine whose every message takes as long."""

    version: int = 0

    async def generate(self, prompt: Prompt, sampling: sc.Sampling) -> Completion:
        await asyncio.sleep(MESSAGE_S)
        return Completion(tokens=np.array([1, END], np.int32), logp=np.zeros(2, np.float32), finish="stop")
