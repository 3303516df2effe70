"""InternVL: the image is stretched over a grid of square tiles of the nearest proportions, plus a thumbnail.

All tiles of an image stand in one run of placeholders between ``<img>`` and ``</img>``. The grid is the arrangement of at
most `max_patches` tiles whose proportions are nearest to the image's; ties go to more tiles while the image is large
enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saccade.models.family import Expansion, Family, Features
from saccade.models.special import check_image_id, no_pixel_bounds, present_ids, token_ids

if TYPE_CHECKING:
    from PIL import Image as PILImage
    from torch import nn

MODEL_TYPES = ("internvl",)
MARKS = ("<img>", "</img>", "<IMG_CONTEXT>")
TEXT_MODELS = ("qwen2", "qwen3", "llama")


def load_processor(folder: Any, *, min_pixels: int | None, max_pixels: int | None) -> Any:
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

    no_pixel_bounds("InternVL", min_pixels, max_pixels)
    processor = GotOcr2ImageProcessorPil.from_pretrained(folder, local_files_only=True)
    processor.crop_to_patches = True  # the family's own processor always asks for tiles, whatever this file says
    return processor


def build(config: Any, tokenizer: Any, processor: Any, processor_key: str) -> InternVL:
    start, end, image = token_ids(tokenizer, MARKS)
    check_image_id(config.image_token_id, "<IMG_CONTEXT>", image)
    text, vision = config.text_config, config.vision_config
    if text.model_type not in TEXT_MODELS:
        raise ValueError(f"InternVL with the text model {text.model_type!r} is not supported; {', '.join(TEXT_MODELS)} are")
    slides = text.model_type != "llama" and "sliding_attention" in (text.layer_types or ())
    tile, patch = (processor.size["height"], processor.size["width"]), vision.patch_size[0]
    per_tile = int((tile[0] // patch) * (tile[1] // patch) * config.downsample_ratio**2)
    if per_tile != config.image_seq_length:
        raise ValueError(
            f"tiles of {tile[1]} x {tile[0]} pixels give {per_tile} features, config.json says {config.image_seq_length} "
            "(image_seq_length): preprocessor_config.json and config.json are not of the same checkpoint"
        )
    return InternVL(
        name="internvl", marker="<IMG_CONTEXT>", marker_id=image, placeholder=image,
        banned=(start, end, image, *present_ids(tokenizer, ("<video>",))), processor=processor,
        processor_key=processor_key, window=text.sliding_window if slides else None, start=start, end=end, tile=tile,
        per_tile=per_tile,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InternVL(Family):
    """tile: (height, width) of a tile in pixels; per_tile: placeholders a tile takes."""

    start: int
    end: int
    tile: tuple[int, int]
    per_tile: int

    def expand(self, size: tuple[int, int]) -> Expansion:
        columns, rows = self.grid(size)
        tiles = columns * rows + (columns * rows > 1)
        count = tiles * self.per_tile
        return Expansion(
            tokens=(self.start, *(self.placeholder,) * count, self.end), feature_mask=(False, *(True,) * count, False),
            inputs={"tiles": [rows, columns]},
        )

    def grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """Columns and rows of tiles for an image of (width, height)."""
        width, height = size
        least, most = self.processor.min_patches, self.processor.max_patches
        if most <= 1:
            return 1, 1
        grids = [(c, r) for c in range(1, most + 1) for r in range(1, most + 1) if least <= c * r <= most]
        best, nearest = (1, 1), float("inf")
        for columns, rows in sorted(grids, key=lambda grid: grid[0] * grid[1]):
            gap = abs(width / height - columns / rows)
            large = width * height > 0.5 * self.tile[0] * self.tile[1] * columns * rows
            if gap < nearest or (gap == nearest and large):
                best, nearest = (columns, rows), gap
        return best

    def patches(self, pixels: PILImage.Image) -> dict[str, np.ndarray]:
        return {"pixel_values": np.stack(self.processor(images=[pixels], return_tensors="np")["pixel_values"])}

    def encode(self, model: nn.Module, patches: Sequence[Mapping[str, np.ndarray]]) -> list[Features]:
        import torch

        tiles = [len(each["pixel_values"]) for each in patches]
        pixels = torch.from_numpy(np.concatenate([each["pixel_values"] for each in patches])).to(model.device)
        out = model.model.get_image_features(pixel_values=pixels, return_dict=True).pooler_output
        return [Features(embeds=each.flatten(0, 1)) for each in out.split(tiles)]

    def parts(self, model: nn.Module) -> Mapping[str, tuple[nn.Module, ...]]:
        inner = model.model
        return {"vision": (inner.vision_tower,), "connector": (inner.multi_modal_projector,),
                "language": (inner.language_model, model.lm_head)}
