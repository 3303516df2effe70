"""What an overview still tells: how well a classifier that knows the place reads a digit without a crop.

    python -m benchmarks.overview [--glyph-px 14 10] [--items 4000]

`hidden_detail` shows a card whose glyph is too small for a policy in the overview of 64 px, which is not to say that its
pixels hold nothing. A support vector machine gets the pixels about the middle of the card, is trained on training scans
and photographs and asked about those that are held out. Chance is a tenth.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from PIL import Image as PILImage

OVERVIEW_PX, REACH_PX = 64, 4
"""Side of the overview; pixels of it taken on each side of the card's middle."""


def patches(glyph_px: int, split: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels about the target cards, float (count, pixels), and their digits (count,)."""
    from saccade.core.seed import generator
    from saccade.worlds import hidden_detail

    knobs = replace(hidden_detail.levels["real"], glyph_px=glyph_px, split=split, distractors=0)
    pixels, digits = [], []
    for index in range(count):
        state = hidden_detail.generate(generator("overview", split, index), knobs)
        x1, y1, x2, y2 = state.cards[0].box_xyxy
        scale = OVERVIEW_PX / knobs.size_px
        small = hidden_detail.render(state)[0].resize((OVERVIEW_PX,) * 2, PILImage.Resampling.BICUBIC)
        left, top = (round((low + high) / 2 * scale - REACH_PX) for low, high in ((x1, x2), (y1, y2)))
        pixels.append(np.asarray(small.crop((left, top, left + 2 * REACH_PX, top + 2 * REACH_PX)), np.float32).ravel())
        digits.append(int(hidden_detail.ask(state).answer))
    return np.stack(pixels) / 255, np.array(digits)


def main() -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--glyph-px", type=int, nargs="+", default=[14, 10])
    parser.add_argument("--items", type=int, default=4000)
    chosen = parser.parse_args()
    for glyph_px in chosen.glyph_px:
        reader = make_pipeline(StandardScaler(), SVC(C=10.0)).fit(*patches(glyph_px, "train", chosen.items))
        right = reader.score(*patches(glyph_px, "test", chosen.items // 4))
        print(f"{glyph_px} px: {right:.1%} of {chosen.items // 4} held-out digits read from the overview, told the place")


if __name__ == "__main__":
    main()
