"""Routes on transit maps, judged twice: can it be ridden, and how much of it is right (ReasonMap, arXiv 2505.18675).

The published maps of thirty cities are not part of saccade: without `data` the items are drawn by the world `metro`, with
the same questions, the same scores and an exact router. Short questions ask for rides, long ones also for the stops between.
Protocol: greedy, one attempt. `by_difficulty` weighs items by their map (1, 1.2, 1.5) and by half more where a change is
needed, as RewardMap does (arXiv 2510.02240; the weights of the benchmark itself are not published).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from saccade import rewards
from saccade.core.message import Image, Text
from saccade.core.run import Benchmark
from saccade.core.sample import Rows, Sample, Source
from saccade.data.spec import world
from saccade.evals.report import Item, read_items
from saccade.text.routes import route

MAP_WEIGHT = {"easy": 1.0, "middle": 1.2, "hard": 1.5}
CHANGE_WEIGHT = 0.5


def reasonmap(
    *, long: bool = False, level: Literal["easy", "medium", "hard"] = "hard", size: int = 300, seed: int = 7,
    data: Source | None = None,
) -> Benchmark:
    """The benchmark; `data` may bring other maps: samples with a reference route as target, ``meta["lines"]`` (stops by
    line) and ``meta["trip"]``, or rows with columns of these names."""
    items = data if data is not None else world("metro").source(size=size, seed=seed, level=level, topics=("plan",))
    return Benchmark(
        name=f"reasonmap-{'long' if long else 'short'}" + ("" if data is not None else f"-{level}"),
        data=Rows(rows=Numbered(items), make=lambda sample, _: asked(sample, long=long)),
        rewards=(
            rewards.route_accuracy(),
            rewards.map_score(long=long),
            rewards.map_score(long=long, share=True, name="map_share"),
        ),
        metric="route_accuracy",
        notes="" if data is not None else "maps drawn by the world metro, not those of the publication",
    )


class Numbered(Sequence[Sample]):
    """A source as a sequence, for `Rows`."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: Any) -> Any:
        return self.source[index]


def asked(sample: Sample, *, long: bool) -> Sample:
    """The sample with its map in `meta`, and for long questions with its stops asked for and in the target."""
    columns = sample.meta.get("columns", {})
    meta = {**sample.meta, **{key: columns[key] for key in ("lines", "trip", "difficulty") if key in columns}}
    if not long:
        return replace(sample, meta=meta)
    last = sample.prompt[-1]
    parts = [part for part in last.parts if isinstance(part, Image)]
    text = (
        f"{last.text} Behind each ride write the stops between in brackets, in order, as in: red: A - D (B, C); or (none)."
    )
    target = "; ".join(f"{each.line}: {each.start} - {each.end} ({', '.join(stops_between(each, meta['lines'])) or 'none'})"
                       for each in route(str(sample.target)))
    return replace(
        sample, prompt=(*sample.prompt[:-1], replace(last, parts=(*parts, Text(text=text)))), target=target, meta=meta
    )


def stops_between(ride: Any, lines: dict[str, Sequence[str]]) -> list[str]:
    stops = list(lines[ride.line])
    start, end = stops.index(ride.start), stops.index(ride.end)
    return stops[start + 1: end] if start < end else stops[end + 1: start][::-1]


def weight_of(sample: Sample) -> float:
    """1 to 2; 1 for a sample that says nothing about its difficulty."""
    told = sample.meta.get("difficulty", {})
    return MAP_WEIGHT.get(str(told.get("map")), 1.0) + CHANGE_WEIGHT * bool(told.get("change"))


def by_difficulty(folder: str | Path, benchmark: Benchmark) -> dict[str, float]:
    """Weighted means of every score over the items of an evaluation's folder, and plain ones a cell (map x change).

    Items that failed on our side are left out. Raises ValueError for a folder without items of this benchmark.
    """
    samples = {sample.id: sample for sample in (benchmark.data[index] for index in range(len(benchmark.data)))}
    items = [item for item in read_items(Path(folder)) if item.id in samples and not item.failed]
    if not items:
        raise ValueError(f"{folder} holds no items of {benchmark.name}; evaluate it there first")
    out: dict[str, float] = {}
    for name in ("route_accuracy", "map_score", "map_share"):
        out[f"weighted/{name}"] = mean(items, name, samples)
        for cell in sorted({cell_of(samples[item.id]) for item in items}):
            inside = [item for item in items if cell_of(samples[item.id]) == cell]
            out[f"{cell}/{name}"] = mean(inside, name, {})
    return out


def cell_of(sample: Sample) -> str:
    told = sample.meta.get("difficulty", {})
    return f"{told.get('map', 'map')}-{'change' if told.get('change') else 'direct'}"


def mean(items: Iterable[Item], name: str, samples: dict[str, Sample]) -> float:
    """Mean over items of the mean over attempts, weighted where samples are given."""
    total = weights = 0.0
    for item in items:
        values = [value for value in item.scores.get(name, ()) if value is not None]
        if values:
            weight = weight_of(samples[item.id]) if samples else 1.0
            total += weight * sum(values) / len(values)
            weights += weight
    return total / weights if weights else float("nan")


EXAMPLES = [({"level": "easy", "size": 3}, 3)]
