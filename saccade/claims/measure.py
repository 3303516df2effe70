"""One arm on one seed: train it (or not), then evaluate it on its held-out items. A killed arm goes on where it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade.core.run import Run


def measure(run: Run, folder: Path, *, progress: bool = True) -> dict[str, Any]:
    """Plain figures of an arm: `accuracy` with `ci95` and `n`, `calls_per_item`, every other score by name, what it cost.

    A run of 0 updates is not trained: that is the start. Raises ValueError for a run without an evaluation, and for a folder
    that holds another run.
    """
    if not run.evals:
        raise ValueError(f"{run.name}: has no evals, so there is nothing to measure it by")
    from saccade.evals.run import evaluate

    trained: dict[str, Any] = {}
    player = run
    if run.schedule.updates > 0:
        trained = train_once(run, folder / "train", progress=progress)
        player = replace(run, policy=replace(run.policy, model=str(folder / "train" / "model")))
    report = evaluate(player, run.evals, folder / "eval", seed=run.seed, progress=progress)
    first = report.results[0]
    return {
        "accuracy": first.accuracy.value,
        "ci95": [first.accuracy.low, first.accuracy.high],
        "n": first.accuracy.n,
        "calls_per_item": first.calls_per_item,
        **{name: each.value for name, each in first.scores.items()},
        "failed": first.num_failed,
        "updates": trained.get("updates", 0),
        "sampled_tokens": trained.get("num_sampled", 0),
        "train_seconds": round(trained.get("seconds", 0.0), 1),
    }


def train_once(run: Run, folder: Path, *, progress: bool) -> dict[str, Any]:
    """Train, or read the summary of a training that is finished."""
    from saccade.learn.loop import train

    done = folder / "summary.json"
    if done.is_file() and (folder / "model" / "config.json").is_file():
        return json.loads(done.read_text(encoding="utf-8"))
    return train(run, folder, resume=folder.exists(), progress=progress)
