"""What a running loop holds: folder, store, policy, learner, engine; opened, and put back where a checkpoint left them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from saccade.core.record import keep_reading
from saccade.core.run import Run
from saccade.core.seed import seed_of
from saccade.data.prints import data_hash
from saccade.engines.local import local
from saccade.learn import checkpoint, contamination
from saccade.learn.ahead import Ahead
from saccade.learn.checkpoint import State
from saccade.learn.contamination import Contamination
from saccade.learn.folder import RunFolder, open_folder
from saccade.learn.learner import Learner
from saccade.learn.log import Names
from saccade.learn.pending import NOTHING, Pending
from saccade.learn.progress import Progress, progress_bar
from saccade.learn.ranks import joined
from saccade.learn.trackers import close_all, open_tracker
from saccade.media import open_store
from saccade.models.export import quiet
from saccade.models.policy import Policy, load_policy

Opener = Callable[..., AbstractContextManager[Any]]
"""(policy, store, *, folder, deterministic) -> an engine for as long as the block runs. It says whether it is
`deterministic` (the same run samples the same again, killed or not), and can `forget` what a resumed run would not have."""


@dataclass(slots=True, kw_only=True)
class Job:
    """What a running loop holds."""

    run: Run
    folder: RunFolder
    learner: Learner
    engine: Any
    state: State
    bar: Progress
    ahead: Ahead
    contamination: Contamination
    names: Names
    began: float
    resumed: bool


@contextmanager
def opened(
    run: Run, folder: str | Path, *, resume: bool, progress: bool, names: Names, contaminated: contamination.Policy,
    track: Sequence[str] = (), engine: Opener = local, mixed: bool = False, recompute: bool = False,
) -> Iterator[Job]:
    """Open folder, store, policy, learner and engine, and put everything back where a checkpoint left it."""
    began = time.perf_counter()
    ranks = joined()
    place = open_folder(folder, run, resume=resume) if ranks.first else RunFolder(path=Path(folder), writes=False)
    ranks.wait()
    trackers = tuple(open_tracker(name, run.name, place.path) for name in track) if ranks.first else ()
    place = replace(place, trackers=trackers)
    if ranks.first:
        place.write("data.json", {"train": data_hash(run.data), **{each.name: data_hash(each.data) for each in run.evals}})
    store = open_store(place.media)
    policy = fresh_policy(run, device=ranks.device(run.policy.device), dtype="float32" if mixed else run.policy.dtype)
    if ranks.first:
        keep_reading(policy.folder, place.path)
    deterministic = policy.device.type == "cpu" if run.deterministic is None else run.deterministic
    needs = {need for weighted in run.objective for need in weighted.term.needs}
    learner = Learner(
        policy, store, run.optim, reference="reference" in needs, micro_tokens=run.schedule.micro_tokens, ranks=ranks,
        mixed=mixed, recompute=recompute,
    )
    if run.schedule.stale and ranks.sharded:
        raise ValueError("schedule.stale needs a copy of the weights to sample from while they learn, and there is none of "
                         "weights that are cut over processes; use schedule.stale 0, or one process without torchrun")
    told: list[str] = []
    found = checkpoint.resume_latest(learner, place.checkpoints, told.append) if resume else None
    state = found or State()
    if found is not None and run.select is not None:
        run.select.restore(state.selector)
    place.truncate(state.update if found is not None else -1)
    total = run.schedule.updates
    with (
        reproducible(deterministic),
        progress_bar(run.name, total, done=state.update, enabled=progress, heard=ranks.first) as bar,
        ExitStack() as stack,
    ):
        for note in (*policy.notes, *told):
            bar.say(f"note: {note}")
        stack.callback(close_all, trackers)
        made = stack.enter_context(engine(policy, store, folder=place.path, deterministic=deterministic))
        kept = place.pending / str(ranks.rank) if ranks.size > 1 else place.pending
        pending = NOTHING if made.deterministic else Pending(kept)
        ahead = Ahead(run=run, learner=learner, engine=made, bar=bar, pending=pending)
        stack.callback(ahead.close)
        yield Job(
            run=run, folder=place, learner=learner, engine=made, state=state, bar=bar, names=names, began=began,
            resumed=found is not None, ahead=ahead,
            contamination=contamination.watch(run.evals, store, policy=contaminated),
        )


def fresh_policy(run: Run, *, device: str | None = None, dtype: Any = None) -> Policy:
    """The policy a run starts from, the same in every process: adapters are drawn from the run's seed."""
    spec = replace(run.policy, device=device or run.policy.device, dtype=dtype or run.policy.dtype)
    with torch.random.fork_rng(devices=[]), quiet():
        torch.manual_seed(seed_of(run.seed, "weights"))
        return load_policy(spec)


@contextmanager
def reproducible(wanted: bool) -> Iterator[None]:
    """Ask torch for deterministic kernels while the block runs."""
    before, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(wanted or before, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warns)
