"""Coefficients that change over a run: a ramp is a function of progress in [0, 1].

Weights of rewards, coefficients of terms and shares of views all take a number or a ramp. Ramps are objects with fields, so
that a run on disk says which one it used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """Straight from `start` to `end`, reached at progress `until`."""

    start: float
    end: float
    until: float = 1.0

    def __call__(self, progress: float) -> float:
        return self.start + (self.end - self.start) * min(progress / self.until, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosine:
    """Half a cosine from `start` to `end`: slow at both ends (the reference penalty of Visionary-R1, arXiv 2505.14677)."""

    start: float
    end: float

    def __call__(self, progress: float) -> float:
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * progress)) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponential:
    """`start` times exp(-rate * progress) (the thinking reward of SophiaVL-R1, arXiv 2505.17018, has rate 1)."""

    start: float
    rate: float

    def __call__(self, progress: float) -> float:
        return self.start * math.exp(-self.rate * progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sigmoid:
    """From about `start` down to about 0 around the middle: start * (1 - sigmoid(steepness * (progress - middle)))."""

    start: float
    steepness: float
    middle: float

    def __call__(self, progress: float) -> float:
        return self.start / (1 + math.exp(self.steepness * (progress - self.middle)))


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """0 before progress `share`, then `value` (the late length reward of Reason-RFT, arXiv 2503.20752)."""

    share: float
    value: float

    def __call__(self, progress: float) -> float:
        return self.value if progress >= self.share else 0.0


def linear(start: float, end: float, *, until: float = 1.0) -> Linear:
    if not 0 < until <= 1:
        raise ValueError(f"linear: until is a share of the run above 0 and at most 1, not {until}")
    return Linear(start=start, end=end, until=until)


def cosine(start: float, end: float = 0.0) -> Cosine:
    return Cosine(start=start, end=end)


def exponential(start: float, rate: float = 1.0) -> Exponential:
    return Exponential(start=start, rate=rate)


def sigmoid(start: float, *, steepness: float = 10.0, middle: float = 0.5) -> Sigmoid:
    return Sigmoid(start=start, steepness=steepness, middle=middle)


def after(share: float, value: float) -> After:
    return After(share=share, value=value)
