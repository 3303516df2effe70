"""Drop groups whose attempts all earned the same: they carry no signal for group-relative credit (arXiv 2503.14476).

Nothing is drawn to replace them, so the batch gets smaller and the metrics say by how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from saccade.core.order import shuffled
from saccade.core.run import Selector
from saccade.core.trajectory import Group


def zero_variance(*, least: float = 1e-6) -> Selector:
    """Make the selector. `least` is the smallest spread (largest minus smallest total) of a group that is kept; a group
    with fewer than two attempts that count has none."""
    return ZeroVariance(least=least)


class ZeroVariance:
    def __init__(self, *, least: float) -> None:
        self.least = least
        self.seen, self.same, self.failed = 0, 0, 0

    def propose(self, count: int, size: int, update: int, seed: int) -> Sequence[int]:
        return shuffled(count, size, update, seed)

    def observe(self, groups: Sequence[Group]) -> None:
        return

    def admit(self, groups: Sequence[Group]) -> Sequence[Group]:
        kept = [group for group in groups if self.spread(group) >= self.least]
        self.seen = len(groups)
        self.failed = sum(len(group.members) < 2 for group in groups)
        self.same = len(groups) - len(kept) - self.failed
        return kept

    def spread(self, group: Group) -> float:
        totals = group.totals() if group.members else np.zeros(0)
        return float(np.ptp(totals)) if len(totals) > 1 else -1.0

    def metrics(self) -> dict[str, float]:
        """Of the last batch: groups dropped for equal totals and for too few attempts that count, and their share."""
        dropped = self.same + self.failed
        return {"dropped_equal": float(self.same), "dropped_failed": float(self.failed),
                "dropped_share": dropped / self.seen if self.seen else 0.0}

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        return
