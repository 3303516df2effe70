"""Does a claim hold? Effects paired by seed, their t interval, and the rule.

Pure arithmetic on values per arm and seed, so that a verdict can be recomputed from a result file by anyone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from saccade.core.run import Claim

Word = Literal["holds", "fails", "untestable"]
Values = Mapping[str, Mapping[int, float]]
"""Arm to seed to value of the claim's metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Mean of the differences paired by seed, and its 95 % t interval; `ci95` is infinite with one seed."""

    mean: float
    ci95: tuple[float, float]
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The word, why in one sentence, the claimed effect and that of the control (None where untestable)."""

    word: Word
    why: str
    effect: Effect | None = None
    control: Effect | None = None


def baseline_of(claim: Claim) -> str:
    """The arm that the better one is compared with: `over`, else the first other arm."""
    if claim.over is not None:
        return claim.over
    others = [arm for arm in claim.arms if arm != claim.better]
    if not others:
        raise ValueError(f"the claim {claim.text!r} names one arm; it needs another to be better than")
    return others[0]


def arms_of(claim: Claim) -> tuple[str, ...]:
    """Every arm that must run, the control last. Raises ValueError for a claim that contradicts itself."""
    arms = tuple(dict.fromkeys((*claim.arms, claim.control)))
    for role, arm in (("better", claim.better), ("over", baseline_of(claim))):
        if arm not in arms:
            raise ValueError(f"the claim's {role} arm {arm!r} is none of its arms {', '.join(arms)}")
    if claim.control in (claim.better, baseline_of(claim)):
        raise ValueError(f"the control {claim.control!r} is one of the two arms compared; it must be a third")
    if claim.margin <= 0 or not claim.seeds:
        raise ValueError("a claim has a margin above 0 and at least one seed")
    return arms


def paired(first: Mapping[int, float], second: Mapping[int, float]) -> Effect:
    """Effect of `first` over `second` on the seeds both have. Raises ValueError when they share none."""
    seeds = tuple(sorted(set(first) & set(second)))
    if not seeds:
        raise ValueError("the two arms share no seed")
    gaps = [first[seed] - second[seed] for seed in seeds]
    return Effect(mean=math.fsum(gaps) / len(gaps), ci95=t_interval(gaps), seeds=seeds)


def t_interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the mean of `values` under Student's t; everything for fewer than two."""
    count = len(values)
    if count < 2:
        return (-math.inf, math.inf)
    mean = math.fsum(values) / count
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = t_quantile(0.975, count - 1) * spread / math.sqrt(count)
    return (mean - half, mean + half)


def t_quantile(probability: float, freedom: int) -> float:
    """Quantile of Student's t for whole degrees of freedom, probability above 1/2, to nine digits."""
    low, high = 0.0, 1.0
    while t_below(high, freedom) < probability:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if t_below(middle, freedom) < probability else (low, middle)
    return (low + high) / 2


def t_below(t: float, freedom: int) -> float:
    """P(T < t), by the finite sums that exist for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan2(t, math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for k in range(odd, freedom - 1, 2):
        total += term
        term *= cosine * cosine * (k + 1) / (k + 2)
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return 0.5 + inside / 2


def judge(claim: Claim, values: Values) -> Verdict:
    """The rule: the effect reaches the margin, its interval lies above 0, and the control's effect stays below the margin.

    Untestable: a value is missing or not finite, fewer than two seeds ran, or the baseline leaves less room than the
    margin (for metrics between 0 and 1).
    """
    arms, over = arms_of(claim), baseline_of(claim)
    for arm in arms:
        lacking = [seed for seed in claim.seeds if not math.isfinite(values.get(arm, {}).get(seed, math.nan))]
        if lacking:
            return Verdict(word="untestable", why=f"arm {arm} has no {claim.metric} for seed {lacking[0]}")
    if len(claim.seeds) < 2:
        return Verdict(word="untestable", why="one seed has no interval; name at least two")
    chosen = {arm: {seed: values[arm][seed] for seed in claim.seeds} for arm in arms}
    effect, control = paired(chosen[claim.better], chosen[over]), paired(chosen[claim.control], chosen[over])
    found = {"effect": effect, "control": control}
    everything = [value for arm in arms for value in chosen[arm].values()]
    base = math.fsum(chosen[over].values()) / len(claim.seeds)
    if all(0 <= value <= 1 for value in everything) and base + claim.margin > 1:
        return Verdict(word="untestable", why=f"{over} is at {base:.3f}, which leaves no room for {claim.margin:g}", **found)
    said = f"{claim.better} is {effect.mean:+.3f} over {over}, 95 % {effect.ci95[0]:+.3f} to {effect.ci95[1]:+.3f}"
    if effect.mean < claim.margin:
        return Verdict(word="fails", why=f"{said}: below the margin {claim.margin:g}", **found)
    if effect.ci95[0] <= 0:
        return Verdict(word="fails", why=f"{said}: the interval reaches 0", **found)
    if control.mean >= claim.margin:
        return Verdict(word="fails", why=f"{said}, but the control {claim.control} shows {control.mean:+.3f} too", **found)
    return Verdict(word="holds", why=f"{said}; the control {claim.control} {control.mean:+.3f}", **found)
