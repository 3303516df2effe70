"""Evaluate: the prompts, parser, tool loop and limits of training, over held-out items, with every item on disk.

Each item is written when its attempts are done, so an evaluation that dies goes on where it was. Items that failed on
our side are tried again; finished ones never. Answers are scored strictly and leniently, always both.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade import episodes, rewards
from saccade.core.record import finite, keep_reading, write_lines
from saccade.core.reward import Reward
from saccade.core.reward import evaluate as scored
from saccade.core.run import Benchmark, Independent, Run, describe, digest
from saccade.core.sample import Sample
from saccade.core.seed import seed_of
from saccade.core.store import MediaStore
from saccade.core.trajectory import Group, Trajectory
from saccade.data.prints import data_hash
from saccade.data.rows import skipped
from saccade.evals.benchmarks import named
from saccade.evals.player import Player, open_player
from saccade.evals.report import ITEMS, Item, Report, Result, read_items, summarise
from saccade.learn.progress import progress_bar
from saccade.media import open_store
from saccade.rollout.pool import run_rollouts

CHUNK = 256
"""Samples that are in memory at once."""


def evaluate(
    policy: Any,
    benchmarks: Benchmark | str | Sequence[Benchmark | str],
    folder: str | Path,
    *,
    attempts: int = 1,
    limit: int = 0,
    seed: int = 0,
    temperature: float | None = None,
    progress: bool = True,
    resume: bool = True,
    store: MediaStore | None = None,
) -> Report:
    """Evaluate a policy (or the policy of a run, with its episode, tools, limits and rewards) and return the report.

    policy:      a run, a `PolicySpec`, a checkpoint or run folder, ``glimpse``, a client, or a `Player`
    benchmarks:  benchmarks, names of them, or a source by its text (``jsonl:held_out.jsonl``)
    folder:      gets ``<benchmark>/items.jsonl``, ``<benchmark>/trajectories.jsonl``, ``media/`` and ``report.json``
    attempts:    per item; more than one needs a temperature above 0 to differ, and gives pass@k
    limit:       at most so many items of each benchmark, 0 for all
    temperature: instead of the benchmark's own (0, greedy, by default)
    resume:      keep items that are there; False begins again

    Raises ValueError for a folder with results of other settings, naming what differs, and for unknown benchmarks.
    """
    began, folder = time.perf_counter(), Path(folder)
    chosen = [named(each) if isinstance(each, str) else each for each in
              ((benchmarks,) if isinstance(benchmarks, Benchmark | str) else benchmarks)]
    if len({each.name for each in chosen}) != len(chosen):
        raise ValueError(f"two benchmarks have one name: {[each.name for each in chosen]}")
    folder.mkdir(parents=True, exist_ok=True)
    store = store or open_store(folder / "media")
    player = open_player(policy, store)
    if player.folder is not None:
        keep_reading(player.folder, folder)
    run = policy if isinstance(policy, Run) else None
    results: list[Result] = []
    for each in chosen:
        each = completed(each, run, temperature)
        results.append(on_benchmark(
            player, each, folder / each.name, store=store, attempts=attempts, limit=limit, seed=seed, progress=progress,
            resume=resume,
        ))
    report = Report(policy=player.name, results=tuple(results), folder=folder, seconds=time.perf_counter() - began)
    (folder / "report.json").write_text(json.dumps(finite(report.plain()), indent=1) + "\n", encoding="utf-8")
    return report


def completed(benchmark: Benchmark, run: Run | None, temperature: float | None) -> Benchmark:
    """The benchmark with what it leaves open taken from the run, or from the plainest choice where there is none."""
    tools = benchmark.tools if benchmark.tools is not None else (run.tools if run else ())
    episode = benchmark.episode or (run.episode if run else episodes.tool_loop() if tools else episodes.single())
    given = benchmark.rewards if benchmark.rewards is not None else (run.rewards if run else ())
    sampling = benchmark.sampling if temperature is None else replace(benchmark.sampling, temperature=temperature)
    return replace(benchmark, tools=tuple(tools), episode=episode, rewards=tuple(given), sampling=sampling,
                   limits=benchmark.limits or (run.limits if run else None))


def on_benchmark(
    player: Player, benchmark: Benchmark, folder: Path, *, store: MediaStore, attempts: int = 1, limit: int = 0,
    seed: int = 0, progress: bool = True, resume: bool = True,
) -> Result:
    """Run one benchmark whose fields are complete into a folder of its own."""
    if attempts < 1:
        raise ValueError(f"attempts is {attempts}; at least 1 is needed")
    folder.mkdir(parents=True, exist_ok=True)
    parts = settings_of(player, benchmark, attempts, seed)
    known, settings = opened(folder, parts, resume=resume), digest(parts)
    done = {item.id for item in known if not item.failed}
    size = min(len(benchmark.data), limit or len(benchmark.data))
    all_rewards = scoring(benchmark)
    sampling = replace(player.sampling, temperature=benchmark.sampling.temperature, top_p=benchmark.sampling.top_p,
                       top_k=benchmark.sampling.top_k)
    gathered: dict[str, list[Trajectory]] = {}
    wanted: set[str] = set()
    kept: set[str] = set()

    with bar(benchmark.name, size, enabled=progress) as advance:
        def finished(trajectory: Trajectory) -> None:
            key = trajectory.sample.id
            gathered.setdefault(key, []).append(trajectory)
            if len(gathered[key]) == attempts:
                made = sorted(gathered.pop(key), key=lambda each: each.attempt)
                kept.add(key)
                keep(folder, benchmark, Group(sample=made[0].sample, trajectories=tuple(made)), all_rewards, store, settings)
                advance(1)

        for start in range(0, size, CHUNK):
            samples: list[Sample] = []
            for index in range(start, min(start + CHUNK, size)):
                sample = benchmark.data[index]
                if sample.id in wanted or sample.id in done:
                    advance(1)
                else:
                    samples.append(sample)
                wanted.add(sample.id)
            if samples:
                groups = run_rollouts(
                    samples, benchmark.episode, store=store, engine=player.engine, renderer=player.renderer,
                    tools=benchmark.tools or (), clients=player.clients, sampling=sampling,
                    explore=Independent(n=attempts), seed=seed_of(seed, "eval", benchmark.name), progress=1.0,
                    finished=finished, **({"limits": benchmark.limits} if benchmark.limits else {}),
                )
                for group in groups:  # a search that crashed finished nothing: kept as a failure
                    if group.sample.id not in kept:
                        keep(folder, benchmark, group, all_rewards, store, settings)
    items = [item for item in read_items(folder) if item.id in wanted]
    metric = benchmark.metric if any(benchmark.metric in item.scores for item in items) else "lenient"
    notes = (*player.notes, benchmark.notes, *skipped(benchmark.data))
    return summarise(items, metric=metric, notes=tuple(note for note in notes if note))


def scoring(benchmark: Benchmark) -> tuple[Reward, ...]:
    """Strict and lenient answers first, then the rewards of the benchmark."""
    both = (rewards.answer_match(strict=True, name="strict"), rewards.answer_match(name="lenient"))
    return (*both, *(each for each in benchmark.rewards or () if each.name not in ("strict", "lenient")))


def keep(
    folder: Path, benchmark: Benchmark, group: Group, all_rewards: Sequence[Reward], store: MediaStore, settings: str
) -> None:
    """Score the attempts at a sample, and write them and the item."""
    group = scored(group, all_rewards)
    write_lines(folder / "trajectories.jsonl", group.trajectories)
    write_lines(folder / ITEMS, [item_of(benchmark, group, store, settings)])


def item_of(benchmark: Benchmark, group: Group, store: MediaStore, settings: str) -> Item:
    made, sample = group.trajectories, group.sample
    kinds = list(dict.fromkeys(name for each in made for name in each.rewards))
    return Item(
        benchmark=benchmark.name, id=sample.id, target=sample.target, answers=tuple(each.answer for each in made),
        scores={kind: tuple(each.rewards[kind].value if kind in each.rewards else None for each in made) for kind in kinds},
        cluster=benchmark.cluster(sample) if benchmark.cluster else picture_of(sample, store),
        calls=tuple(len(each.events) for each in made), stops=tuple(str(each.stop) for each in made),
        errors=tuple(each.error.strip().splitlines()[-1][:500] for each in made if each.error and each.error.strip()),
        settings=settings,
    )


def picture_of(sample: Sample, store: MediaStore) -> str:
    """The name of a sample's first picture by content, so that questions about one picture are seen to belong together."""
    if not sample.images:
        return sample.id
    try:
        return store.adopt(sample.images[0]).ref
    except ValueError:  # a picture that cannot be read fails its own attempt
        return sample.images[0].ref


