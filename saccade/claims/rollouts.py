"""Sample attempts over a source and keep them: for looking at, for filtering, for distilling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade.core.record import keep_reading, read_lines, write_lines
from saccade.core.reward import evaluate
from saccade.core.run import Independent, Run
from saccade.core.store import MediaStore
from saccade.core.trajectory import Trajectory

CHUNK = 64
"""Samples whose attempts are in memory at once."""


def roll_out(
    player: Any,
    run: Run,
    folder: Path,
    *,
    store: MediaStore,
    attempts: int,
    limit: int = 0,
    temperature: float | None = None,
    seed: int = 0,
    advance: Callable[[int, int], None] = lambda more, total: None,
) -> dict[str, Any]:
    """Write ``trajectories.jsonl`` below `folder`, pictures to the store; samples that are there are not asked again.

    player: what `evaluate` takes; run: episode, tools, limits, rewards and data. `advance` is told how many
    more of how many samples are done. Returns counts and means. Raises ValueError for fewer than one attempt.
    """
    from saccade.evals.player import open_player
    from saccade.rollout.pool import run_rollouts

    if attempts < 1:
        raise ValueError(f"--attempts is at least 1, not {attempts}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "trajectories.jsonl"
    known = {line["sample"]["id"] for line in read_lines(path)} if path.is_file() else set()
    opened = open_player(player, store)
    if opened.folder is not None:
        keep_reading(opened.folder, folder)
    sampling = opened.sampling if temperature is None else replace(opened.sampling, temperature=temperature)
    size = min(len(run.data), limit or len(run.data))
    counts: dict[str, float] = {"samples": 0, "attempts": 0, "calls": 0, "failed": 0, "kept": 0}
    totals: dict[str, list[float]] = {}
    for start in range(0, size, CHUNK):
        samples = [run.data[index] for index in range(start, min(start + CHUNK, size))]
        fresh = [each for each in samples if each.id not in known]
        counts["kept"] += len(samples) - len(fresh)
        advance(len(samples) - len(fresh), size)
        counter = Counter()

        def finished(trajectory: Trajectory, counter: Counter[str] = counter) -> None:
            counter[trajectory.sample.id] += 1
            if counter[trajectory.sample.id] == attempts:
                advance(1, size)

        groups = (
            run_rollouts(
                fresh,
                run.episode,
                store=store,
                engine=opened.engine,
                renderer=opened.renderer,
                tools=run.tools,
                clients={**dict(run.others), **opened.clients},
                limits=run.limits,
                sampling=sampling,
                explore=Independent(n=attempts),
                seed=seed,
                finished=finished,
            )
            if fresh
            else []
        )
        for group in groups:
            group = evaluate(group, run.rewards)
            write_lines(path, group.trajectories)
            counts["samples"] += 1
            for each in group.trajectories:
                count(each, counts, totals)
    return {
        **{name: int(value) for name, value in counts.items()},
        "folder": str(folder),
        "rewards": {name: sum(values) / len(values) for name, values in totals.items()},
        "notes": list(opened.notes),
    }


def count(trajectory: Trajectory, counts: dict[str, float], totals: dict[str, list[float]]) -> None:
    counts["attempts"] += 1
    counts["calls"] += len(trajectory.events)
    counts["failed"] += trajectory.stop.failed
    for name, score in trajectory.rewards.items():
        if score.value is not None:
            totals.setdefault(name, []).append(score.value)
