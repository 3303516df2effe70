"""What an evaluation found: one item a line on disk, and the figures over them.

The items are the truth; every figure is recomputed from them, so a report can be rebuilt from a folder at any time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saccade.core.record import read_lines
from saccade.evals.stats import Estimate, bootstrap, pass_at_k, proportion

ITEMS = "items.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One sample and what came of its attempts.

    scores:  value of each attempt by kind: ``strict``, ``lenient``, and every reward of the benchmark by name; None where
             it does not apply or the attempt failed on our side
    cluster: items with equal clusters are not independent (by default: the first picture)
    failed:  every attempt failed on our side; counted, and kept out of accuracy
    """

    benchmark: str
    id: str
    target: Any
    answers: tuple[str, ...]
    scores: dict[str, tuple[float | None, ...]]
    cluster: str
    calls: tuple[int, ...] = ()
    stops: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    settings: str = ""

    @property
    def failed(self) -> bool:
        return all(stop in ("error", "abort") for stop in self.stops)

    def score(self, kind: str) -> float:
        """Mean over the attempts it applies to; NaN when there is none. Raises ValueError for an unknown kind."""
        if kind not in self.scores:
            raise ValueError(f"item {self.id} has no score {kind!r}; it has {', '.join(self.scores)}")
        known = [value for value in self.scores[kind] if value is not None]
        return sum(known) / len(known) if known else math.nan


def item_from(data: dict[str, Any]) -> Item:
    """Inverse of writing. Raises ValueError naming the field that is wrong."""
    try:
        return Item(
            benchmark=str(data["benchmark"]), id=str(data["id"]), target=data.get("target"),
            answers=tuple(str(each) for each in data.get("answers", ())),
            scores={str(key): tuple(None if each is None else float(each) for each in values)
                    for key, values in data.get("scores", {}).items()},
            cluster=str(data["cluster"]), calls=tuple(int(each) for each in data.get("calls", ())),
            stops=tuple(str(each) for each in data.get("stops", ())),
            errors=tuple(str(each) for each in data.get("errors", ())), settings=str(data.get("settings", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"not an evaluation item: {type(error).__name__} {error}") from error


def read_items(path: str | Path) -> tuple[Item, ...]:
    """Items of a result file, or of a folder that holds one (directly or as its only benchmark). A later line of the same
    id replaces an earlier one. Raises ValueError when there is none or there are several benchmarks."""
    path = Path(path)
    if path.is_dir():
        found = [path / ITEMS] if (path / ITEMS).is_file() else sorted(path.glob(f"*/{ITEMS}"))
        if len(found) != 1:
            raise ValueError(f"{path} holds {len(found)} results ({[each.parent.name for each in found]}); "
                             f"name one folder with an {ITEMS} in it")
        path = found[0]
    if not path.is_file():
        raise ValueError(f"there are no results at {path}")
    found: dict[str, Item] = {}
    for number, line in enumerate(read_lines(path), start=1):
        try:
            item = item_from(line)
        except ValueError as error:
            raise ValueError(f"{path}, item {number}: {error}; compare results of `saccade eval`") from error
        found[item.id] = item
    return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Figures of one benchmark. `accuracy` is of the score named by `metric`; `scores` has every kind."""

    benchmark: str
    metric: str
    accuracy: Estimate
    scores: dict[str, Estimate]
    pass_at: dict[int, float] = field(default_factory=dict)
    num_attempts: int = 1
    num_failed: int = 0
    calls_per_item: float = 0.0
    cut_off: float = 0.0
    notes: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        return {
            "benchmark": self.benchmark, "metric": self.metric, "accuracy": self.accuracy.value,
            "ci95": [self.accuracy.low, self.accuracy.high], "n": self.accuracy.n, "clusters": self.accuracy.clusters,
            "scores": {name: each.plain() for name, each in self.scores.items()},
            "pass_at": {str(k): value for k, value in self.pass_at.items()}, "num_attempts": self.num_attempts,
            "num_failed": self.num_failed, "tool_calls_per_item": self.calls_per_item, "cut_off": self.cut_off,
            "notes": list(self.notes),
        }


def summarise(items: Sequence[Item], *, metric: str = "lenient", notes: Sequence[str] = ()) -> Result:
    """Figures over items of one benchmark. Scores within 0..1 get Wilson's interval, others a bootstrap."""
    counted = [item for item in items if not item.failed]
    kinds = list(dict.fromkeys(kind for item in counted for kind in item.scores))
    scores: dict[str, Estimate] = {}
    for kind in kinds:
        pairs = [(item.score(kind), item.cluster) for item in counted if kind in item.scores]
        pairs = [(value, cluster) for value, cluster in pairs if not math.isnan(value)]
        if pairs:
            values, clusters = zip(*pairs, strict=True)
            inside = min(values) >= 0 and max(values) <= 1
            scores[kind] = proportion(values, clusters) if inside else bootstrap(values, clusters=clusters)
    num = max((len(item.stops) for item in items), default=1)
    stops = [stop for item in counted for stop in item.stops]
    pass_at: dict[int, float] = {}
    if num > 1:
        right = [[value >= 0.5 for value in item.scores.get(metric, ()) if value is not None] for item in counted]
        for k in sorted({1, *(2**power for power in range(1, 10) if 2**power <= num), num}):
            able = [pass_at_k(len(each), sum(each), k) for each in right if len(each) >= k]
            if able:
                pass_at[k] = sum(able) / len(able)
    failed = [item for item in items if item.failed]
    if failed:
        first = f"; the first, {failed[0].id}: {failed[0].errors[0]}" if failed[0].errors else ""
        notes = (*notes, f"{len(failed)} of {len(items)} items failed on our side and are not counted{first}")
    cut = {"max_steps", "max_tokens", "max_pixels", "overflow", "timeout"}
    return Result(
        benchmark=items[0].benchmark if items else "", metric=metric, accuracy=scores.get(metric, proportion([])),
        scores=scores, pass_at=pass_at, num_attempts=num, num_failed=len(items) - len(counted),
        calls_per_item=sum(sum(item.calls) / max(1, len(item.calls)) for item in counted) / max(1, len(counted)),
        cut_off=sum(stop in cut for stop in stops) / max(1, len(stops)), notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Results of one policy on several benchmarks, and where their items lie."""

    policy: str
    results: tuple[Result, ...]
    folder: Path
    seconds: float = 0.0

    def __getitem__(self, benchmark: str) -> Result:
        for result in self.results:
            if result.benchmark == benchmark:
                return result
        raise KeyError(f"no result for {benchmark!r}; there are {', '.join(each.benchmark for each in self.results)}")

    def plain(self) -> dict[str, Any]:
        return {"policy": self.policy, "seconds": self.seconds, "folder": str(self.folder),
                "results": [each.plain() for each in self.results]}

    def table(self) -> Any:
        """A table for a rich console: one row a benchmark."""
        from rich.table import Table

        shown = Table(title=self.policy)
        for column in ("benchmark", "items", "score", "95 %", "strict", "calls", "cut off", "failed"):
            shown.add_column(column, justify="left" if column == "benchmark" else "right")
        for each in self.results:
            strict = each.scores.get("strict")
            shown.add_row(each.benchmark, str(each.accuracy.n), f"{each.accuracy.value:.1%}",
                          f"{each.accuracy.low:.1%} to {each.accuracy.high:.1%}",
                          f"{strict.value:.1%}" if strict else "", f"{each.calls_per_item:.2f}", f"{each.cut_off:.1%}",
                          str(each.num_failed))
        return shown
