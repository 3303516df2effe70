"""What each token counts in an update: normalisers as one weight per token.

A term's scalar is the sum of its values times these weights. They are computed over the whole update before the first
backward pass, so cutting an update into other micro-batches changes nothing but rounding.

T: tokens of the whole update.
"""

from __future__ import annotations

import numpy as np

from saccade.core.signals import Normaliser


def weights_of(
    member_T: np.ndarray, *, row_T: np.ndarray, step_T: np.ndarray, group_T: np.ndarray, normaliser: Normaliser
) -> np.ndarray:
    """Weight float64[T] of every token; zero outside `member_T` (bool[T]). All zeros where nothing is a member.

    row_T, step_T, group_T: int[T], row, step of its trajectory and group a token belongs to, numbered over the update.
    Raises ValueError for an unknown normaliser.
    """
    member_T = np.asarray(member_T, dtype=bool)
    weight_T = np.zeros(len(member_T))
    if not member_T.any():
        return weight_T
    row_T, step_T, group_T = row_T[member_T], step_T[member_T], group_T[member_T]
    if normaliser == "tokens":
        weight_T[member_T] = 1.0 / member_T.sum()
    elif normaliser == "rows":
        weight_T[member_T] = mean_of_means(row_T)
    elif normaliser == "steps":
        weight_T[member_T] = mean_of_means(row_T.astype(np.int64) * (int(step_T.max()) + 1) + step_T)
    elif normaliser == "row_steps":
        step_M = row_T.astype(np.int64) * (int(step_T.max()) + 1) + step_T
        weight_T[member_T] = mean_of_means(step_M) * share_of_row(step_M, row_T)
    elif normaliser == "groups":
        weight_T[member_T] = mean_of_means(group_T)
    elif isinstance(normaliser, (int, float)) and normaliser > 0:
        weight_T[member_T] = 1.0 / (normaliser * len(np.unique(row_T)))
    else:
        known = "tokens, rows, steps, row_steps, groups or a positive number"
        raise ValueError(f"normaliser must be {known}, not {normaliser!r}")
    return weight_T


def mean_of_means(part_T: np.ndarray) -> np.ndarray:
    """Weights that make every part count the same, whatever its length."""
    _, index_T, count_P = np.unique(part_T, return_inverse=True, return_counts=True)
    return 1.0 / (count_P[index_T] * len(count_P))


def share_of_row(step_M: np.ndarray, row_M: np.ndarray) -> np.ndarray:
    """What turns equal weight of steps into equal weight of rows: steps of all rows over rows times steps of this one."""
    own = {row: len(np.unique(step_M[row_M == row])) for row in np.unique(row_M)}
    return np.array([sum(own.values()) / (len(own) * own[row]) for row in row_M])


def row_weights(member_R: np.ndarray, *, group_R: np.ndarray, normaliser: Normaliser) -> np.ndarray:
    """The same for a term with one value per row: a row is then its own only token and step."""
    row_R = np.arange(len(member_R))
    return weights_of(member_R, row_T=row_R, step_T=np.zeros_like(row_R), group_T=group_R, normaliser=normaliser)
