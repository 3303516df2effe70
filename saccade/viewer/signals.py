"""What is known about each sampled token of an attempt, by name: log-probability, credit, entropy, mismatch, and what
probes and masked views left. Arrays are float over the sampled tokens, in order of steps, NaN where nothing is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from saccade.core.trajectory import Trajectory

TOKENS = "tokens"
"""Entry of `Trajectory.aux` in which training keeps what it learned about each token: ``credit``, ``learner`` (the learner's
own log-probability), ``entropy``, and ``view/NAME`` (its log-probability with the pictures changed)."""

ABOUT = {
    "logp": "log-probability under the sampler",
    "credit": "credit: blue is reinforced, red is discouraged",
    "entropy": "entropy of the distribution, nats",
    "mismatch": "learner minus sampler, nats",
}


def signals_of(trajectory: Trajectory) -> dict[str, np.ndarray]:
    """Signals by name, those that are all unknown left out."""
    size = trajectory.num_sampled
    out: dict[str, np.ndarray] = {"logp": logp_of(trajectory)}
    kept = trajectory.aux.get(TOKENS)
    kept = kept if isinstance(kept, Mapping) else {}
    known = {str(name): found for name, values in kept.items() if (found := numbers(values, size)) is not None}
    learner = known.pop("learner", None)
    for name in ("credit", "entropy"):
        if name in known:
            out[name] = known.pop(name)
    if learner is not None:
        out["mismatch"] = learner - out["logp"]
        out |= {
            f"visual dependence ({name.removeprefix('view/')})": learner - values
            for name, values in known.items()
            if name.startswith("view/")
        }
    out |= {name: values for name, values in known.items() if not name.startswith("view/")}
    for probe, values in trajectory.aux.items():
        if str(probe).startswith("probe/") and isinstance(values, Mapping):
            out |= {
                f"{str(probe)[6:]} {name}" if name != str(probe)[6:] else str(name): found
                for name, each in values.items()
                if (found := numbers(each, size)) is not None
            }
    return {name[:60]: values for name, values in out.items() if np.isfinite(values).any()}


def logp_of(trajectory: Trajectory) -> np.ndarray:
    parts = [
        np.full(int(step.sampled.sum()), np.nan) if step.logp is None else np.asarray(step.logp, dtype=np.float64)
        for step in trajectory.steps
        if step.sampled is not None
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def numbers(values: Any, size: int) -> np.ndarray | None:
    """A list of numbers of this length; None for anything else. Null is NaN."""
    if not isinstance(values, list | tuple | np.ndarray) or len(values) != size or not size:
        return None
    try:
        return np.array([math.nan if value is None else float(value) for value in values], dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None


def signed(name: str) -> bool:
    """Whether the sign of a signal has a meaning, so that its colours are those of two signs even where one alone occurs."""
    return name in ("credit", "mismatch") or name.startswith("visual dependence")


def levels(values: np.ndarray, *, signs: bool = False) -> tuple[np.ndarray, float, bool]:
    """Each value as a level, the value at which levels end, and whether both signs occur (or `signs` says that they may).

    Values of both signs are levels -4..4, of one sign 0..8; the scale ends at the 98th percentile of the sizes, so that one
    wild token does not leave the others pale. Unknown values are level 99.
    """
    finite = values[np.isfinite(values)]
    both = signs or bool((finite < 0).any() and (finite > 0).any())
    end = float(np.percentile(np.abs(finite), 98)) if len(finite) else 0.0
    end = end or float(np.abs(finite).max(initial=0.0)) or 1.0
    scaled = np.nan_to_num(np.clip(values / end if both else np.abs(values) / end, -1, 1))
    level = np.round(scaled * (4 if both else 8)).astype(int)
    return np.where(np.isfinite(values), level, 99), end, both
