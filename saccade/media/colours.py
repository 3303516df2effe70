"""Name colours: the words a person would use for the pixels of a picture.

Eleven words (the basic colour terms of English) and cyan, by hue, saturation and value; the borders between them are ours.
"""

from __future__ import annotations

import numpy as np

NAMES = ("black", "grey", "white", "red", "orange", "brown", "yellow", "green", "cyan", "blue", "purple", "pink")

HUES = ((15.0, "red"), (42.0, "orange"), (68.0, "yellow"), (165.0, "green"), (200.0, "cyan"), (258.0, "blue"),
        (308.0, "purple"), (342.0, "pink"), (360.1, "red"))
"""Upper edge of each hue, degrees."""


def name_codes(rgb: np.ndarray) -> np.ndarray:
    """Places in `NAMES` of every pixel: uint8[..., 3] in, int8[...] out."""
    channels = rgb.astype(np.float32)
    high, low = channels.max(-1), channels.min(-1)
    spread = high - low
    red, green, blue = channels[..., 0], channels[..., 1], channels[..., 2]
    safe = np.where(spread > 0, spread, 1)
    hue = np.where(high == red, (green - blue) / safe % 6, np.where(high == green, (blue - red) / safe + 2,
                                                                    (red - green) / safe + 4)) * 60
    edges = np.array([edge for edge, _ in HUES])
    codes = np.array([NAMES.index(name) for _, name in HUES], np.int8)[np.searchsorted(edges, hue, side="right")]
    codes = np.where((codes == NAMES.index("orange")) & (high < 155), NAMES.index("brown"), codes)
    pale = spread < np.maximum(0.18 * high, 14)
    greys = np.where(high < 60, NAMES.index("black"), np.where(high > 212, NAMES.index("white"), NAMES.index("grey")))
    dark = high < 45
    return np.where(pale | dark, greys, codes).astype(np.int8)


def colour_name(rgb: tuple[int, int, int]) -> str:
    """The word for one colour, 0..255 a channel."""
    return NAMES[int(name_codes(np.array(rgb, np.uint8)))]
