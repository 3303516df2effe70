"""How undecided the policy was at every sampled token: the entropy of its whole distribution, in nats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from saccade.core.signals import Probe
from saccade.core.trajectory import Trajectory


def entropy(*, name: str = "entropy") -> Probe:
    """Leaves ``value`` float32[S]; under the name of another probe it takes that one's place, for comparisons."""

    def run(trajectories: Sequence[Trajectory], learner: Any) -> list[Mapping[str, np.ndarray]]:
        found = learner.told(trajectories, entropy=True)
        return [{"value": each["entropy"]} if each else {} for each in found]

    return Probe(name=name, run=run)
