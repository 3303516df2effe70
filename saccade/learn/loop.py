"""Train: propose, roll out, reward, select, credit, update, log, evaluate, save. Read it from top to bottom.

The loop knows no method. What is proposed, explored, rewarded, credited and minimised are values of the run; a
supervised run differs only in where its rows come from. Whatever is drawn is drawn from names, so a run that was killed
and resumed writes the same numbers as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade.core.record import plain
from saccade.core.run import Run
from saccade.core.sample import Sample
from saccade.core.seed import seed_of
from saccade.core.trajectory import Trajectory
from saccade.data.rows import skipped
from saccade.engines.local import local
from saccade.learn import checkpoint, contamination
from saccade.learn.blind import BlindError, check_blind, check_record
from saccade.learn.checkpoint import State
from saccade.learn.collect import Batch, learnable, samples_for, supervised
from saccade.learn.folder import room
from saccade.learn.heard import Heard, told
from saccade.learn.log import Names, named, num_tokens
from saccade.learn.measure import first_error, measure
from saccade.learn.opening import Job, Opener, fresh_policy, opened
from saccade.learn.progress import Progress
from saccade.learn.rate import rate
from saccade.learn.update import update
from saccade.models.export import write_model
from saccade.testing.attacks import attack

SKIPS = 5
"""Updates in a row without a finite gradient after which a run ends: what it would go on with can only be the same."""

ATTACKED = 4
"""Rows on which degenerate answers are tried against the rewards before training starts."""

__all__ = ["BlindError", "train"]


def train(
    run: Run,
    folder: str | Path,
    *,
    resume: bool = False,
    progress: bool = True,
    names: Names = "trl",
    contaminated: contamination.Policy = "warn",
    keep: int = 2,
    export: bool = True,
    until: Callable[[Mapping[str, float]], bool] | None = None,
    track: Sequence[str] = (),
    mixed: bool = False,
    recompute: bool = False,
    engine: Opener = local,
) -> dict[str, Any]:
    """Train a run to its end in a folder of its own and return its summary (also in ``summary.json``).

    resume:       go on from the last checkpoint of this folder; without one, start over in it
    names:        names of the metrics: TRL's, or with verl's beside them
    contaminated: what to do when an evaluation image is among the training images: ``warn``, ``raise``, ``ignore``
    keep:         checkpoints kept beside the best one
    export:       write the best (else the last) weights as a complete checkpoint to ``<folder>/model``
    track:        other places for the metrics: ``trackio``, ``wandb``
    until:        asked after every update with its metrics; true ends the run
    engine:       what opens the engine that samples (`saccade.engines`)
    mixed:        compute in bfloat16, keep weights and moments in float32; needs processes that `torchrun` started
    recompute:    keep no activations inside the layers: less memory, about a third more time

    Started by `torchrun`, all processes call this alike: they learn as one (`learn.ranks`), and the first one writes.

    Raises ValueError for settings that cannot work, BlindError when the policy does not see what it should, RuntimeError
    when not one attempt of a batch succeeds or no update has a finite gradient, OSError when the disk is full.
    """
    check(run)
    with (
        room(Path(folder)),
        opened(
            run, folder, resume=resume, progress=progress, names=names, contaminated=contaminated, track=track,
            engine=engine, mixed=mixed, recompute=recompute,
        ) as job,
    ):
        state, schedule = job.state, run.schedule
        if not job.resumed:
            first_look(job, keep=keep)
        stopped = ""
        while state.update < schedule.updates and not (stopped := reason_to_stop(job, until)):
            job.bar.start()
            started, before = time.perf_counter(), state.update
            batch = gathered(job)
            state.num_tokens += num_tokens(batch.groups) or sum(row.size for row in batch.rows)
            state.num_sampled += sum(each.num_sampled for group in batch.groups for each in group.trajectories)
            heard = Heard()
            metrics = {**batch.metrics, **checked(job, batch), **updated(job, batch, heard)}
            job.folder.keep(before + 1, told(batch.groups, batch.rows, heard))
            improved = False
            if due(schedule.eval_every, before, state.update) or (schedule.eval_every and state.update == schedule.updates):
                found = evaluated(job)
                improved = noted(state, found)
                metrics |= found
            metrics |= {"num_tokens": float(state.num_tokens), "num_sampled": float(state.num_sampled)}
            metrics |= {"step_time": time.perf_counter() - started}
            metrics |= {f"time/{name}": seconds for name, seconds in job.bar.seconds.items()}
            state.latest = logged(job, metrics)
            if improved or due(schedule.save_every, before, state.update) or state.update >= schedule.updates:
                saved(job, keep=keep)
        if stopped and not checkpoint.exists(job.folder.checkpoints, state.update):
            saved(job, keep=keep)
        return finished(job, stopped, export=export)


def check(run: Run) -> None:
    """Raise ValueError for a run that cannot train, saying what to set."""
    if not run.objective:
        usual = "clip" if run.mode == "rl" else "sft"
        raise ValueError(f"run {run.name!r} has no objective; set objective=(objectives.{usual}(),)")
    if run.mode == "rl" and run.credit is None:
        raise ValueError(f"run {run.name!r} has no credit; set credit=credit.group_mean()")
    if run.mode == "rl" and not run.rewards:
        raise ValueError(f"run {run.name!r} has no rewards; set rewards=(rewards.answer_match(),)")
    if run.schedule.updates < 1 or run.schedule.prompts < 1 or run.schedule.passes < 1:
        raise ValueError(f"run {run.name!r}: schedule.updates, prompts and passes must be at least 1")
    if run.schedule.stale < 0:
        raise ValueError(f"run {run.name!r}: schedule.stale must be at least 0, not {run.schedule.stale}")


def first_look(job: Job, *, keep: int) -> None:
    """Before the first update: compare the data with the evaluations, try degenerate answers on the rewards, and measure
    and keep where the policy starts."""
    rows = contamination.ahead(job.run.data, job.run.seed)
    tell_contamination(job, rows)
    for finding in attack(job.run.rewards, rows[:ATTACKED]) if job.run.mode == "rl" else ():
        job.bar.say(f"reward check: {finding}")
    if job.run.schedule.eval_every and job.run.evals:
        found = evaluated(job)
        noted(job.state, found)
        job.state.started = found
        job.folder.log({"update": 0, **named(found, job.names)})
        saved(job, keep=keep)


def tell_contamination(job: Job, samples: Any) -> None:
    message = job.contamination.check(samples, job.learner.store)
    if message:
        job.bar.say(f"contamination: {message}")


def gathered(job: Job) -> Batch:
    """Rows to learn from, by rollouts or from labels."""
    run, state = job.run, job.state
    if run.mode == "sft":
        return supervised(run, drawn(job, state.update), job.learner, job.bar)
    for number in job.ahead.due(state.update):
        job.ahead.begin(drawn(job, number), number)
    samples, found, waited = job.ahead.take(state.update)
    batch = learnable(run, samples, found, job.learner, progress=state.update / run.schedule.updates, bar=job.bar)
    batch = replace(batch, metrics={**batch.metrics, **waited})
    attempts = [each for group in batch.groups for each in group.trajectories]
    if any(each.stop.failed for each in attempts):
        check_record(job.learner, attempts, tools=run.tools)  # a picture may be why
        tell_failures(attempts, job.bar)
    return batch


def drawn(job: Job, update: int) -> list[Sample]:
    """The samples that an update will learn from."""
    samples = samples_for(job.run, update // job.run.schedule.passes, job.bar)
    tell_contamination(job, samples)
    return samples


def tell_failures(attempts: Sequence[Trajectory], bar: Progress) -> None:
    """Say how many attempts failed on our side, and why the first did. Raises RuntimeError when all of them did."""
    failed = [each for each in attempts if each.stop.failed]
    if len(failed) == len(attempts):
        raise RuntimeError(f"all {len(attempts)} attempts failed on our side; the first:\n{first_error(failed)}")
    why = first_error(failed).splitlines()[-1]
    bar.say(f"{len(failed)} of {len(attempts)} attempts failed on our side; the first: {why}")


def checked(job: Job, batch: Batch) -> dict[str, float]:
    """The blind checks, where they are due. Raises BlindError."""
    every, done = job.run.schedule.blind_every, job.state.update
    if not batch.rows or not (done == 0 or due(every, done, done + job.run.schedule.passes)):
        return {}
    with job.bar.stage("blind", "checking that the policy sees"):
        attempts = [each for group in batch.groups for each in group.trajectories]
        return check_blind(
            job.learner, batch.rows, attempts, tools=job.run.tools, seed=seed_of(job.run.seed, "blind", done),
            stale=job.run.schedule.stale > 0,
        )


def updated(job: Job, batch: Batch, heard: Heard) -> dict[str, float]:
    """As many updates as a batch gives; the metrics of the last one (all but the last are logged on their own)."""
    run, state = job.run, job.state
    passes = min(run.schedule.passes, run.schedule.updates - state.update)
    metrics: dict[str, float] = {}
    for number in range(passes):
        if number:
            logged(job, metrics)
        with job.bar.stage("update", f"learning from {len(batch.rows)} rows"):
            metrics = update(
                job.learner,
                batch.rows,
                run.objective,
                lr=rate(run.optim, state.update, run.schedule.updates),
                clip=run.optim.clip,
                micro_tokens=run.schedule.micro_tokens,
                progress=state.update / run.schedule.updates,
                seed=seed_of(run.seed, "update", state.update),
                heard=None if number else heard,
            )
        if number:  # the sampler's weights are behind by now, on purpose
            metrics = {name: value for name, value in metrics.items() if not name.startswith("mismatch")}
        state.update += 1
        if not batch.rows:
            job.bar.say(f"update {state.update}: nothing to learn from (no group was admitted or credited)")
        elif metrics["skipped"]:
            job.bar.say(f"update {state.update} skipped: its gradient is not finite (loss {metrics['loss']:g})")
            count_skip(job)
        else:
            state.skipped_in_a_row = 0
        metrics = {**metrics, "num_skipped": float(state.skipped)}
    return metrics


def count_skip(job: Job) -> None:
    """Raises RuntimeError when there is no sense in going on."""
    state = job.state
    state.skipped, state.skipped_in_a_row = state.skipped + 1, state.skipped_in_a_row + 1
    if state.skipped_in_a_row >= SKIPS:
        raise RuntimeError(
            f"{SKIPS} updates in a row, the last of them {state.update}, had a gradient that is not finite; the weights are "
            f"as they were before. Lower optim.lr (now {job.run.optim.lr:g}), look at the loss terms in metrics.jsonl, "
            "or take policy.dtype float32"
        )


def evaluated(job: Job) -> dict[str, float]:
    out: dict[str, float] = {}
    for benchmark in job.run.evals:
        with job.bar.stage("eval", f"evaluating {benchmark.name}"):
            found = measure(
                benchmark, job.run, engine=job.engine, renderer=job.learner.policy.renderer, store=job.learner.store,
                ranks=job.learner.ranks,
            )
        out |= {f"eval/{benchmark.name}/{key}": value for key, value in found.items()}
    return out


def noted(state: State, found: dict[str, float]) -> bool:
    """Keep the best value of the first benchmark; whether this one is it."""
    value = next((value for key, value in found.items() if key.endswith("/accuracy")), None)
    if value is None:
        return False
    if state.best is None or value > state.best:
        state.best, state.best_update, state.waited = value, state.update, 0
        return True
    state.waited += 1
    return False


def reason_to_stop(job: Job, until: Callable[[Mapping[str, float]], bool] | None) -> str:
    """In words; empty to go on. Clocks differ, so the first of several processes decides."""
    return job.learner.ranks.told(own_reason(job, until))


def own_reason(job: Job, until: Callable[[Mapping[str, float]], bool] | None) -> str:
    schedule, state = job.run.schedule, job.state
    if until is not None and state.latest and until(state.latest):
        return "the condition of the stage holds"
    if schedule.patience and state.waited >= schedule.patience:
        return f"no improvement in {state.waited} evaluations (best {state.best:.4g} at update {state.best_update})"
    if schedule.seconds and time.perf_counter() - job.began > schedule.seconds:
        return f"{schedule.seconds:g} seconds are over"
    if schedule.tokens and state.num_sampled >= schedule.tokens:
        return f"{state.num_sampled} tokens were sampled, of {schedule.tokens}"
    return ""


def logged(job: Job, metrics: dict[str, float]) -> dict[str, float]:
    """Write one line of metrics and move the bar."""
    line = named(metrics, job.names)
    job.folder.log({"update": job.state.update, **line})
    shown = {"reward": line.get("reward"), "loss": line.get("loss"), "best": job.state.best}
    job.bar.advance(" · ".join(f"{name} {value:.3g}" for name, value in shown.items() if value is not None))
    return line


def saved(job: Job, *, keep: int) -> None:
    """Write a checkpoint and drop the caches that a resumed run would not have."""
    with job.bar.stage("save", "saving"):
        if job.run.select is not None:
            job.state.selector = job.run.select.state()
        checkpoint.save(job.learner, job.state, job.folder.checkpoints, keep=keep)
        job.ahead.pending.forget(checkpoint.update_of(checkpoint.saved(job.folder.checkpoints)[-keep:][0]))
        job.engine.forget()


def finished(job: Job, stopped: str, *, export: bool) -> dict[str, Any]:
    """Write the summary, and the model."""
    state = job.state
    if export:
        with job.bar.stage("export", "writing the model"):
            exported(job)
    summary = {
        "name": job.run.name,
        "updates": state.update,
        "stopped": stopped or "all updates are done",
        "seconds": time.perf_counter() - job.began,
        "num_tokens": state.num_tokens,
        "num_sampled": state.num_sampled,
        "best": None if state.best is None else {"update": state.best_update, "value": state.best},
        "before": state.started,
        "after": {key: value for key, value in state.latest.items() if key.startswith("eval/")},
        "last": state.latest,
        "contamination": {"shared": len(job.contamination.met), "held_out": len(job.contamination.held_out)},
        "notes": [*job.learner.policy.notes, *skipped(job.run.data)],
    }
    job.folder.write("summary.json", plain(summary))
    job.ahead.pending.forget(state.update)
    return summary


def exported(job: Job) -> None:
    """Write the best weights, else the last, as a model. Slices are read into a whole one by the first process alone."""
    learner, best = job.learner, checkpoint.best_of(job.folder.checkpoints)
    if learner.ranks.first:
        policy, parameters = learner.policy, learner.parameters
        if learner.shards is not None:
            kept = str(next(iter(parameters.values())).dtype).removeprefix("torch.")
            policy = fresh_policy(job.run, device="cpu", dtype=kept)
            parameters = {name: each for name, each in policy.model.named_parameters() if each.requires_grad}
        if best is not None:
            checkpoint.check(best)
            checkpoint.load_weights(parameters, best)
        write_model(policy, job.folder.path / "model")
    learner.ranks.wait()


def due(every: int, before: int, after: int) -> bool:
    """Whether a multiple of `every` lies in (before, after]."""
    return every > 0 and after // every > before // every
