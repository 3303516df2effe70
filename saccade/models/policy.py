"""A policy: model, family, renderer, and the version of its weights. Loaded once, shared by engine, learner and probes."""

from __future__ import annotations

import copy
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from saccade.core.engine import Renderer
from saccade.core.run import PolicySpec
from saccade.models.family import Family

if TYPE_CHECKING:
    import torch
    from torch import nn


_NUMBERS = count()


@dataclass(slots=True, kw_only=True)
class Policy:
    """The live weights. `version` counts optimiser updates; `tower_version` changes only when the vision side did.

    Whoever changes the weights calls `updated()`. `banned` are the ids removed from the distribution everywhere (media
    placeholders and ids the tokenizer does not know). `number` tells policies apart that share a media store. `notes`
    are things the user should know about this checkpoint (a dialect that was chosen for it, for example).
    """

    spec: PolicySpec
    model: nn.Module
    family: Family
    renderer: Renderer
    folder: Path
    device: torch.device
    banned: torch.Tensor
    version: int = 0
    tower_version: int = 0
    number: int = field(default_factory=lambda: next(_NUMBERS))
    notes: tuple[str, ...] = field(default=())

    @property
    def tower_trains(self) -> bool:
        """Whether any parameter that image features depend on takes a gradient."""
        parts = self.family.parts(self.model)
        tower = (*parts["vision"], *parts["connector"])
        return any(each.requires_grad for part in tower for each in part.parameters())

    def features_key(self, ref: str) -> Hashable:
        """Names the features of an image under this tower, as it is now."""
        return ref, self.family.processor_key, self.number, self.tower_version

    def copied(self) -> Policy:
        """The same policy on weights of its own, that do not learn; features of images are kept apart, too."""
        model = copy.deepcopy(self.model).eval().requires_grad_(False)
        return replace(self, model=model, number=next(_NUMBERS))

    def updated(self) -> None:
        """Count an optimiser update: caches of the old weights become stale."""
        self.version += 1
        if self.tower_trains:
            self.tower_version = self.version


def load_policy(spec: PolicySpec) -> Policy:
    """Load a checkpoint folder (or ``glimpse``) on stock `transformers` classes.

    Raises ValueError naming the folder and the file, when a file is missing, the model type is of no supported family, or
    the tokenizer lacks the special tokens the family needs.
    """
    from saccade.models.loading import load

    return load(spec)
