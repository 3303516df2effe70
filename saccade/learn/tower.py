"""The vision tower once an update: an image that stands in several micro-batches is encoded once, forward and backward.

While the tower (or its connector) learns, features cannot come from the cache: they need a gradient. An image of several
micro-batches is encoded before the first of them; the micro-batches see a leaf in its place, whose gradient adds up, and
one backward pass through the tower ends the update. An image of one micro-batch is encoded there, as ever. A frozen tower
needs none of this: its features are cached by tower version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import torch

from saccade.learn.learner import Learner
from saccade.learn.rows import Row
from saccade.models.family import Features
from saccade.models.inputs import image_features


class Tower:
    """Features with gradient of the images that more than one micro-batch shows.

    max_tokens: image tokens whose graphs are kept at once; images beyond it are encoded in each micro-batch
    """

    def __init__(self, learner: Learner, rows: Sequence[Row], batches: Sequence[Sequence[int]], *, max_tokens: int) -> None:
        policy = learner.policy
        self.leaves: dict[str, Features] = {}
        self._roots: dict[str, Features] = {}
        spans = {span.ref: span for row in rows for span in row.prompt.media}
        if not spans or not policy.tower_trains:
            return
        shown = Counter(ref for batch in batches for ref in {s.ref for index in batch for s in rows[index].prompt.media})
        room, chosen = max_tokens, []
        for ref in sorted(spans):
            if shown[ref] > 1 and spans[ref].length <= room:
                chosen.append(spans[ref])
                room -= spans[ref].length
        self._roots = image_features(policy, chosen, learner.store)
        self.leaves = {ref: _leaf(each) for ref, each in self._roots.items()}

    def backward(self) -> None:
        """Send the gradients that arrived at the leaves through the tower."""
        pairs = [
            (root, leaf.grad)
            for ref, features in self._roots.items()
            for root, leaf in zip(_tensors(features), _tensors(self.leaves[ref]), strict=True)
            if leaf.grad is not None and root.requires_grad
        ]
        if pairs:
            torch.autograd.backward([root for root, _ in pairs], [gradient for _, gradient in pairs])


def _tensors(features: Features) -> tuple[torch.Tensor, ...]:
    return features.embeds, *features.levels


def _leaf(features: Features) -> Features:
    embeds, *levels = (each.detach().requires_grad_() for each in _tensors(features))
    return replace(features, embeds=embeds, levels=tuple(levels))
