"""One arm on one seed: train it (or not), then evaluate it on its held-out items. A killed arm goes on where it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade.core.run import Job, Run, Stage

EARLY = 30
"""Updates at the beginning of which metrics are also averaged apart."""

KEPT = ("reward", "rewards/", "frac_", "select/", "entropy", "completions/mean_length", "completions/clipped_ratio")
"""Beginnings of the names of training metrics whose means belong to an arm's figures."""


def measure(made: Run | tuple[Stage, ...] | Job, folder: Path, *, progress: bool = True) -> dict[str, Any]:
    """Plain figures of an arm: `accuracy` with `ci95` and `n`, `calls_per_item`, every other score by name, what it cost.

    A run may be stages, trained one after the other and measured as the last says; a tabular one is played in memory; a job
    measures itself. The
    first evaluation gives the plain names, the others theirs before them (``blind/accuracy``). With several attempts an item
    ``pass_at_<k>``. Metrics of the training come as means: ``mean/<name>`` and, of the first updates, ``early/<name>``. A
    run of 0 updates is not trained: that is the start. Raises ValueError for a run without an evaluation, and for a folder
    that holds another run.
    """
    if isinstance(made, Job):
        return dict(made.measure())
    stages = made if isinstance(made, tuple) else (Stage(name="run", run=made),)
    last = stages[-1].run
    if not last.evals:
        raise ValueError(f"{last.name}: has no evals, so there is nothing to measure it by")
    if last.policy.model.startswith("tabular:"):
        from saccade.learn.tabular import play

        return play(stages)
    learning = tuple(stage for stage in stages if stage.run.schedule.updates > 0)
    summaries, model = trained(learning, folder / "train", progress=progress)
    player = last if model is None else replace(last, policy=replace(last.policy, model=str(model)))
    return {
        **evaluated(player, folder, progress=progress),
        **averages(folder / "train"),
        "updates": sum(each.get("updates", 0) for each in summaries),
        "sampled_tokens": sum(each.get("num_sampled", 0) for each in summaries),
        "train_seconds": round(sum(each.get("seconds", 0.0) for each in summaries), 1),
    }


def trained(stages: tuple[Stage, ...], folder: Path, *, progress: bool) -> tuple[list[dict[str, Any]], Path | None]:
    """Summaries of the stages and the folder of the weights; what is finished is not trained again."""
    if not stages:
        return [], None
    if len(stages) == 1 and stages[0].until is None:
        return [train_once(stages[0].run, folder, progress=progress)], folder / "model"
    from saccade.claims.stages import train_stages

    summaries = train_stages(stages, folder, resume=folder.exists(), progress=progress)
    return summaries, folder / ("model" if len(stages) == 1 else f"{len(stages)}-{stages[-1].name}/model")


def evaluated(run: Run, folder: Path, *, progress: bool) -> dict[str, Any]:
    from saccade.evals.run import evaluate

    out: dict[str, Any] = {}
    for number, benchmark in enumerate(run.evals):
        place = folder / ("eval" if number == 0 else f"eval-{benchmark.name}")
        report = evaluate(run, benchmark, place, attempts=benchmark.attempts, seed=run.seed, progress=progress)
        found, before = report.results[0], "" if number == 0 else f"{benchmark.name}/"
        figures = {
            "accuracy": found.accuracy.value, "ci95": [found.accuracy.low, found.accuracy.high], "n": found.accuracy.n,
            "calls_per_item": found.calls_per_item, **{name: each.value for name, each in found.scores.items()},
            "failed": found.num_failed, **{f"pass_at_{k}": value for k, value in found.pass_at.items()},
        }
        out |= {f"{before}{name}": value for name, value in figures.items()}
    return out


def averages(folder: Path) -> dict[str, float]:
    """Means of the training metrics in a folder, of all updates and of the first ones, stages after each other."""
    lines = [json.loads(line) for path in sorted(folder.rglob("metrics.jsonl"))
             for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line.get("update", 0) > 0]
    out: dict[str, float] = {}
    for prefix, part in (("mean", lines), ("early", lines[:EARLY])):
        for name in sorted({name for line in part for name in line if name.startswith(KEPT)}):
            values = [line[name] for line in part if isinstance(line.get(name), (int, float))]
            if values:
                out[f"{prefix}/{name}"] = sum(values) / len(values)
    return out


def train_once(run: Run, folder: Path, *, progress: bool) -> dict[str, Any]:
    """Train, or read the summary of a training that is finished."""
    from saccade.learn.loop import train

    done = folder / "summary.json"
    if done.is_file() and (folder / "model" / "config.json").is_file():
        return json.loads(done.read_text(encoding="utf-8"))
    return train(run, folder, resume=folder.exists(), progress=progress)
