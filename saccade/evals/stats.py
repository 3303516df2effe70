"""Statistics of evaluations, each a short pure function with a closed form behind it. Standard library and numpy only.

Accuracy on a few hundred items moves by several points from chance alone, so nothing is reported without an interval, and
two runs are compared on the same items (paired), never by their two averages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from saccade.core.seed import generator

Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with its 95 % interval. `clusters` is how many independent groups of items there were; n when all are."""

    value: float
    low: float
    high: float
    n: int
    clusters: int
    method: str

    def plain(self) -> dict[str, float | int | str | list[float]]:
        return {"value": self.value, "ci95": [self.low, self.high], "n": self.n, "clusters": self.clusters,
                "method": self.method}


def wilson(successes: float, n: float, *, z: float = Z95) -> tuple[float, float]:
    """Interval of a proportion by Wilson's score: never outside 0..1, never of width 0. (0, 1) for n = 0."""
    if n <= 0:
        return 0.0, 1.0
    share, spread = successes / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    low = 0.0 if share <= 0 else middle - half  # exact at the ends, where rounding would cross them
    return low, 1.0 if share >= 1 else middle + half


def clustered_error(values: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """Standard error of a mean where items of a cluster (questions about one picture) are not independent.

    Residuals are summed within clusters before they are squared (arXiv 2411.00640, section 2.2). Equals sqrt(sum of squared
    residuals) / n, the usual one up to n - 1, when every item is a cluster of its own.
    """
    value_N = np.asarray(values, dtype=np.float64)
    if len(value_N) == 0:
        return math.nan
    _, which_N = np.unique(np.asarray([repr(each) for each in clusters]), return_inverse=True)
    sum_C = np.bincount(which_N, weights=value_N - value_N.mean())
    return float(np.sqrt((sum_C**2).sum()) / len(value_N))


def proportion(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> Estimate:
    """Mean of scores in 0..1 with a 95 % interval.

    Wilson's for independent items. Where items share a cluster, Wilson's with the effective number of items n / deff,
    deff the ratio of the clustered to the simple variance, never below 1.
    """
    n = len(values)
    if n == 0:
        return Estimate(value=math.nan, low=0.0, high=1.0, n=0, clusters=0, method="none")
    mean = float(np.mean(values))
    num = len(set(clusters)) if clusters is not None else n
    if clusters is None or num == n:
        low, high = wilson(mean * n, n)
        return Estimate(value=mean, low=low, high=high, n=n, clusters=n, method="wilson")
    simple = clustered_error(values, range(n))
    effect = (clustered_error(values, clusters) / simple) ** 2 if simple > 0 else n / num
    effective = n / max(1.0, effect)
    low, high = wilson(mean * effective, effective)
    return Estimate(value=mean, low=low, high=high, n=n, clusters=num, method="wilson, clustered")


def paired_difference(
    before: Sequence[float], after: Sequence[float], clusters: Sequence[Hashable] | None = None
) -> Estimate:
    """Mean of after - before on the same items with a normal 95 % interval (clustered where clusters are given).

    Raises ValueError when the two do not have the same number of items.
    """
    if len(before) != len(after):
        raise ValueError(f"a paired difference needs the same items on both sides, not {len(before)} and {len(after)}")
    change_N = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    n = len(change_N)
    if n == 0:
        return Estimate(value=math.nan, low=-1.0, high=1.0, n=0, clusters=0, method="none")
    names = list(clusters) if clusters is not None else list(range(n))
    num = len(set(names))
    half = Z95 * clustered_error(change_N, names) * math.sqrt(num / (num - 1)) if num > 1 else math.inf
    mean = float(change_N.mean())
    return Estimate(value=mean, low=max(-1.0, mean - half), high=min(1.0, mean + half), n=n, clusters=num,
                    method="paired" if num == n else "paired, clustered")


def mcnemar(fixed: int, broken: int) -> float:
    """Exact two-sided p-value that changes in either direction are equally likely: binomial(fixed + broken, 1/2)."""
    total = fixed + broken
    if fixed < 0 or broken < 0:
        raise ValueError(f"counts cannot be negative: {fixed}, {broken}")
    if total == 0 or fixed == broken:
        return 1.0
    log_half = total * math.log(0.5)
    tail = sum(math.exp(_log_choose(total, k) + log_half) for k in range(min(fixed, broken) + 1))
    return min(1.0, 2 * tail)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def pass_at_k(n: int, correct: int, k: int) -> float:
    """Unbiased chance that one of k attempts is right, from `correct` of n (arXiv 2107.03374): 1 - C(n-c, k) / C(n, k)."""
    if not 0 <= correct <= n or not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs at least {k} attempts and 0..n right ones, not {correct} of {n}")
    if n - correct < k:
        return 1.0
    return 1.0 - math.prod((n - correct - j) / (n - j) for j in range(k))


def bootstrap(
    values: Sequence[float], metric: Callable[[np.ndarray], float] = np.mean, *,
    clusters: Sequence[Hashable] | None = None, draws: int = 2000, seed: int = 0,
) -> Estimate:
    """A metric of the items with a percentile 95 % interval, whole clusters drawn with replacement."""
    value_N = np.asarray(values, dtype=np.float64)
    if len(value_N) == 0:
        return Estimate(value=math.nan, low=math.nan, high=math.nan, n=0, clusters=0, method="none")
    members: dict[Hashable, list[int]] = {}
    for at, key in enumerate(clusters if clusters is not None else range(len(value_N))):
        members.setdefault(key, []).append(at)
    groups = [np.asarray(each) for each in members.values()]
    rng = generator(seed, "bootstrap", len(value_N), draws)
    found = [float(metric(value_N[np.concatenate([groups[at] for at in rng.integers(0, len(groups), len(groups))])]))
             for _ in range(draws)]
    low, high = np.percentile(found, [2.5, 97.5])
    return Estimate(value=float(metric(value_N)), low=float(low), high=float(high), n=len(value_N), clusters=len(groups),
                    method=f"bootstrap, {draws} draws")
