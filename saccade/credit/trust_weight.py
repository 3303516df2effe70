"""A second opinion on the reasoning, paid less where it contradicts the outcome, and less over time.

SophiaVL-R1 (arXiv 2505.17018): a thinking score is added to the outcome, times alpha, a trust weight and an exponential
decay. Trust compares, within the group, how attempts that succeeded were scored with how the others were: a scorer that
likes the wrong ones better is believed less. Where one side is empty, trust is 1 (proposed here; the paper does not say).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from saccade.core.signals import Assigned, Credit
from saccade.core.trajectory import Group
from saccade.credit._parts import centred, retotalled, value_of


def trust_weight(
    *,
    of: Credit | None = None,
    quality: str = "thinking_quality",
    outcome: str = "",
    alpha: float = 0.3,
    trusts: bool = True,
    decay: float = 0.0,
    passed: float = 0.5,
    floor: float = 0.2,
    saturated: tuple[float, float] = (0.1, 0.9),
) -> Credit:
    """Add ``trust * alpha * exp(-update / decay) * quality`` to totals, then credit `of` (default: minus the mean).

    quality, outcome: rewards by name; the quality has weight 0 in the run; no outcome means the total
    trusts:    False pays the quality in full, whatever the group says
    decay:     time constant in updates (of the version that sampled the attempt), 0 for none
    passed:    outcome from which an attempt counts as right
    floor:     outcome below which its quality does not count
    saturated: groups with all outcomes at most the first or at least the second get no quality at all
    """
    inner = of or centred

    def credit(groups: Sequence[Group]) -> list[list[Assigned]]:
        return inner([retotalled(group, paid(group)) if group.members else group for group in groups])

    def paid(group: Group) -> np.ndarray:
        members = [group.trajectories[index] for index in group.members]
        total_G = group.totals()
        known = [value_of(each, outcome) for each in members] if outcome else list(total_G)
        outcome_G = np.array([0.0 if value is None else value for value in known])
        given = [value_of(each, quality) for each in members]
        quality_G = np.array([np.nan if value is None else value for value in given])
        if (outcome_G <= saturated[0]).all() or (outcome_G >= saturated[1]).all():
            return total_G
        believed = trust(outcome_G, quality_G, passed=passed) if trusts else 1.0
        fade = math.exp(-max(each.version for each in members) / decay) if decay else 1.0
        counts_G = np.isfinite(quality_G) & (outcome_G >= floor)
        return total_G + np.where(counts_G, believed * alpha * fade * np.nan_to_num(quality_G), 0.0)

    return credit


def trust(outcome_G: np.ndarray, quality_G: np.ndarray, *, passed: float = 0.5) -> float:
    """1 where right attempts are scored at least as well as wrong ones, else exp(their mean - the others' mean)."""
    known = np.isfinite(quality_G)
    right, wrong = quality_G[known & (outcome_G >= passed)], quality_G[known & (outcome_G < passed)]
    if not len(right) or not len(wrong):
        return 1.0
    return min(1.0, math.exp(right.mean() - wrong.mean()))


EXAMPLES = [([1.0, 0.0], [0.5, -0.5]), ([1.0, None, 0.0], [0.5, None, -0.5])]
