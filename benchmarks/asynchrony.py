"""Rollouts beside learning against taking turns: time end to end, and what is learned.

    python -m benchmarks.asynchrony [--updates 60] [--stale 1] [--seeds 1 2 3] [--quick] [--out FILE]

The run is that of `make demo` on glimpse. Its model is small, so that both sides are mostly waits, as with a server and an
accelerator: every attempt waits for a time drawn from a log-normal distribution (sigma 1), and every update is drawn out to
`--learn` seconds. The mean of the waits is such that generation and learning of a batch take equally long (a batch waits for
its last attempt, about ten times the mean). What is computed is computed on top, and counts. Evaluations do not count.

Two limits are printed beside the ratio: what any overlap could reach, (generation + learning) / the longer of them, and what
the schedule allows with exactly the times that were measured in turns, a batch never begun more than `--stale` ahead.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from saccade.core.episode import Episode
from saccade.core.record import read_lines
from saccade.core.run import Run
from saccade.core.seed import generator

GOAL = 1.7
CALIBRATION = 4


def delayed(episode: Episode, mean_s: float) -> Episode:
    """The episode, begun after a wait drawn for this very attempt: log-normal, sigma 1, of this mean."""

    async def slow(sample: Any, context: Any) -> Any:
        rng = generator("wait", sample.id, context.attempt)
        await asyncio.sleep(mean_s * float(np.exp(rng.standard_normal() - 0.5)))
        inner, message = episode(sample, context), None
        try:
            while True:
                message = yield await inner.asend(message)
        except StopAsyncIteration:
            return
        finally:
            await inner.aclose()

    return slow


def longest(attempts: int) -> float:
    """The mean over batches of the longest of so many waits, where the mean wait is 1."""
    draws = generator("asynchrony").standard_normal((4000, attempts))
    return float(np.exp(draws.max(axis=1) - 0.5).mean())


def measured(run: Run, folder: Path, learn_s: float) -> dict[str, Any]:
    """Train and time it, updates drawn out to `learn_s`."""
    from saccade.learn import loop

    plain = loop.update

    def slow(*args: Any, **settings: Any) -> dict[str, float]:
        began = time.perf_counter()
        found = plain(*args, **settings)
        time.sleep(max(0.0, learn_s - (time.perf_counter() - began)))
        return found

    loop.update = slow
    try:
        summary = loop.train(run, folder, progress=False, export=False)
    finally:
        loop.update = plain
    lines = [line for line in read_lines(folder / "metrics.jsonl") if line["update"]]
    rest = [line["step_time"] - line.get("time/eval", 0.0) for line in lines]
    waits = [line.get("time/wait", line["time/rollout"]) for line in lines]
    found = next((value for key, value in summary["after"].items() if key.endswith("/accuracy")), None)
    items = next((value for key, value in summary["after"].items() if key.endswith("/n")), 0.0)
    return {
        "seconds": sum(rest), "generation": [line["time/rollout"] for line in lines],
        "learning": [all_s - wait for all_s, wait in zip(rest, waits, strict=True)], "accuracy": found, "n": items,
        **{key: statistics.fmean(line.get(key, 0.0) for line in lines) for key in ("stale/mean", "mismatch/kl", "mismatch")},
    }


def by_schedule(generation: Sequence[float], learning: Sequence[float], stale: int) -> float:
    """Seconds of a run whose batches are begun `stale` batches ahead, as soon as the weights they wait for are there."""
    ended = [0.0]
    for batch, (made, learned) in enumerate(zip(generation, learning, strict=True)):
        begun = ended[max(batch - stale, 0)]
        ended.append(max(ended[-1], begun + made) + learned)
    return ended[-1]


def compared(seed: int, *, updates: int, stale: int, learn_s: float, quick: bool, folder: Path) -> dict[str, Any]:
    from saccade import objectives
    from saccade.evals.stats import wilson
    from saccade.recipes import deepeyes

    run = deepeyes.miniature("conditional", seed)
    run = replace(run, schedule=replace(run.schedule, updates=updates, tokens=0, eval_every=updates, blind_every=0))
    run = replace(run, evals=tuple(replace(each, episode=run.episode) for each in run.evals))
    if quick:
        run = replace(run, schedule=replace(run.schedule, prompts=2), evals=())
    trial = replace(run, evals=(), schedule=replace(run.schedule, updates=CALIBRATION, eval_every=0))
    computed = measured(trial, folder / "calibration", 0.0)
    made_s, learned_s = (statistics.median(computed[name][1:]) for name in ("generation", "learning"))
    learn_s = max(learn_s, 2 * (made_s + learned_s))
    attempts = run.schedule.prompts * run.explore.n  # type: ignore[attr-defined]
    mean_s = (learn_s - made_s) / longest(attempts)
    run = replace(run, episode=delayed(run.episode, mean_s))
    turns = measured(run, folder / "turns", learn_s)
    first, *rest = run.objective
    ahead = replace(run, objective=(objectives.corrected(first), *rest), schedule=replace(run.schedule, stale=stale))
    beside = measured(ahead, folder / "ahead", learn_s)
    made, learned = sum(turns["generation"]), sum(turns["learning"])
    out: dict[str, Any] = {
        "seed": seed, "ratio": turns["seconds"] / beside["seconds"], "limit": (made + learned) / max(made, learned),
        "limit_of_schedule": (made + learned) / by_schedule(turns["generation"], turns["learning"], stale),
        "generation_s": made / updates, "learning_s": learned / updates, "mean_wait_s": mean_s,
        "computed_s": [made_s, learned_s],
    }
    for name, found in (("turns", turns), ("ahead", beside)):
        low, high = wilson((found["accuracy"] or 0.0) * found["n"], found["n"])
        kept = {key: found[key] for key in ("seconds", "accuracy", "n", "stale/mean", "mismatch/kl")}
        out[name] = {**kept, "ci95": [low, high]}
    out["same_accuracy"] = out["turns"]["ci95"][0] <= out["ahead"]["ci95"][1] and (
        out["ahead"]["ci95"][0] <= out["turns"]["ci95"][1]
    )
    return out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.asynchrony", description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--stale", type=int, default=1)
    parser.add_argument("--learn", type=float, default=4.0, help="seconds an update is drawn out to, at least")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--quick", action="store_true", help="two questions an update and no evaluation: does it run?")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    found = []
    for seed in given.seeds:
        with tempfile.TemporaryDirectory(prefix="saccade-asynchrony-") as folder:
            found.append(compared(seed, updates=given.updates, stale=given.stale, learn_s=given.learn, quick=given.quick,
                                  folder=Path(folder)))
        each = found[-1]
        print(f"seed {seed}: {each['ratio']:.2f}x (goal {GOAL}x, limit {each['limit']:.2f}x, of the schedule "
              f"{each['limit_of_schedule']:.2f}x); accuracy in turns {each['turns']['accuracy']} {each['turns']['ci95']}, "
              f"ahead {each['ahead']['accuracy']} {each['ahead']['ci95']}", flush=True)
    text = json.dumps({"goal": GOAL, "updates": given.updates, "stale": given.stale, "seeds": found}, indent=1)
    print(text)
    if given.out:
        given.out.write_text(text + "\n", encoding="utf-8")
    return 0 if all(each["ratio"] >= GOAL and each["same_accuracy"] for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
