"""Propose more than is needed, keep what teaches: dynamic sampling, and curriculum sampling by difficulty.

A group whose attempts all succeed or all fail teaches nothing. The share v of groups that do is followed by a moving
average and 1 / v times as many samples are proposed, so that about as many useful groups come back as were wanted (the
predicted form of DAPO's refill, arXiv 2503.14476). RLCS of GLM-4.1V (arXiv 2507.01006) also keeps the most balanced groups
and proposes samples of middling difficulty more often, by the pass rates seen so far.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from saccade.core.order import ENDLESS, shuffled
from saccade.core.run import Selector
from saccade.core.seed import generator
from saccade.core.trajectory import Group
from saccade.select._pass_rate import pass_rate


def oversampling(
    *,
    low: float = 0.01,
    high: float = 0.99,
    passed: float = 0.5,
    memory: float = 0.8,
    most: float = 4.0,
    weighted: bool = False,
    balanced: bool = False,
    rare: float = 0.1,
    rates: dict[int, float] | None = None,
    lottery: bool = False,
) -> Selector:
    """Make the selector.

    low, high: pass rates of groups that teach, both included; passed: total from which an attempt counts as solved
    memory:    of the moving average of their share; most: times the wanted number that is proposed at most
    weighted:  samples solved in more than nine tenths of the attempts, or never, are proposed `rare` times as often
    as others
    balanced:  of the groups that teach, keep the wanted number with pass rates nearest to a half; else the first ones
    rates:     pass rates known beforehand, by index
    lottery:   a control: what was seen of one sample is noted down for another
    """
    if not 0 <= low <= high <= 1 or not 0 <= memory < 1 or most < 1:
        raise ValueError(
            f"oversampling: 0 <= low <= high <= 1, memory below 1, most at least 1; not {low}, {high}, {memory}, {most}"
        )
    return Oversampling(
        low=low,
        high=high,
        passed=passed,
        memory=memory,
        most=most,
        weighted=weighted,
        balanced=balanced,
        rare=rare,
        rates=dict(rates or {}),
        lottery=lottery,
    )


class Oversampling:
    def __init__(
        self,
        *,
        low: float,
        high: float,
        passed: float,
        memory: float,
        most: float,
        weighted: bool,
        balanced: bool,
        rare: float,
        rates: dict[int, float],
        lottery: bool,
    ) -> None:
        self.low, self.high, self.passed, self.memory, self.most = low, high, passed, memory, most
        self.weighted, self.balanced, self.rare, self.rates = weighted, balanced, rare, rates
        self.lottery = lottery
        self.valid = 1.0
        self.wanted = 0
        self.asked: deque[list[int]] = deque(maxlen=64)  # batches proposed and not yet observed
        self.seen: dict[str, float] = {}

    def propose(self, count: int, size: int, update: int, seed: int) -> Sequence[int]:
        number = count if count >= size else min(round(count * min(1 / max(self.valid, 1e-6), self.most)), size)
        self.wanted = count
        if size >= ENDLESS:  # a stretch of its own for every update, wide enough for the most it may ask for
            start = update * round(count * self.most)
            asked = list(range(start, start + number))
        elif count >= size:
            asked = list(shuffled(count, size, update, seed))
        else:
            asked = self.drawn(number, size, update, seed)
        self.asked.append(asked)
        return asked

    def drawn(self, number: int, size: int, update: int, seed: int) -> list[int]:
        """Without replacement, by weight (the exponential race); evenly where nothing is weighted."""
        weight = np.ones(size)
        if self.weighted:
            for index, rate in self.rates.items():
                if index < size and (rate > 0.9 or rate <= 0):
                    weight[index] = self.rare
        race = generator(seed, "oversampling", update).exponential(size=size) / weight
        return [int(index) for index in np.argsort(race, kind="stable")[:number]]

    def observe(self, groups: Sequence[Group]) -> None:
        rates = [pass_rate(group, passed=self.passed) for group in groups]
        share = float(np.mean([self.teaches(rate) for rate in rates])) if rates else 1.0
        self.valid = self.memory * self.valid + (1 - self.memory) * share
        self.seen = {"valid": share, "ratio": min(1 / max(self.valid, 1e-6), self.most)}
        asked = self.asked.popleft() if self.asked else []
        noted = asked[1:] + asked[:1] if self.lottery else asked
        for index, rate in zip(noted, rates, strict=True) if len(rates) == len(noted) else ():
            if rate is not None:
                self.rates[index] = rate if index not in self.rates else (self.rates[index] + rate) / 2

    def admit(self, groups: Sequence[Group]) -> Sequence[Group]:
        useful = [(rate, group) for group in groups if self.teaches(rate := pass_rate(group, passed=self.passed))]
        if self.balanced:
            useful.sort(key=lambda each: abs(each[0] - 0.5))
        kept = [group for _, group in useful[: self.wanted or len(useful)]]
        self.seen["taught"] = len(kept) / max(self.wanted, 1)
        return kept

    def teaches(self, rate: float | None) -> bool:
        return rate is not None and self.low <= rate <= self.high

    def metrics(self) -> dict[str, float]:
        """Share of groups of the last batch that teach, and how many times the wanted number comes next."""
        return dict(self.seen)

    def state(self) -> dict[str, Any]:
        return {
            "valid": self.valid,
            "wanted": self.wanted,
            "rates": sorted(self.rates.items()),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.valid, self.wanted = float(state["valid"]), int(state["wanted"])
        self.asked.clear()
        self.rates = {int(index): float(rate) for index, rate in state["rates"]}
