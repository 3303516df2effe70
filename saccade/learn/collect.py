"""From samples to rows: roll out, ask follow-ups, reward, admit, probe, credit.

Everything a method chooses is a value of the run; here is only the order in which the choices act.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from saccade.core.order import ENDLESS, shuffled
from saccade.core.reward import evaluate
from saccade.core.run import Run
from saccade.core.sample import Sample
from saccade.core.seed import seed_of
from saccade.core.trajectory import Group, Trajectory
from saccade.learn.follow_up import follow_up
from saccade.learn.labels import labelled
from saccade.learn.learner import Learner
from saccade.learn.log import rollout_metrics
from saccade.learn.pending import NOTHING, Pending
from saccade.learn.progress import Progress
from saccade.learn.rows import Row, group_rows, trajectory_rows, with_extra
from saccade.learn.split import part_of, together
from saccade.rollout.pool import rollout, run_sync


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows of one batch of rollouts (or of labels), the groups they came from, and what was measured on the way."""

    rows: tuple[Row, ...]
    groups: tuple[Group, ...]
    admitted: tuple[Group, ...]
    metrics: dict[str, float]


def samples_for(run: Run, batch: int, bar: Progress) -> list[Sample]:
    """The samples of batch 0, 1, ... A row that cannot be made is left out with a message; the run goes on.

    Raises ValueError when no row of the batch can be made.
    """
    try:
        size = len(run.data)
    except TypeError:
        size = ENDLESS
    if size == 0:
        raise ValueError(f"run {run.name!r}: the data has no rows")
    propose = run.select.propose if run.select is not None else shuffled
    out: list[Sample] = []
    trouble = ""
    for index in propose(run.schedule.prompts, size, batch, run.seed):
        try:
            out.append(run.data[index])
        except (ValueError, OSError) as error:
            trouble = f"row {index}: {error}"
            bar.say(f"left out: {trouble}")
    if not out:
        raise ValueError(f"run {run.name!r}: none of the {run.schedule.prompts} rows of this batch can be read; {trouble}")
    return out


def attempted(
    run: Run, samples: Sequence[Sample], learner: Learner, engine: Any, *, update: int, progress: float, bar: Progress
) -> Batch:
    """Roll the samples out and turn the groups into credited rows."""
    mine = part_of(learner.ranks, samples)
    found = run_sync(explored(run, mine, learner, engine, update=update, progress=progress, bar=bar))
    return learnable(run, samples, found, learner, progress=progress, bar=bar)


async def explored(
    run: Run, samples: Sequence[Sample], learner: Learner, engine: Any, *, update: int, progress: float, bar: Progress,
    pending: Pending = NOTHING,
) -> list[Group]:
    """Roll the samples out, add what experts say, ask follow-ups: all that has to be waited for."""
    policy, store = learner.policy, learner.store
    seed = seed_of(run.seed, "rollout", update)
    planned = len(samples) * (getattr(run.explore, "n", 0) or 1)
    known = pending.known(update, seed)
    done = len(known)

    def finished(trajectory: Trajectory) -> None:
        nonlocal done
        done += 1
        pending.add(update, trajectory)
        bar.show(f"rolling out {done} of {max(planned, done)} attempts")

    with bar.stage("rollout", f"rolling out {planned} attempts"):
        found = await rollout(
            samples, run.episode, store=store, engine=engine, renderer=policy.renderer, tools=run.tools,
            clients=run.others, limits=run.limits, sampling=run.policy.sampling, explore=run.explore, seed=seed,
            progress=progress, finished=finished, stalled=bar.say, known=known,
        )
    if store.trouble is not None:  # a full disk: attempts that lack a picture are no smaller batch to learn from
        raise store.trouble
    found = [joined(group, run, learner) for group in found] if run.experts else found
    if run.follow_ups:
        with bar.stage("follow_ups", "asking follow-ups"):
            found = await follow_up(
                found, run.follow_ups, engine=engine, renderer=policy.renderer, store=store, clients=run.others, seed=seed
            )
    return found


def learnable(
    run: Run, samples: Sequence[Sample], found: Sequence[Group], learner: Learner, *, progress: float, bar: Progress
) -> Batch:
    """Reward what was found, put it together with what other processes found at their samples, select and credit."""
    with bar.stage("rewards", "scoring"):
        groups = [evaluate(group, run.rewards, progress=progress, total=run.total) for group in found]
    groups = together(learner.ranks, samples, groups)
    metrics = rollout_metrics(groups)
    admitted = groups
    if run.select is not None:
        run.select.observe(groups)
        admitted = list(run.select.admit(groups))
        metrics["frac_groups_admitted"] = len(admitted) / max(len(groups), 1)
        metrics |= {f"select/{name}": value for name, value in run.select.metrics().items()}
    rows = credited(run, admitted, learner, bar)
    return Batch(rows=tuple(rows), groups=tuple(groups), admitted=tuple(admitted), metrics=metrics)


