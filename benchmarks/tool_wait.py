"""Case 5: sixteen rollouts with one call each of a tool that takes 0.2 s.

The peer carries the calls out one sample after the other, for its asynchronous functions overlap only within one sample;
ours wait together, while others are still being sampled. The wait is the time in which tools are at work and nothing is
sampled, so that waiting behind somebody else's sampling costs nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import arena, peer, told
from benchmarks.side import Side, Stopwatch

LATENCY_S = 0.2
WORDS = [[8 + (5 * n) % 9, 8 + (7 * n) % 9] for n in range(told.ATTEMPTS)]
CASE = arena.Case(number="5", title="16 rollouts, one call each of a tool that takes 0.2 s",
                  goals={"wait": 10.0, "end_to_end": 2.1},
                  note="limit of end to end: the peer, had it waited once; ours also keeps keys and values from turn to "
                       "turn, which that limit does not count")


def prepare(folder: Path) -> None:
    told.prepare(folder)


def limits(folder: Path, middle: arena.Medians) -> dict[str, float]:
    theirs = middle["theirs"]
    return {"end_to_end": theirs["end_to_end"] / (theirs["end_to_end"] - theirs["wait"] + LATENCY_S)}


def measured(play: Callable[[], object], tool: Stopwatch, sampling: Stopwatch) -> dict[str, float]:
    for each in (tool, sampling):
        each.reset()
    began = time.perf_counter()
    play()
    return {"end_to_end": time.perf_counter() - began, "wait": max(tool.without(sampling), 1e-3)}


def ours(folder: Path) -> Side:
    from saccade.core.run import PolicySpec
    from saccade.core.tool import tool
    from saccade.engines.local import LocalEngine
    from saccade.engines.local_batch import Decoder
    from saccade.media import open_store
    from saccade.models.policy import load_policy

    policy = load_policy(PolicySpec(model=str(folder / "model"), dtype="float32"))
    script = told.script(folder, num_turns=2, words=WORDS)
    waiting, sampling = Stopwatch(), Stopwatch()
    Decoder.admit, Decoder.step = sampling.around(Decoder.admit), sampling.around(Decoder.step)

    @tool
    async def look_up(key: str) -> str:
        """Look something up.

        Args:
            key: what to look up
        """
        with waiting():
            await asyncio.sleep(LATENCY_S)
        return told.answer(key, 8)

    def play() -> list:
        return told.our_rollout(policy, LocalEngine(policy, open_store(), deterministic=False), script, look_up, 2)

    return Side(run=lambda: measured(play, waiting, sampling), outcome=lambda: told.our_tokens(play()))


def theirs(folder: Path) -> Side:
    script = told.script(folder, num_turns=2, words=WORDS)
    waiting, sampling = Stopwatch(), Stopwatch()

    # without the annotation of what it returns, which the peer would write into the prompt and we do not
    async def look_up(key: str):
        """Look something up.

        Args:
            key: what to look up
        """
        with waiting():
            await asyncio.sleep(LATENCY_S)
        return told.answer(key, 8)

    trainer, about = peer.trainer(folder / "model", group=told.ATTEMPTS, num_generations=told.GROUP, tools=[look_up],
                                  max_completion_length=1024)
    told.make_them_write(trainer, script)
    trainer._generate_single_turn = sampling.around(trainer._generate_single_turn)

    def run() -> dict[str, float]:
        found = measured(lambda: told.their_rollout(trainer, script), waiting, sampling)
        assert found["wait"] > 0.98 * told.ATTEMPTS * LATENCY_S, f"the peer waits for one sample after the other: {found}"
        return found

    return Side(run=run, facts=about, outcome=lambda: told.their_tokens(told.their_rollout(trainer, script)))


if __name__ == "__main__":
    sys.exit(arena.main("benchmarks.tool_wait"))
