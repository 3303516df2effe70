"""Gemma 3: square images of a fixed number of tokens that see each other, and layers that look back a window only.

The tokens of an image attend to one another in both directions, also in the sliding-window layers; text is causal. The
number of its image belongs to a token wherever the sequence is cut, so appending to a cache and a whole forward agree.
The processor writes two line breaks on either side of an image; a tokenizer merges them with line breaks next to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saccade.core.engine import Prompt
from saccade.models.family import Expansion, Family, Features
from saccade.models.special import check_image_id, no_pixel_bounds, token_ids

if TYPE_CHECKING:
    from PIL import Image as PILImage
    from torch import nn

MODEL_TYPES = ("gemma3",)
MARKS = ("<start_of_image>", "<end_of_image>", "<image_soft_token>")


def load_processor(folder: Any, *, min_pixels: int | None, max_pixels: int | None) -> Any:
    from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil

    no_pixel_bounds("Gemma 3", min_pixels, max_pixels)
    processor = Gemma3ImageProcessorPil.from_pretrained(folder, local_files_only=True)
    processor.do_pan_and_scan = False  # as the family's own processor asks by default
    return processor


def build(config: Any, tokenizer: Any, processor: Any, processor_key: str) -> Gemma:
    start, end, image = token_ids(tokenizer, MARKS)
    check_image_id(config.image_token_id, "<image_soft_token>", image)
    text = config.text_config
    if text.use_bidirectional_attention:
        raise ValueError("this Gemma 3 checkpoint attends in both directions everywhere: it cannot generate")
    return Gemma(
        name="gemma3", marker="<start_of_image>", marker_id=start, placeholder=image, banned=(start, end, image),
        processor=processor, processor_key=processor_key, window=text.sliding_window, start=start, end=end,
        count=config.mm_tokens_per_image,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gemma(Family):
    """count: placeholders an image takes."""

    start: int
    end: int
    count: int

    def expand(self, size: tuple[int, int]) -> Expansion:
        return Expansion(
            head="\n\n", tokens=(self.start, *(self.placeholder,) * self.count, self.end), tail="\n\n",
            feature_mask=(False, *(True,) * self.count, False), inputs={},
        )

    def together(self, prompt: Prompt) -> np.ndarray | None:
        if not prompt.media:
            return None
        number_T = np.zeros(len(prompt.tokens), dtype=np.int64)
        for number, span in enumerate(prompt.media, start=1):
            number_T[span.start : span.start + span.length] = number
        return number_T

    def patches(self, pixels: PILImage.Image) -> dict[str, np.ndarray]:
        return {"pixel_values": np.stack(self.processor(images=[pixels], return_tensors="np")["pixel_values"])}

    def encode(self, model: nn.Module, patches: Sequence[Mapping[str, np.ndarray]]) -> list[Features]:
        import torch

        pixels = torch.from_numpy(np.concatenate([each["pixel_values"] for each in patches])).to(model.device)
        pixels = pixels.to(next(model.model.vision_tower.parameters()).dtype)
        out = model.model.get_image_features(pixel_values=pixels, return_dict=True).pooler_output
        return [Features(embeds=each) for each in out]

    def parts(self, model: nn.Module) -> Mapping[str, tuple[nn.Module, ...]]:
        inner = model.model
        return {"vision": (inner.vision_tower,), "connector": (inner.multi_modal_projector,),
                "language": (inner.language_model, model.lm_head)}
