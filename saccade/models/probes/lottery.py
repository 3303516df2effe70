"""A control: numbers drawn by lot in the place of a measurement, so that what is chosen by them is chosen blindly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from saccade.core.seed import generator
from saccade.core.signals import Probe
from saccade.core.trajectory import Trajectory


def lottery(*, name: str = "dependence", seed: int = 0) -> Probe:
    """Leaves ``value`` float32[S], uniform in [0, 1), drawn from sample, attempt and version. No forward pass is made."""

    def run(trajectories: Sequence[Trajectory], learner: Any) -> list[Mapping[str, np.ndarray]]:
        return [
            {"value": generator("lottery", seed, each.sample.id, each.attempt, each.version)
             .random(each.num_sampled).astype(np.float32)}
            for each in trajectories
        ]

    return Probe(name=name, run=run)
