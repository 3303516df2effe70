"""SmolVLM and Idefics3: an image becomes a grid of square tiles and a small copy of the whole.

Tiles are announced by ``<row_r_col_c>``, rows end in a line break, the whole image follows as ``<global-img>``; each tile
takes the same number of placeholders. The grid depends on the image's proportions only: the longer side is scaled to the
processor's ``longest_edge``, then both sides are rounded up to whole tiles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saccade.models.family import Expansion, Family, Features
from saccade.models.special import check_image_id, no_pixel_bounds, token_ids

if TYPE_CHECKING:
    from PIL import Image as PILImage
    from torch import nn

MODEL_TYPES = ("smolvlm", "idefics3")
MARKS = ("<fake_token_around_image>", "<image>", "<global-img>")
LARGEST_SIDE_PX = 4096


def load_processor(folder: Any, *, min_pixels: int | None, max_pixels: int | None) -> Any:
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    no_pixel_bounds("SmolVLM", min_pixels, max_pixels)
    processor = Idefics3ImageProcessorPil.from_pretrained(folder, local_files_only=True)
    if processor.do_resize and not processor.size["longest_edge"]:
        raise ValueError(f"{folder}: the image processor states no size with longest_edge, which this family needs")
    return processor


def build(config: Any, tokenizer: Any, processor: Any, processor_key: str) -> SmolVLM:
    fence, image, whole = token_ids(tokenizer, MARKS)
    check_image_id(config.image_token_id, "<image>", image)
    vision, text = config.vision_config, config.text_config
    if text.model_type != "llama":
        raise ValueError(f"the text model {text.model_type!r} inside {config.model_type} is not supported; llama is")
    tile = processor.max_image_size["longest_edge"]
    if tile != vision.image_size:
        raise ValueError(f"the image processor cuts tiles of {tile} pixels, the vision tower reads {vision.image_size}")
    grid = tuple(
        tuple(tuple(tokenizer(f"<row_{row + 1}_col_{column + 1}>", add_special_tokens=False)["input_ids"])
              for column in range(6)) for row in range(6)
    )
    return SmolVLM(
        name=config.model_type, marker="<image>", marker_id=image, placeholder=image,
        banned=(fence, image, whole, *(ids[0] for row in grid for ids in row if len(ids) == 1)),
        processor=processor, processor_key=processor_key, fence=fence, whole=whole, tile_names=grid,
        row_end=tuple(tokenizer("\n", add_special_tokens=False)["input_ids"]),
        grid_end=tuple(tokenizer("\n\n", add_special_tokens=False)["input_ids"]),
        tile=tile, per_tile=int((tile // vision.patch_size) ** 2 / config.scale_factor**2),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SmolVLM(Family):
    """tile: side of a tile in pixels; per_tile: placeholders a tile takes; fence, whole, tile_names, row_end, grid_end: the
    ids written around them."""

    fence: int
    whole: int
    tile_names: tuple[tuple[tuple[int, ...], ...], ...]
    row_end: tuple[int, ...]
    grid_end: tuple[int, ...]
    tile: int
    per_tile: int

    def expand(self, size: tuple[int, int]) -> Expansion:
        rows, columns = self.grid(size)
        if rows > len(self.tile_names) or columns > len(self.tile_names):
            raise ValueError(f"an image of {size[0]} x {size[1]} pixels needs {rows} x {columns} tiles; 6 x 6 have names")
        seen = [self.placeholder] * self.per_tile
        tokens: list[int] = []
        for row in range(rows):
            for column in range(columns):
                tokens += [self.fence, *self.tile_names[row][column], *seen]
            tokens += self.row_end if row < rows - 1 else self.grid_end
        tokens += [self.fence, self.whole, *seen, self.fence]
        return Expansion(
            tokens=tuple(tokens), feature_mask=tuple(token == self.placeholder for token in tokens),
            inputs={"tiles": [rows, columns]},
        )

    def grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of tiles, 0 x 0 for an image shown whole only. Rounds as the stock processor rounds."""
        if not self.processor.do_image_splitting:
            return 0, 0
        width, height = size
        if self.processor.do_resize:
            width, height = _to_longest_edge(width, height, self.processor.size["longest_edge"])
        if width >= height:
            ratio = width / height
            wide = math.ceil(width / self.tile)
            tall = math.ceil(int(wide * self.tile / ratio) / self.tile)
        else:
            ratio = width / height
            tall = math.ceil(height / self.tile)
            wide = math.ceil(int(tall * self.tile * ratio) / self.tile)
        return (tall, wide) if tall > 1 or wide > 1 else (0, 0)

    def patches(self, pixels: PILImage.Image) -> dict[str, np.ndarray]:
        return {"pixel_values": self.processor(images=[[pixels]], return_tensors="np")["pixel_values"][0]}

    def encode(self, model: nn.Module, patches: Sequence[Mapping[str, np.ndarray]]) -> list[Features]:
        import torch

        tiles = [len(each["pixel_values"]) for each in patches]
        pixels = torch.from_numpy(np.concatenate([each["pixel_values"] for each in patches])).to(model.device)
        out = model.model.get_image_features(pixels[None], return_dict=True).pooler_output
        split = torch.cat(list(out)).split([count * self.per_tile for count in tiles])
        return [Features(embeds=each) for each in split]

    def language(self, model: nn.Module) -> nn.Module:
        return model.model.text_model

    def parts(self, model: nn.Module) -> Mapping[str, tuple[nn.Module, ...]]:
        inner = model.model
        return {"vision": (inner.vision_model,), "connector": (inner.connector,),
                "language": (inner.text_model, model.lm_head)}


def _to_longest_edge(width: int, height: int, longest: int) -> tuple[int, int]:
    """Scale the longer side to `longest` (at most 4096) pixels; the shorter side is made even, as the processor does."""
    ratio = width / height
    if width >= height:
        width, height = longest, int(longest / ratio)
        height += height % 2
    else:
        width, height = int(longest * ratio), longest
        width += width % 2
    width, height = max(width, 1), max(height, 1)
    ratio = width / height
    if width >= height and width > LARGEST_SIDE_PX:
        width, height = LARGEST_SIDE_PX, int(LARGEST_SIDE_PX / ratio)
    elif height > width and height > LARGEST_SIDE_PX:
        width, height = int(LARGEST_SIDE_PX * ratio), LARGEST_SIDE_PX
    return max(width, 1), max(height, 1)