def settings_of(player: Player, benchmark: Benchmark, attempts: int, seed: int) -> dict[str, str]:
    """What results depend on, by part, as digests."""
    return {
        "policy": digest(player.print if player.print is not None else player.name),
        "data": data_hash(benchmark.data),
        "protocol": digest(describe([benchmark.episode, benchmark.tools, benchmark.limits])),
        "rewards": digest(describe(scoring(benchmark))),
        "sampling": digest(describe([benchmark.sampling, player.sampling, attempts, seed])),
    }


def opened(folder: Path, settings: dict[str, str], *, resume: bool) -> tuple[Item, ...]:
    """Items that are there. Raises ValueError when they were made under other settings."""
    place = folder / "settings.json"
    if not resume:
        for path in (folder / ITEMS, folder / "trajectories.jsonl"):
            path.unlink(missing_ok=True)
    elif place.is_file() and (folder / ITEMS).is_file():
        before = json.loads(place.read_text(encoding="utf-8"))
        other = [key for key in settings if before.get(key) != settings[key]]
        if other:
            raise ValueError(f"{folder} holds results with another {' and '.join(other)}; choose another folder, or begin "
                             "again with resume=False")
    place.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    if not (folder / ITEMS).is_file():
        return ()
    whole_lines(folder / ITEMS)
    return read_items(folder)


def whole_lines(path: Path) -> None:
    """Cut off a last line that a killed run left half-written, so that the next one does not continue it."""
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        path.write_bytes(data[: data.rfind(b"\n") + 1])


@contextmanager
def bar(name: str, total: int, *, enabled: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; gives a function that moves it."""
    with progress_bar(f"evaluating {name}", total, enabled=enabled, start="") as shown:
        yield lambda count: shown.advance("", count)
