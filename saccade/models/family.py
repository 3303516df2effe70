"""What differs between model families: expansion, patches, positions, attention, forward.

A family file is the only place that knows the names inside a stock `transformers` class. Everything above it (renderer,
local engine, learner, probes) works on token ids, spans, feature vectors and a cache. No `AutoProcessor`, no torchvision.
This base holds what a causal model with one-dimensional positions does; a family overrides what it does otherwise.

B rows, T tokens, S keys (cached + T), A axes of rotary positions, D hidden size, V vocabulary, n features of an image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from saccade.core.engine import MediaSpan, Prompt

if TYPE_CHECKING:
    from PIL import Image as PILImage
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What one image becomes in a token sequence.

    The chat template writes `Family.marker` for an image. The renderer replaces it by `head`, the ids `tokens`, and `tail`;
    `head` and `tail` are text that is tokenised together with what surrounds it (a tokenizer may merge line breaks
    across that border). `feature_mask` says which of `tokens` take a feature vector; `inputs` is recorded in the span.
    """

    tokens: tuple[int, ...]
    feature_mask: tuple[bool, ...]
    head: str = ""
    tail: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def span(self, ref: str, start: int) -> MediaSpan:
        """The span of an expansion whose `tokens[0]` stands at `start`: from its first to its last placeholder."""
        first = self.feature_mask.index(True)
        last = len(self.feature_mask) - self.feature_mask[::-1].index(True)
        inner = self.feature_mask[first:last]
        return MediaSpan(
            ref=ref, start=start + first, length=last - first, inputs=dict(self.inputs),
            feature_mask=None if all(inner) else inner,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Feature vectors of one image: float[n, D], and per-level extras (DeepStack of Qwen3-VL), each float[n, D]."""

    embeds: Tensor
    levels: tuple[Tensor, ...] = ()

    @property
    def nbytes(self) -> int:
        return sum(each.numel() * each.element_size() for each in (self.embeds, *self.levels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One checkpoint's geometry and forward pass. Built by `models.loading` from config, tokenizer and processor files.

    marker:      text the chat template writes for one image, a single token of id `marker_id`
    placeholder: the id that stands for a feature vector
    banned:      ids that may never be sampled (every media placeholder and marker of its kind)
    processor:   the stock PIL image processor
    processor_key: names the processor settings, part of every cache key for patches
    axes:        A
    window:      keys a sliding-window layer sees, counted in tokens; None where no layer slides
    maskless:    the stock text model takes None for plain causal attention, beside a cache of ours
    """

    name: str
    marker: str
    marker_id: int
    placeholder: int
    banned: tuple[int, ...]
    processor: Any
    processor_key: str
    axes: int = 1
    window: int | None = None
    maskless: bool = False

    def expand(self, size: tuple[int, int]) -> Expansion:
        """Placeholder expansion of an image of this (width, height): arithmetic only, equal to the stock processor's.

        Raises ValueError for a size the family's processor cannot take.
        """
        raise NotImplementedError

    def patches(self, pixels: PILImage.Image) -> dict[str, np.ndarray]:
        """What the vision tower eats, from decoded RGB pixels. Torch-free, cacheable."""
        raise NotImplementedError

    def scaled(self, pixels: PILImage.Image) -> PILImage.Image:
        """The picture at the size the processor gives it, for a server whose processor shall have nothing to scale; the
        picture itself where the family cuts it into tiles."""
        return pixels

    def keeping(self) -> dict[str, Any]:
        """Settings under which a server's processor leaves every picture of `scaled` at its size. Its own bounds do not: a
        size just outside them, which rounding can give, would be rounded once more."""
        return {}

    def encode(self, model: nn.Module, patches: Sequence[Mapping[str, np.ndarray]]) -> list[Features]:
        """Run the vision tower and connector over several images at once; one `Features` per image, in order."""
        raise NotImplementedError

    def positions(self, prompt: Prompt) -> np.ndarray:
        """Rotary positions int64[A, T] of a whole sequence, from recorded grids only. Appending never changes the
        positions of what stands before."""
        return np.arange(len(prompt.tokens), dtype=np.int64)[None].repeat(self.axes, axis=0)

    def next_position(self, prompt: Prompt) -> int:
        """Position (the same on all axes) of a text token appended to this prompt."""
        return len(prompt.tokens)

    def together(self, prompt: Prompt) -> np.ndarray | None:
        """int64[T]: positions with the same non-zero number see each other in both directions (images of Gemma 3);
        None for causal families."""
        return None

    def embed(self, model: nn.Module, tokens_BT: Tensor) -> Tensor:
        """Token embeddings [B, T, D], as the language model wants them (scaled where the family scales)."""
        return model.get_input_embeddings()(tokens_BT)

    def text(
        self,
        model: nn.Module,
        embeds_BTD: Tensor,
        positions_ABT: Tensor,
        mask_B1TS: Tensor | None,
        *,
        window_mask_B1TS: Tensor | None = None,
        cache: Any = None,
        levels: Sequence[Tensor] = (),
        visual_BT: Tensor | None = None,
    ) -> Tensor:
        """Language model forward, hidden states [B, T, D] after the final norm.

        The masks are what the checkpoint's attention takes (bool, or additive), True where a token may see a key;
        `window_mask_B1TS` is for sliding-window layers. `cache` has ``update(keys, values, layer) -> (keys, values)``.
        `levels` are DeepStack extras [N, D] for the N True positions of `visual_BT`, row by row.
        """
        assert not levels, f"{self.name} takes no per-level features"
        masks = mask_B1TS
        if self.window is not None:
            masks = {"full_attention": mask_B1TS, "sliding_attention": window_mask_B1TS}
        return self.language(model)(
            inputs_embeds=embeds_BTD, position_ids=positions_ABT[0], attention_mask=masks, past_key_values=cache,
            use_cache=cache is not None,
        ).last_hidden_state

    def language(self, model: nn.Module) -> nn.Module:
        """The text model without its head."""
        return model.model.language_model

    def logits(self, model: nn.Module, hidden_ND: Tensor) -> Tensor:
        """float[N, V] from hidden states."""
        return model.lm_head(hidden_ND)

    def parts(self, model: nn.Module) -> Mapping[str, tuple[nn.Module, ...]]:
        """``vision``, ``connector``, ``language``: the sub-modules that freezing and LoRA speak about."""
        raise NotImplementedError


def check_spans(family: Family, prompt: Prompt) -> None:
    """Raise ValueError where placeholder tokens and media spans disagree; names the image, place and numbers."""
    holds = prompt.tokens == family.placeholder
    claimed = np.zeros(len(prompt.tokens), dtype=bool)
    for span in prompt.media:
        mask = np.ones(span.length, dtype=bool) if span.feature_mask is None else np.asarray(span.feature_mask)
        inside = holds[span.start : span.start + span.length]
        if len(inside) != len(mask) or not np.array_equal(inside, mask):
            raise ValueError(
                f"image {span.ref} at token {span.start}: its grid needs {int(mask.sum())} placeholders, the sequence has "
                f"{int(inside.sum())} there; a placeholder was lost, added or moved after the image was expanded"
            )
        claimed[span.start : span.start + span.length] |= mask
    if (stray := int((holds & ~claimed).sum())) > 0:
        raise ValueError(
            f"{stray} image placeholders belong to no image (first at token {int(np.argmax(holds & ~claimed))}); "
            "an image was dropped, or a placeholder id was sampled or written as text"
        )
