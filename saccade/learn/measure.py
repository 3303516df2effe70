"""Accuracy during training: the evaluation's items through the same renderer, engine, parser and tool loop as training.

This is the figure that picks the best checkpoint. Intervals, pairings and items on disk are `saccade.evals`' business.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from saccade.core.engine import Engine, Renderer
from saccade.core.reward import evaluate
from saccade.core.run import Benchmark, Run
from saccade.core.seed import seed_of
from saccade.core.store import MediaStore
from saccade.learn.ranks import ALONE, Ranks
from saccade.learn.split import part_of, together
from saccade.rewards.answer_match import answer_match
from saccade.rollout.pool import run_rollouts


def measure(benchmark: Benchmark, run: Run, *, engine: Engine, renderer: Renderer, store: MediaStore,
            ranks: Ranks = ALONE) -> dict[str, float]:
    """``accuracy`` (mean of the metric over items that did not fail on our side), ``n``, ``failed``, ``calls`` per item.

    The metric is ``lenient`` or ``strict`` (answers against the target) or the name of a reward, by default ``lenient``.
    Raises ValueError for an unknown metric, and, with the first error, when every item failed.
    """
    given = run.rewards if benchmark.rewards is None else benchmark.rewards
    answers = answer_match(strict=True, name="strict"), answer_match(name="lenient")
    scored_by = {each.name: each for each in (*answers, *given)}
    metric = benchmark.metric or "lenient"
    if metric not in scored_by:
        raise ValueError(f"benchmark {benchmark.name!r}: no metric {metric!r}; there are {', '.join(scored_by)}")
    items = [benchmark.data[index] for index in range(len(benchmark.data))]
    groups = run_rollouts(
        part_of(ranks, items),
        benchmark.episode or run.episode,
        store=store,
        engine=engine,
        renderer=renderer,
        tools=run.tools if benchmark.tools is None else benchmark.tools,
        clients=run.others,
        limits=benchmark.limits or run.limits,
        sampling=replace(
            run.policy.sampling, temperature=benchmark.sampling.temperature, top_p=benchmark.sampling.top_p,
            top_k=benchmark.sampling.top_k,
        ),
        seed=seed_of(run.seed, "eval", benchmark.name),
        progress=1.0,
    )
    scored = [evaluate(group, tuple(scored_by.values())) for group in groups]
    attempts = [group.trajectories[0] for group in together(ranks, items, scored)]
    counted = [each for each in attempts if not each.stop.failed]
    if not counted:
        raise ValueError(f"benchmark {benchmark.name!r}: every item failed; the first: {first_error(attempts)}")
    values = [score.value or 0.0 for each in counted if (score := each.rewards.get(metric)) is not None]
    return {
        "accuracy": sum(values) / len(counted),
        "n": float(len(counted)),
        "failed": float(len(attempts) - len(counted)),
        "calls": sum(len(each.events) for each in counted) / len(counted),
    }


def first_error(attempts: Any) -> str:
    return next((each.error for each in attempts if each.error), "no reason was recorded")
