"""The learning rate as a function of the update: warm-up, then constant, linear or cosine."""

from __future__ import annotations

import math

from saccade.core.run import Optim


def rate(optim: Optim, update: int, updates: int) -> float:
    """Learning rate of update 0, 1, ..., `updates` - 1.

    Warm-up rises from lr / (warmup + 1) and reaches lr at update `warmup`; afterwards the shape falls to `final` * lr at
    the last update.
    """
    if update < optim.warmup:
        return optim.lr * (update + 1) / (optim.warmup + 1)
    left = max(updates - 1 - optim.warmup, 1)
    done = min(max((update - optim.warmup) / left, 0.0), 1.0)
    if optim.shape == "constant":
        return optim.lr
    if optim.shape == "linear":
        return optim.lr * (1 - done * (1 - optim.final))
    if optim.shape == "cosine":
        return optim.lr * (optim.final + (1 - optim.final) * 0.5 * (1 + math.cos(math.pi * done)))
    raise ValueError(f"optim.shape must be constant, linear or cosine, not {optim.shape!r}")
