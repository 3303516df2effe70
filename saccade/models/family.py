"""What differs between model families, behind one protocol: expansion, patches, positions, attention, forward.

A family file is the only place that knows the names inside a stock `transformers` class. Everything above it (renderer,
local engine, learner, probes) works on token ids, spans, feature vectors and a cache. No `AutoProcessor`, no torchvision.

B rows, T tokens, A axes of rotary positions (3 for the Qwen families, 1 for the others), D hidden size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from saccade.core.engine import Prompt

if TYPE_CHECKING:
    from PIL import Image as PILImage
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What one image becomes in a token sequence: ids of all placeholder and separator tokens between (not including)
    what the template itself writes, which of them take a feature vector, and the inputs recorded in the span."""

    tokens: tuple[int, ...]
    feature_mask: tuple[bool, ...] | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Feature vectors of one image: float[n, D], and per-level extras (DeepStack of Qwen3-VL), each float[n, D]."""

    embeds: Tensor
    levels: tuple[Tensor, ...] = ()


class Family(Protocol):
    """One checkpoint's geometry and forward pass. Built by `models.policy.load_policy` from config and processor files.

    placeholder: the id that stands for a feature vector
    before, after: ids the template writes around the expansion (``<|vision_start|>`` ...), for the renderer
    banned:      ids that may never be sampled (every media placeholder and marker of its kind)
    axes:        A
    processor_key: names the processor settings, part of every cache key for patches
    """

    name: str
    placeholder: int
    banned: tuple[int, ...]
    axes: int
    processor_key: str

    def expand(self, size: tuple[int, int]) -> Expansion:
        """Placeholder expansion of an image of this (width, height): the one function that does it. Torch-free."""
        ...

    def patches(self, pixels: PILImage.Image) -> dict[str, np.ndarray]:
        """What the vision tower eats, from decoded RGB pixels. Torch-free, cacheable."""
        ...

    def encode(self, model: nn.Module, patches: Sequence[Mapping[str, np.ndarray]]) -> list[Features]:
        """Run the vision tower and connector over several images at once; one `Features` per image, in order."""
        ...

    def positions(self, prompt: Prompt) -> np.ndarray:
        """Rotary positions int64[A, T] of a whole sequence, from recorded grids only. Appending never changes the
        positions of what stands before."""
        ...

    def next_position(self, prompt: Prompt) -> int:
        """Position (the same on all axes) of a text token appended to this prompt."""
        ...

    def together(self, prompt: Prompt) -> np.ndarray:
        """int32[T]: positions with the same non-zero number see each other in both directions (images of Gemma 3);
        all zeros for causal families."""
        ...

    def embed(self, model: nn.Module, tokens_BT: Tensor) -> Tensor:
        """Token embeddings [B, T, D], as the language model wants them (scaled where the family scales)."""
        ...

    def text(
        self,
        model: nn.Module,
        embeds_BTD: Tensor,
        positions_ABT: Tensor,
        mask_BTS: Tensor | None,
        *,
        cache: Any = None,
        levels: Sequence[Tensor] = (),
        visual_BT: Tensor | None = None,
    ) -> Tensor:
        """Language model forward, hidden states [B, T, D] after the final norm.

        mask_BTS: bool, True where position t may see key s (S = cached + T); the family adds what sliding-window layers
        need. `cache` is a transformers cache that grows in place. `levels` are DeepStack extras scattered to `visual_BT`.
        """
        ...

    def logits(self, model: nn.Module, hidden_ND: Tensor) -> Tensor:
        """float[N, V] from hidden states."""
        ...

    def parts(self, model: nn.Module) -> Mapping[str, nn.Module]:
        """``vision``, ``connector``, ``language``: the sub-modules that freezing and LoRA speak about."""
        ...
