"""Train a tabular policy and measure it: the order of the loop, without checkpoints, pictures and a progress bar.

Samples, rollouts, rewards, selection, credit, rows and the update are the functions the loop itself calls, so what a claim
says about them at this scale it says of the code every run uses. Seconds a run; nothing is resumed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from saccade.core.reward import evaluate
from saccade.core.run import Benchmark, Run, Stage
from saccade.core.seed import seed_of
from saccade.core.trajectory import Group
from saccade.learn.collect import Batch, attempted, samples_for, supervised
from saccade.learn.learner import Learner
from saccade.learn.loop import check
from saccade.learn.progress import Progress, progress_bar
from saccade.learn.rate import rate
from saccade.learn.update import update
from saccade.media import open_store
from saccade.models.tabular import TabularEngine, TabularPolicy, tabular
from saccade.rewards.answer_match import answer_match
from saccade.rollout.pool import run_rollouts

EARLY = 30
"""Updates at the beginning of which metrics are also averaged apart."""


def play(stages: Sequence[Stage]) -> dict[str, Any]:
    """Train the stages one after the other on one table and measure it with the evaluations of the last.

    Returns ``accuracy``, ``n``, every reward of the evaluation and ``length`` (words an answer) as means, ``updates``,
    ``num_sampled``, ``seconds``, and over training ``mean/<metric>`` and ``early/<metric>``.
    Raises ValueError for settings that cannot work.
    """
    began = time.perf_counter()
    policy = tabular(stages[0].run.policy)
    history: list[dict[str, float]] = []
    sampled = 0
    for stage in stages:
        if stage.run.schedule.updates:
            sampled += trained(stage, policy, history)
    last = stages[-1].run
    found = measured(last, last.evals[0], policy)
    return {
        **found, "updates": len(history), "num_sampled": sampled, "seconds": time.perf_counter() - began,
        **means("mean", history), **means("early", history[:EARLY]),
    }


def trained(stage: Stage, policy: TabularPolicy, history: list[dict[str, float]]) -> int:
    """One stage; appends the metrics of every update and returns how many tokens were sampled.

    Versions count from 0 in every stage, as they do where a stage loads the weights the last one left: what fades or is
    drawn by version (hints, trust) means the updates of its own stage.
    """
    run = stage.run
    with progress_bar(run.name, run.schedule.updates, start="learning") as bar:
        return taught(run, stage, policy, history, bar)


def taught(run: Run, stage: Stage, policy: TabularPolicy, history: list[dict[str, float]], bar: Progress) -> int:
    """The updates of a stage, each told to the bar."""
    sampled = 0
    check(run)
    policy.version = 0
    needs = {need for weighted in run.objective for need in weighted.term.needs}
    learner = Learner(policy, open_store(), run.optim, reference="reference" in needs)  # type: ignore[arg-type]
    engine, schedule = TabularEngine(policy=policy), run.schedule
    done = 0
    while done < schedule.updates and not (schedule.tokens and sampled >= schedule.tokens):
        samples = samples_for(run, done // schedule.passes, bar)
        share = done / schedule.updates
        batch: Batch = (
            supervised(run, samples, learner, bar) if run.mode == "sft"
            else attempted(run, samples, learner, engine, update=done, progress=share, bar=bar)
        )
        sampled += sum(each.num_sampled for group in batch.groups for each in group.trajectories)
        for _ in range(min(schedule.passes, schedule.updates - done)):
            metrics = {**batch.metrics, **update(
                learner, batch.rows, run.objective, lr=rate(run.optim, done, schedule.updates), clip=run.optim.clip,
                progress=share, seed=seed_of(run.seed, "update", done),
            )}
            done += 1
            history.append(metrics)
            bar.advance(f"reward {metrics['reward']:.3g}" if "reward" in metrics else "")
        if stage.until is not None and stage.until(metrics):
            break
    return sampled


def measured(run: Run, benchmark: Benchmark, policy: TabularPolicy) -> dict[str, float]:
    """Means over the benchmark's items: ``accuracy`` (its metric, by default answers compared leniently), rewards,
    length."""
    rewards = run.rewards if benchmark.rewards is None else benchmark.rewards
    scored = {each.name: each for each in (answer_match(strict=True, name="strict"), answer_match(name="lenient"), *rewards)}
    metric = benchmark.metric or "lenient"
    if metric not in scored:
        raise ValueError(f"benchmark {benchmark.name!r}: no metric {metric!r}; there are {', '.join(scored)}")
    groups: list[Group] = [evaluate(group, tuple(scored.values())) for group in run_rollouts(
        [benchmark.data[index] for index in range(len(benchmark.data))], benchmark.episode or run.episode,
        store=open_store(), engine=TabularEngine(policy=policy), renderer=policy.renderer, tools=run.tools,
        limits=run.limits, sampling=benchmark.sampling, seed=seed_of(run.seed, "eval", benchmark.name), progress=1.0,
    )]
    attempts = [group.trajectories[0] for group in groups]
    names = sorted({name for each in attempts for name in each.rewards})
    values = {name: [score.value for each in attempts if (score := each.rewards.get(name)) and score.value is not None]
              for name in names}
    means_of = {name: float(np.mean(found)) for name, found in values.items() if found}
    return {**means_of, "accuracy": means_of[metric], "n": float(len(attempts)),
            "length": float(np.mean([each.num_sampled for each in attempts]))}


def means(prefix: str, history: Sequence[dict[str, float]]) -> dict[str, float]:
    names = sorted({name for line in history for name in line if not name.startswith("time/")})
    return {f"{prefix}/{name}": float(np.nanmean([line.get(name, np.nan) for line in history])) for name in names
            if any(np.isfinite(line.get(name, np.nan)) for line in history)}


def exactly(policy: TabularPolicy, text: str) -> np.ndarray:
    """float64[V]: the distribution of the first word after a question, for closed forms."""
    shown = policy.renderer.shown[f"user: {text}"]
    with torch.no_grad():
        return policy.model.logits_KV[policy.row([shown])].double().softmax(0).numpy()
