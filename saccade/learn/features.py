"""Features in use, from the cache and from a batch, held against a fresh encoding of each picture alone.

A picture's features must not depend on its neighbours in a batch, nor on weights that have since been updated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from saccade.core.store import MediaStore
from saccade.learn.evidence import BlindError
from saccade.learn.learner import Learner
from saccade.learn.rows import Row
from saccade.models.inputs import image_features

IMAGES = 12
"""Pictures that are encoded again on their own."""


def check_features(learner: Learner, rows: Sequence[Row]) -> int:
    """The features in use (from the cache, and from a batch) against each picture encoded alone. Returns their number."""
    policy, store = learner.policy, learner.store
    spans = {span.ref: span for row in rows for span in row.prompt.media}
    refs = sorted(spans)[:IMAGES]
    if not refs:
        return 0
    with torch.no_grad():
        patches = {ref: policy.family.patches(store.get(ref)) for ref in refs}
        alone = {ref: vectors(policy.family.encode(policy.model, [patches[ref]])[0]) for ref in refs}
        for ref in refs:
            if len(alone[ref]) != spans[ref].features:
                raise BlindError(
                    f"placeholder count is off by {spans[ref].features - len(alone[ref]):+d}: image {ref} of "
                    f"{store.size(ref)} pixels gives {len(alone[ref])} features, its span holds {spans[ref].features}"
                )
        batch = policy.family.encode(policy.model, [patches[ref] for ref in refs])
        together = {ref: vectors(each) for ref, each in zip(refs, batch, strict=True)}
        compare(together, alone, store, "encoded in one batch")
        cached = image_features(policy, [spans[ref] for ref in refs], store)
        compare({ref: vectors(cached[ref]) for ref in refs}, alone, store, "kept in the cache")
    return len(refs)


def vectors(features: Any) -> torch.Tensor:
    return features.embeds.detach().float()


def compare(used: Mapping[str, torch.Tensor], alone: Mapping[str, torch.Tensor], store: MediaStore, how: str) -> None:
    """Raise BlindError where features in use are not those of their picture: swapped, or of older weights."""
    for ref, mine in used.items():
        if close(mine, alone[ref]):
            continue
        other = next((each for each, fresh in alone.items() if each != ref and close(mine, fresh)), None)
        if other is not None:
            raise BlindError(f"images are swapped within a batch: {ref}, {how}, carries the features of {other}")
        if not mine.any():
            raise BlindError(f"an image is dropped: the features of {ref}, {how}, are all zero")
        if how == "kept in the cache":
            raise BlindError(
                f"stale image embedding: the features of {ref} {how} differ from a fresh encoding by "
                f"{distance(mine, alone[ref]):.2g}; the vision tower was updated and the cache was not emptied"
            )
        raise BlindError(
            f"the features of {ref} ({store.size(ref)} pixels), {how}, differ from those it has alone by "
            f"{distance(mine, alone[ref]):.2g}: images of a batch see each other"
        )


def distance(left: torch.Tensor, right: torch.Tensor) -> float:
    if left.shape != right.shape:
        return float("inf")
    return float((left - right).abs().max() / right.abs().max().clamp(min=1e-6))


def close(left: torch.Tensor, right: torch.Tensor) -> bool:
    return distance(left, right) < (1e-3 if left.dtype == torch.float32 else 5e-2)
