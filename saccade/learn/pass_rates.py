"""How often the policy solves each sample, measured before training: what data is split, filtered or ordered by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from saccade.core.engine import Engine, Renderer
from saccade.core.message import assistant
from saccade.core.reward import evaluate
from saccade.core.run import Independent, Run
from saccade.core.sample import Rows, Sample
from saccade.core.store import MediaStore
from saccade.core.trajectory import Group
from saccade.rollout.pool import run_rollouts
from saccade.select._pass_rate import pass_rate


def measured(
    run: Run, indices: Sequence[int], *, engine: Engine, renderer: Renderer, store: MediaStore, n: int = 8
) -> list[Group]:
    """`n` attempts at each of these rows of the run's data, rewarded, in their order."""
    groups = run_rollouts(
        [run.data[index] for index in indices], run.episode, store=store, engine=engine, renderer=renderer, tools=run.tools,
        clients=run.others, limits=run.limits, sampling=run.policy.sampling, explore=Independent(n=n), seed=run.seed,
    )
    return [evaluate(group, run.rewards, total=run.total) for group in groups]


def pass_rates(indices: Sequence[int], groups: Sequence[Group], *, passed: float = 0.5) -> dict[int, float]:
    """Pass rate by index; rows of which every attempt failed on our side are left out."""
    rates = {index: pass_rate(group, passed=passed) for index, group in zip(indices, groups, strict=True)}
    return {index: rate for index, rate in rates.items() if rate is not None}


def kept(groups: Sequence[Group], *, least: float, per: int = 1) -> Rows:
    """Rejection sampling: up to `per` best attempts of each group that earned at least `least`, as rows to imitate.

    Shorter answers first among equals. Rows hold the question and the answer; attempts of several turns are left out.
    """
    rows: list[Sample] = []
    for group in groups:
        if group.total is None:
            raise ValueError(f"group {group.sample.id}: rewards are not computed yet")
        good = [(-float(group.total[index]), group.trajectories[index].num_sampled, index) for index in group.members
                if group.total[index] >= least and len(group.trajectories[index].steps) == len(group.sample.prompt) + 1]
        for number, (_, _, index) in enumerate(sorted(good)[:per]):
            answer = group.trajectories[index].answer
            rows.append(replace(group.sample, id=f"{group.sample.id}/kept{number}",
                                prompt=(*group.sample.prompt, assistant(answer))))
    return Rows(rows=rows)
