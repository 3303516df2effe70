"""Images and positions as the trainer wants them, equal to what Qwen's processor and `get_rope_index` make.

The stock processor costs more than the model here and the stock vision tower loops over images in Python. So pixels are
resized once (uint8), cut into patches in one vectorised step, and images of one size go through the tower together.

Shapes: I images of one size, P patches of 8 x 8 an image (P = 4 x its visual tokens), T tokens of a conversation.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image as PILImage

from saccade.glimpse.model import MERGE, PATCH, PIXELS

UNIT = PATCH * MERGE


def fitted_size(width: int, height: int) -> tuple[int, int]:
    """Width and height after Qwen's `smart_resize` with both pixel bounds at 64 x 64."""
    h, w = round(height / UNIT) * UNIT, round(width / UNIT) * UNIT
    if h * w > PIXELS:
        beta = math.sqrt(height * width / PIXELS)
        h, w = (max(UNIT, math.floor(side / beta / UNIT) * UNIT) for side in (height, width))
    elif h * w < PIXELS:
        beta = math.sqrt(PIXELS / (height * width))
        h, w = (math.ceil(side * beta / UNIT) * UNIT for side in (height, width))
    return w, h


def fitted(image: PILImage.Image) -> np.ndarray:
    """Resize to what the model sees: uint8 (height, width, 3), sides multiples of 16."""
    size = fitted_size(*image.size)
    return np.asarray(image if image.size == size else image.resize(size, PILImage.Resampling.BICUBIC))


def num_visual_tokens(pixels: np.ndarray) -> int:
    return pixels.shape[0] // UNIT * (pixels.shape[1] // UNIT)


def patch_order(pixels_IHWC: np.ndarray) -> np.ndarray:
    """Cut images of one size into uint8 patches (I, P, 3 * 8 * 8), in the order of Qwen's towers: 2 x 2 blocks together."""
    num, height, width, channels = pixels_IHWC.shape
    blocks = pixels_IHWC.reshape(num, height // UNIT, MERGE, PATCH, width // UNIT, MERGE, PATCH, channels)
    ordered = blocks.transpose(0, 1, 4, 2, 5, 7, 3, 6)
    return np.ascontiguousarray(ordered).reshape(num, -1, channels * PATCH * PATCH)


def patch_positions(rows: int, columns: int) -> np.ndarray:
    """Row and column of each patch of a grid of rows x columns patches, in tower order: (2, P)."""
    grid = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    blocks = grid.reshape(2, rows // MERGE, MERGE, columns // MERGE, MERGE)
    return blocks.transpose(0, 1, 3, 2, 4).reshape(2, -1)


def rotary_positions(tokens_T: np.ndarray, grids: list[tuple[int, int]], image_token: int) -> np.ndarray:
    """Three-dimensional positions (3, T). `grids` are rows and columns of visual tokens of each image, in order."""
    positions = np.zeros((3, len(tokens_T)), np.int64)
    at, now = 0, 0
    for rows, columns in grids:
        start = at + int(np.argmax(tokens_T[at:] == image_token))
        positions[:, at:start] = now + np.arange(start - at)
        now += start - at
        cells = np.stack([np.zeros((rows, columns)), *np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")])
        at = start + rows * columns
        positions[:, start:at] = now + cells.reshape(3, -1)
        now += max(rows, columns)
    positions[:, at:] = now + np.arange(len(tokens_T) - at)
    return positions
