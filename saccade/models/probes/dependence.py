"""How much every sampled token depends on the picture: what its distribution does when the picture is changed.

Measured once by the policy that sampled, without gradient, so credit may use it as a weight. The k3 estimate needs only
the drawn tokens' log-probabilities (what VPPO's released code does, arXiv 2510.09285); the others compare whole
distributions (its paper, and VOGUE, arXiv 2510.01444).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from saccade.core.seed import seed_of
from saccade.core.signals import Probe, View
from saccade.core.trajectory import Trajectory


def dependence(
    view: View, *, estimator: Literal["kl", "symmetric", "jsd", "k3"] = "kl", entropy: bool = False, most: float = 10.0,
    far: float = 20.0, name: str = "dependence", seed: int = 0,
) -> Probe:
    """Leaves ``value`` float32[S] in nats, at most `most`, and with `entropy` also ``entropy`` of the picture as it is.

    far: largest difference of log-probabilities that k3 exponentiates
    """
    looked = replace(view, divergence="" if estimator == "k3" else estimator, gradient=False)

    def run(trajectories: Sequence[Trajectory], learner: Any) -> list[Mapping[str, np.ndarray]]:
        drawn = seed_of(seed, "dependence", max((each.version for each in trajectories), default=0))
        seen = learner.told(trajectories, view=looked, seed=drawn)
        own = learner.told(trajectories, entropy=entropy) if entropy or estimator == "k3" else seen
        out: list[Mapping[str, np.ndarray]] = []
        for changed, before in zip(seen, own, strict=True):
            if not changed:
                out.append({})
                continue
            value_S = k3(before["logp"], changed["logp"], far) if estimator == "k3" else changed["divergence"]
            found = {"value": np.clip(value_S, 0.0, most)}
            out.append({**found, "entropy": before["entropy"]} if entropy else found)
        return out

    return Probe(name=name, run=run)


def k3(logp_S: np.ndarray, other_S: np.ndarray, far: float) -> np.ndarray:
    """exp(u) - u - 1 with u = other - own: an estimate of KL(own || other) at tokens drawn from the first."""
    gap_S = np.clip(other_S - logp_S, -far, far)
    return np.exp(gap_S) - gap_S - 1
