"""Two evaluations of the same items: what got fixed, what broke, and whether that can be chance.

Pairs items by id. Items that only one side has are counted and left out; nothing is compared by its average alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saccade.evals.report import Item, read_items
from saccade.evals.stats import Estimate, mcnemar, paired_difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Items by what happened to them (ids), and the statistics. `p` is the exact McNemar test of fixed against broken."""

    benchmark: str
    before: str
    after: str
    both: tuple[str, ...]
    fixed: tuple[str, ...]
    broken: tuple[str, ...]
    neither: tuple[str, ...]
    difference: Estimate
    p: float
    only_before: int = 0
    only_after: int = 0
    score: str = "lenient"
    notes: tuple[str, ...] = field(default=())

    def plain(self) -> dict[str, Any]:
        return {
            "benchmark": self.benchmark, "before": self.before, "after": self.after, "score": self.score,
            "n": self.difference.n, "both": len(self.both), "fixed": list(self.fixed), "broken": list(self.broken),
            "neither": len(self.neither), "difference": self.difference.plain(), "mcnemar_p": self.p,
            "only_before": self.only_before, "only_after": self.only_after, "notes": list(self.notes),
        }

    def table(self) -> Any:
        """A table for a rich console."""
        from rich.table import Table

        n = max(1, self.difference.n)
        shown = Table(title=f"{self.benchmark}: {self.before} against {self.after} ({self.score})")
        for column in ("both right", "fixed", "broken", "both wrong", "difference", "95 %", "McNemar p"):
            shown.add_column(column, justify="right")
        counts = [f"{len(part)} ({len(part) / n:.0%})" for part in (self.both, self.fixed, self.broken, self.neither)]
        shown.add_row(*counts, f"{self.difference.value:+.1%}", f"{self.difference.low:+.1%} to {self.difference.high:+.1%}",
                      f"{self.p:.2g}")
        return shown


def compare(before: str | Path | Sequence[Item], after: str | Path | Sequence[Item], *, score: str = "lenient",
            names: tuple[str, str] = ("before", "after")) -> Comparison:
    """Compare two results: folders or files that `evaluate` wrote, or their items. An item is right from 0.5 upwards.

    Raises ValueError when they share no item, are of different benchmarks, or one of them is not there.
    """
    if isinstance(before, str | Path) and isinstance(after, str | Path):
        names = (str(before), str(after))
    sides = [read_items(side) if isinstance(side, str | Path) else tuple(side) for side in (before, after)]
    benches = sorted({item.benchmark for side in sides for item in side})
    if len(benches) > 1:
        raise ValueError(f"these are results of different benchmarks ({', '.join(benches)}); compare one file with one file")
    first, second = ({item.id: item for item in side} for side in sides)
    shared = [key for key in first if key in second and not first[key].failed and not second[key].failed]
    if not shared:
        raise ValueError(f"the two results share no item: {len(first)} and {len(second)} items, such as "
                         f"{next(iter(first), 'none')!r} and {next(iter(second), 'none')!r}")
    values = [(first[key].score(score), second[key].score(score)) for key in shared]
    parts: dict[tuple[bool, bool], list[str]] = {}
    for key, (one, other) in zip(shared, values, strict=True):
        parts.setdefault((one >= 0.5, other >= 0.5), []).append(key)
    both, broken, fixed, neither = (tuple(parts.get(key, ())) for key in
                                    ((True, True), (True, False), (False, True), (False, False)))
    other_target = [key for key in shared if first[key].target != second[key].target]
    notes = (f"{len(other_target)} items have another target on the other side, such as {other_target[0]!r}",) \
        if other_target else ()
    return Comparison(
        benchmark=benches[0], before=names[0], after=names[1], both=both, fixed=fixed, broken=broken, neither=neither,
        difference=paired_difference([one for one, _ in values], [other for _, other in values],
                                     [first[key].cluster for key in shared]),
        p=mcnemar(len(fixed), len(broken)), only_before=len(first) - len(shared), only_after=len(second) - len(shared),
        score=score, notes=notes,
    )
