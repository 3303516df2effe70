"""Case 5: sixteen rollouts with one call each of a tool that takes 0.2 s.

The peer carries the calls out one sample after the other, for its asynchronous functions overlap only within one sample;
ours wait together, while others are still being sampled. The wait is what a rollout takes more than with a tool that
answers at once.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from benchmarks import arena, peer, told
from benchmarks.side import Side

LATENCY_S = 0.2
WORDS = [[8 + (5 * n) % 9, 8 + (7 * n) % 9] for n in range(told.ATTEMPTS)]
CASE = arena.Case(number="5", title="16 rollouts, one call each of a tool that takes 0.2 s",
                  goals={"wait": 10.0, "end_to_end": 2.1})


def prepare(folder: Path) -> None:
    told.prepare(folder)


def limits(folder: Path, middle: arena.Medians) -> dict[str, float]:
    theirs = middle["theirs"]
    return {"wait": float(told.ATTEMPTS),
            "end_to_end": theirs["end_to_end"] / (theirs["end_to_end"] - theirs["wait"] + LATENCY_S)}


def both(once: object) -> dict[str, float]:
    slow, quick = once(LATENCY_S), once(0.0)  # type: ignore[operator]
    return {"end_to_end": slow, "wait": max(slow - quick, 1e-3)}


def ours(folder: Path) -> Side:
    from saccade.core.run import PolicySpec
    from saccade.core.tool import tool
    from saccade.engines.local import LocalEngine
    from saccade.media import open_store
    from saccade.models.policy import load_policy

    policy = load_policy(PolicySpec(model=str(folder / "model"), dtype="float32"))
    script = told.script(folder, num_turns=2, words=WORDS)
    latency = [0.0]

    @tool
    async def look_up(key: str) -> str:
        """Look something up.

        Args:
            key: what to look up
        """
        await asyncio.sleep(latency[0])
        return told.answer(key, 8)

    def play() -> list:
        return told.our_rollout(policy, LocalEngine(policy, open_store(), deterministic=False), script, look_up, 2)

    def once(seconds: float) -> float:
        latency[0] = seconds
        began = time.perf_counter()
        play()
        return time.perf_counter() - began

    return Side(run=lambda: both(once), outcome=lambda: told.our_tokens(play()))


def theirs(folder: Path) -> Side:
    script = told.script(folder, num_turns=2, words=WORDS)
    latency = [0.0]

    # without the annotation of what it returns, which the peer would write into the prompt and we do not
    async def look_up(key: str):
        """Look something up.

        Args:
            key: what to look up
        """
        await asyncio.sleep(latency[0])
        return told.answer(key, 8)

    trainer, about = peer.trainer(folder / "model", group=told.ATTEMPTS, num_generations=told.GROUP, tools=[look_up],
                                  max_completion_length=1024)
    told.make_them_write(trainer, script)

    def once(seconds: float) -> float:
        latency[0] = seconds
        began = time.perf_counter()
        told.their_rollout(trainer, script)
        return time.perf_counter() - began

    def run() -> dict[str, float]:
        found = both(once)
        assert found["wait"] > 0.9 * told.ATTEMPTS * LATENCY_S, f"the peer waits for one sample after the other: {found}"
        return found

    return Side(run=run, facts=about, outcome=lambda: told.their_tokens(told.their_rollout(trainer, script)))


if __name__ == "__main__":
    sys.exit(arena.main("benchmarks.tool_wait"))
