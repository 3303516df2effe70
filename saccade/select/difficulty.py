"""Train where the policy sometimes succeeds: keep groups in a band of pass rates, ask less of samples outside it.

Samples that were always or never solved lately are proposed again only after `rest` updates, for the policy changes.
(Online difficulty filtering, arXiv 2504.03380.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from saccade.core.order import ENDLESS, shuffled
from saccade.core.run import Selector
from saccade.core.trajectory import Group
from saccade.select._pass_rate import pass_rate


def difficulty(*, low: float = 0.1, high: float = 0.9, passed: float = 0.5, rest: int = 20) -> Selector:
    """Make the selector.

    low, high: pass rates (shares of attempts that count) of groups that are kept, both included
    passed:    total reward from which an attempt counts as solved
    rest:      updates for which a sample outside the band is not proposed, where others are left
    """
    if not 0 <= low <= high <= 1:
        raise ValueError(f"difficulty: low and high are shares with low <= high, not {low} and {high}")
    return Difficulty(low=low, high=high, passed=passed, rest=rest)


class Difficulty:
    """`resting` maps sample indices to the update from which they may be proposed again; `asked` are the batches that were
    proposed and not yet observed, by update (rollouts may run ahead of learning)."""

    def __init__(self, *, low: float, high: float, passed: float, rest: int) -> None:
        self.low, self.high, self.passed, self.rest = low, high, passed, rest
        self.resting: dict[int, int] = {}
        self.asked: deque[tuple[int, list[int]]] = deque(maxlen=64)
        self.seen = self.easy = self.hard = 0

    def propose(self, count: int, size: int, update: int, seed: int) -> Sequence[int]:
        chosen: list[int] = []
        spare: list[int] = []
        for index in shuffled(count if size >= ENDLESS else max(count, size), size, update, seed):
            (chosen if self.resting.get(index, 0) <= update else spare).append(index)
        self.asked.append((update, (chosen + spare)[:count]))
        return self.asked[-1][1]

    def observe(self, groups: Sequence[Group]) -> None:
        """Learn the pass rates of the groups, which come in the order in which they were proposed, batch after batch.

        Where rows were left out on the way nobody can say which group is whose, and nothing is learned.
        """
        update, asked = self.asked.popleft() if self.asked else (0, [])
        for index, group in zip(asked, groups, strict=True) if len(groups) == len(asked) else ():
            rate = self.rate(group)
            if rate is not None and not self.low <= rate <= self.high:
                self.resting[index] = update + 1 + self.rest
            else:
                self.resting.pop(index, None)

    def admit(self, groups: Sequence[Group]) -> Sequence[Group]:
        rates = [self.rate(group) for group in groups]
        self.seen = len(groups)
        self.easy = sum(rate is not None and rate > self.high for rate in rates)
        self.hard = sum(rate is not None and rate < self.low for rate in rates)
        fits = [rate is not None and self.low <= rate <= self.high for rate in rates]
        return [group for group, kept in zip(groups, fits, strict=True) if kept]

    def rate(self, group: Group) -> float | None:
        return pass_rate(group, passed=self.passed)

    def metrics(self) -> dict[str, float]:
        """Of the last batch, and how many samples rest."""
        return {"dropped_easy": float(self.easy), "dropped_hard": float(self.hard), "resting": float(len(self.resting)),
                "dropped_share": (self.easy + self.hard) / self.seen if self.seen else 0.0}

    def state(self) -> dict[str, Any]:
        return {"resting": sorted(self.resting.items())}

    def restore(self, state: dict[str, Any]) -> None:
        self.resting = {int(index): int(until) for index, until in state["resting"]}
        self.asked.clear()
