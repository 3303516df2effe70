"""Credit goes to attempts, and to tokens, that depend on the picture (VPPO, arXiv 2510.09285).

A probe says, for every sampled token, how much its distribution changes when the picture is corrupted. Attempts are
weighted by their mean dependence, scaled over the batch; within an attempt only the most dependent tokens keep their
credit. The others get zero, not "unassigned": they stay in the mean, so the step gets smaller, which is the point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from saccade.core.signals import Assigned, Credit
from saccade.core.trajectory import Group
from saccade.credit._parts import centred, stream


def visual_dependence(
    *, of: Credit | None = None, probe: str = "dependence", keep: float = 0.4, low: float = 0.9, high: float | None = None
) -> Credit:
    """Weigh credit `of` (default: minus the mean) by what the probe left as ``value``, float[S].

    keep: share of tokens, by dependence, that keep their credit (rounded up); 1 keeps all
    low, high: weights of the least and the most dependent attempt of the batch; without `high` it is chosen so that the
          weights average 1; low=high=1 weighs all alike
    Raises ValueError when the probe is missing.
    """
    if not 0 < keep <= 1:
        raise ValueError(f"visual_dependence: keep is a share above 0 and at most 1, not {keep}")
    inner = of or centred

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        given = inner(groups)
        places = [
            (at, index)
            for at, (group, row) in enumerate(zip(groups, given, strict=True))
            for index, value in enumerate(row)
            if value is not None and group.trajectories[index].num_sampled
        ]
        found = [stream(groups[at].trajectories[index], probe, "value") for at, index in places]
        weight_P = weights(np.array([each.mean() for each in found]), low, high)
        out = [list(row) for row in given]
        for (at, index), depends_S, weight in zip(places, found, weight_P, strict=True):
            value = out[at][index]
            assert value is not None
            out[at][index] = value * weight * kept(depends_S, keep)
        return out

    return credit


def weights(mean_P: np.ndarray, low: float, high: float | None) -> np.ndarray:
    """Weights of attempts, linear in their mean dependence between the least and the most of the batch."""
    spread = float(np.ptp(mean_P)) if len(mean_P) else 0.0
    if spread <= 0:
        return np.ones(len(mean_P))
    scaled_P = (mean_P - mean_P.min()) / spread
    top = low + (1 - low) / scaled_P.mean() if high is None else high
    return low + (top - low) * scaled_P


def kept(depends_S: np.ndarray, share: float) -> np.ndarray:
    """float[S] of ones and zeros: the ceil(share * S) most dependent tokens, earlier ones first among equals."""
    count = math.ceil(share * len(depends_S) - 1e-9)
    mask_S = np.zeros(len(depends_S))
    mask_S[np.argsort(-depends_S, kind="stable")[:count]] = 1.0
    return mask_S


EXAMPLES = [
    ([1.0, 0.0], [0.5, -0.5]),
    ([1.0, None, 0.0], [0.5, None, -0.5]),
]
