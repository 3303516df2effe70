"""A policy: model, family, renderer, and the version of its weights. Loaded once, shared by engine, learner and probes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from saccade.core.engine import Renderer
from saccade.core.run import PolicySpec
from saccade.models.family import Family

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(slots=True, kw_only=True)
class Policy:
    """The live weights. `version` counts optimiser updates; `tower_version` changes only when the vision side did.

    `notes` are things the user should know about this checkpoint (a dialect that was chosen for it, for example).
    """

    spec: PolicySpec
    model: nn.Module
    family: Family
    renderer: Renderer
    folder: Path
    device: torch.device
    version: int = 0
    tower_version: int = 0
    notes: tuple[str, ...] = field(default=())


def load_policy(spec: PolicySpec) -> Policy:
    """Load a checkpoint folder (or ``glimpse``) on stock `transformers` classes.

    Raises ValueError naming the folder and the file, when a file is missing, the model type is of no supported family, or
    the tokenizer lacks the special tokens the family needs.
    """
    from saccade.models.loading import load

    return load(spec)
