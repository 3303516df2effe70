"""Qwen2.5-VL and Qwen3-VL: any resolution, three rotary axes, and (Qwen3) DeepStack features in the first layers.

An image of grid (1, h, w) patches becomes h * w / merge² placeholders between ``<|vision_start|>`` and ``<|vision_end|>``,
which the chat template writes. Its tokens stand at (t, row, column) positions; the text after it goes on at the largest of
them plus one, so positions follow from the recorded grids alone. Qwen3-VL differs in the patch size its processor
states and in the features its tower hands to the first text layers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saccade.core.engine import Prompt
from saccade.models.family import Expansion, Family, Features
from saccade.models.special import check_image_id, token_ids

if TYPE_CHECKING:
    from PIL import Image as PILImage
    from torch import Tensor, nn

MODEL_TYPES = ("qwen2_5_vl", "qwen3_vl")
MARKS = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")


def load_processor(folder: Any, *, min_pixels: int | None, max_pixels: int | None) -> Any:
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    processor = Qwen2VLImageProcessorPil.from_pretrained(folder, local_files_only=True)
    low = min_pixels or processor.size["shortest_edge"]
    high = max_pixels or processor.size["longest_edge"]
    if not 0 < low <= high:
        raise ValueError(f"{folder}: an image cannot have at least {low} and at most {high} pixels (min_pixels, max_pixels)")
    processor.size = type(processor.size)(shortest_edge=low, longest_edge=high)
    return processor


def build(config: Any, tokenizer: Any, processor: Any, processor_key: str) -> Qwen:
    start, end, image, video = token_ids(tokenizer, MARKS)
    check_image_id(config.image_token_id, "<|image_pad|>", image)
    text = config.text_config
    slides = "sliding_attention" in (text.layer_types or ()) if config.model_type == "qwen2_5_vl" else False
    return Qwen(
        name=config.model_type, marker="<|image_pad|>", marker_id=image, placeholder=image,
        banned=(start, end, image, video), processor=processor, processor_key=processor_key, axes=3,
        window=text.sliding_window if slides else None, merge=processor.merge_size,
        maskless=config.model_type == "qwen2_5_vl" and not slides,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Qwen(Family):
    merge: int

    def expand(self, size: tuple[int, int]) -> Expansion:
        rows, columns = self.grid(size)
        count = rows * columns // self.merge**2
        return Expansion(
            tokens=(self.placeholder,) * count, feature_mask=(True,) * count, inputs={"grid": [1, rows, columns]}
        )

    def grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """Patch rows and columns of an image of (width, height): both multiples of `merge`, pixels within the bounds."""
        width, height = size
        if max(size) > 200 * min(size):
            raise ValueError(f"an image of {width} x {height} pixels is too elongated: one side is over 200 times the other")
        cell = self.processor.patch_size * self.merge
        low, high = self.processor.size["shortest_edge"], self.processor.size["longest_edge"]
        tall, wide = round(height / cell) * cell, round(width / cell) * cell
        if tall * wide > high:
            shrink = math.sqrt((height * width) / high)
            tall = max(cell, math.floor(height / shrink / cell) * cell)
            wide = max(cell, math.floor(width / shrink / cell) * cell)
        elif tall * wide < low:
            grow = math.sqrt(low / (height * width))
            tall, wide = math.ceil(height * grow / cell) * cell, math.ceil(width * grow / cell) * cell
        return tall // self.processor.patch_size, wide // self.processor.patch_size

    def patches(self, pixels: PILImage.Image) -> dict[str, np.ndarray]:
        out = self.processor(images=[pixels], return_tensors="np")
        return {"pixel_values": out["pixel_values"], "grid": out["image_grid_thw"][0]}

    def scaled(self, pixels: PILImage.Image) -> PILImage.Image:
        rows, columns = self.grid(pixels.size)
        size = columns * self.processor.patch_size, rows * self.processor.patch_size
        return pixels if pixels.size == size else pixels.resize(size, self.processor.resample)

    def keeping(self) -> dict[str, Any]:
        cell = self.processor.patch_size * self.merge
        low, high = self.processor.size["shortest_edge"], self.processor.size["longest_edge"]
        grown = low + cell * math.ceil(math.sqrt(low) * 15) + cell**2  # both sides rounded up, one 200 times the other
        return {"size": {"shortest_edge": cell**2, "longest_edge": max(high, grown)}}

    def encode(self, model: nn.Module, patches: Sequence[Mapping[str, np.ndarray]]) -> list[Features]:
        import torch

        device = model.device
        pixels = torch.from_numpy(np.concatenate([each["pixel_values"] for each in patches])).to(device)
        grid = torch.from_numpy(np.stack([each["grid"] for each in patches])).to(device)
        out = model.model.get_image_features(pixels, grid, return_dict=True)
        levels = out.get("deepstack_features") or ()
        return [
            Features(embeds=embeds, levels=tuple(level[index] for level in levels))
            for index, embeds in enumerate(out.pooler_output)
        ]

    def positions(self, prompt: Prompt) -> np.ndarray:
        positions_AT = np.empty((3, len(prompt.tokens)), dtype=np.int64)
        done, at = 0, 0
        for span in prompt.media:
            text = span.start - done
            positions_AT[:, done : span.start] = np.arange(at, at + text)
            done, at = span.start + span.length, at + text
            frames, rows, columns = span.inputs["grid"]
            cells = np.indices((frames, rows // self.merge, columns // self.merge)).reshape(3, -1)
            positions_AT[:, span.start : done] = cells + at
            at += self._reach(span.inputs["grid"])
        positions_AT[:, done:] = np.arange(at, at + len(prompt.tokens) - done)
        return positions_AT

    def next_position(self, prompt: Prompt) -> int:
        jumped = sum(span.length - self._reach(span.inputs["grid"]) for span in prompt.media)
        return len(prompt.tokens) - jumped

    def _reach(self, grid: Sequence[int]) -> int:
        return max(grid[1], grid[2]) // self.merge

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
        language = model.model.language_model
        common = {"inputs_embeds": embeds_BTD, "position_ids": positions_ABT, "past_key_values": cache,
                  "use_cache": cache is not None}
        if self.name == "qwen3_vl":
            extras = {"visual_pos_masks": visual_BT, "deepstack_visual_embeds": list(levels)} if levels else {}
            return language(attention_mask=mask_B1TS, **common, **extras).last_hidden_state
        masks = {"full_attention": mask_B1TS, "sliding_attention": window_mask_B1TS}
        return language(attention_mask=masks, **common).last_hidden_state

    def parts(self, model: nn.Module) -> Mapping[str, tuple[nn.Module, ...]]:
        tower = model.model.visual
        mergers = (tower.merger, *getattr(tower, "deepstack_merger_list", ()))
        inner = (tower.patch_embed, *tower.blocks, *((tower.pos_embed,) if self.name == "qwen3_vl" else ()))
        return {"vision": inner, "connector": mergers, "language": (model.model.language_model, model.lm_head)}