def joined(group: Group, run: Run, learner: Learner) -> Group:
    """The group with an answer of every expert that has one for its sample.

    Raises ValueError naming the sample where it cannot be rendered.
    """
    sample, shown = group.sample, []
    for expert in run.experts:
        text = expert.write(sample)
        if text is not None:
            made = labelled(replace(sample, target=text), learner.policy.renderer, learner.store, tools=run.tools)
            shown.append(replace(made, sample=sample, origin=expert.origin, attempt=len(group.trajectories) + len(shown),
                                 version=learner.policy.version))
    return replace(group, trajectories=(*group.trajectories, *shown))


def credited(run: Run, groups: Sequence[Group], learner: Learner, bar: Progress) -> list[Row]:
    """Probes, then credit, then rows with everything the objective's terms need."""
    if run.credit is None:
        raise ValueError(f"run {run.name!r} learns from rewards but has no credit; set credit=credit.group_mean()")
    if run.probes:
        with bar.stage("probes", "probing"):
            groups = probed(groups, run, learner)
    with bar.stage("rows", "making rows"):
        rows = group_rows(groups, run.credit(groups))
    return completed(run, rows, learner, bar)


def completed(run: Run, rows: list[Row], learner: Learner, bar: Progress) -> list[Row]:
    """Add the reference's and the learner's log-probabilities where a term needs them, and the learner's where no sampler
    gave any."""
    needs = {need for weighted in run.objective for need in weighted.term.needs}
    if rows and "reference" in needs:
        with bar.stage("reference", "asking the reference policy"):
            values = learner.reference(rows)
            rows = [with_extra(row, "reference", each) for row, each in zip(rows, values, strict=True)]
    if rows and "own" in needs and run.schedule.passes > 1:  # in a single pass the learner is still the one that came
        with bar.stage("own", "asking the learner"):
            values = learner.own(rows)
            rows = [with_extra(row, "own", each) for row, each in zip(rows, values, strict=True)]
    unknown = [index for index, row in enumerate(rows) if not row.known]
    if unknown and run.mode == "rl":
        for index, each in zip(unknown, learner.own([rows[index] for index in unknown]), strict=True):
            rows[index] = replace(rows[index], old_logp_S=each)
    return rows


def probed(groups: Sequence[Group], run: Run, learner: Learner) -> list[Group]:
    """Run the probes over all attempts that count and store what they return beside them."""
    flat = [group.trajectories[index] for group in groups for index in group.members]
    for probe in run.probes:
        found = list(probe.run(flat, learner))
        if len(found) != len(flat):
            raise ValueError(f"probe {probe.name!r} returned {len(found)} results for {len(flat)} attempts")
        flat = [
            replace(each, aux={**each.aux, f"probe/{probe.name}": dict(values)})
            for each, values in zip(flat, found, strict=True)
        ]
    rest = iter(flat)
    return [
        replace(
            group,
            trajectories=tuple(
                next(rest) if index in set(group.members) else each for index, each in enumerate(group.trajectories)
            ),
        )
        for group in groups
    ]


def supervised(run: Run, samples: Sequence[Sample], learner: Learner, bar: Progress) -> Batch:
    """Rows from labels: targets and assistant turns of the data. One that cannot be rendered is left out with a message."""
    taught: list[Trajectory] = []
    trouble = ""
    with bar.stage("rows", "rendering labels"):
        for sample in samples:
            try:
                taught.append(labelled(sample, learner.policy.renderer, learner.store, tools=run.tools))
            except ValueError as error:
                trouble = str(error)
                bar.say(f"left out: {trouble}")
        if not taught:
            raise ValueError(f"run {run.name!r}: no row of this batch can be learned from; {trouble}")
        rows = [row for number, each in enumerate(taught) for row in trajectory_rows(each, None, group=number)]
    return Batch(
        rows=tuple(completed(run, rows, learner, bar)),
        groups=(),
        admitted=(),
        metrics={"num_samples": float(len(taught)), "frac_left_out": 1 - len(taught) / len(samples)},
    )

