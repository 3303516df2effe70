"""Pixels that nobody here drew: handwritten digits of scikit-learn and photographs of scikit-learn and scikit-image.

Both packages ship these files in their wheels, so nothing is downloaded; files are read by path, which also avoids the
fetchers of scikit-image and the import of both packages. The splits are fixed here, once: digits by their place in
the file (neighbours come from the same writer, so a cut in the order keeps most writers on one side), photographs by
file, with both pictures of the stereo pair on the training side.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image as PILImage

Split = Literal["train", "test"]

NUM_TEST_SCANS = 400
"""The last 400 of the 1,797 scans are for testing."""

PHOTOS: dict[Split, tuple[tuple[str, str], ...]] = {
    "train": (
        ("sklearn", "datasets/images/china.jpg"),
        ("skimage", "data/astronaut.png"),
        ("skimage", "data/coffee.png"),
        ("skimage", "data/motorcycle_left.png"),
        ("skimage", "data/motorcycle_right.png"),
        ("skimage", "data/hubble_deep_field.jpg"),
        ("skimage", "data/camera.png"),
        ("skimage", "data/ihc.png"),
    ),
    "test": (
        ("sklearn", "datasets/images/flower.jpg"),
        ("skimage", "data/chelsea.png"),
        ("skimage", "data/rocket.jpg"),
        ("skimage", "data/retina.jpg"),
    ),
}

LICENCE = "digits: UCI (CC BY 4.0), photographs: CC BY 2.0 in scikit-learn, as distributed with scikit-image"


def shipped(package: str, path: str) -> Path:
    """The path of a file inside an installed package. Raises ValueError naming the extra when it is not there."""
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or ()) if found else ():
        if (Path(folder) / path).is_file():
            return Path(folder) / path
    raise ValueError(f"{path} of {package} is not installed; run: pip install 'saccade[demo]'")


@cache
def _scans() -> np.ndarray:
    """1,797 rows of 64 ink values 0..16 and the digit."""
    return np.loadtxt(shipped("sklearn", "datasets/data/digits.csv.gz"), delimiter=",", dtype=np.uint8)


def scan_indices(split: Split) -> range:
    """Rows of the digits file that belong to a split."""
    total = len(_scans())
    return range(total - NUM_TEST_SCANS) if split == "train" else range(total - NUM_TEST_SCANS, total)


def scan(index: int) -> tuple[PILImage.Image, str]:
    """One handwritten digit: 8x8 ink (mode L, 0 none, 255 full) and what it says."""
    row = _scans()[index]
    ink = (row[:64].astype(np.uint16) * 255 // 16).astype(np.uint8)
    return PILImage.fromarray(ink.reshape(8, 8)), str(row[64])


def num_photos(split: Split) -> int:
    return len(PHOTOS[split])


@cache
def photo(split: Split, which: int) -> PILImage.Image:
    """A whole photograph, RGB. Decoded once per process; do not write into it."""
    package, path = PHOTOS[split][which]
    with PILImage.open(shipped(package, path)) as opened:
        return opened.convert("RGB")
