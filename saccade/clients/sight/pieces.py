"""Connected pieces of a mask, the largest first, without looking at every speck of a photograph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MISSING = "sight without weights needs scikit-image: pip install 'saccade[vision]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """x1, y1, x2, y2 in px, the number of its pixels, and itself as bool[y2 - y1, x2 - x1]."""

    box: tuple[int, int, int, int]
    area: int
    mask: np.ndarray


def speckle(values: np.ndarray) -> float:
    """The share of pixels that differ from their right neighbour: about 1/2 for noise, far less for what is drawn."""
    return float(np.mean(values[:, 1:] != values[:, :-1])) if values.shape[1] > 1 else 0.0


def pieces(mask: np.ndarray, *, least: int, most: int) -> list[Piece]:
    """The `most` largest pieces (corners touch) of at least `least` pixels. Raises ValueError where the extra is missing."""
    try:
        from scipy import ndimage
    except ImportError as error:
        raise ValueError(MISSING) from error
    labels, count = ndimage.label(mask, structure=np.ones((3, 3), bool))  # type: ignore[misc]
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    kept = [int(place) for place in np.argsort(-areas, kind="stable")[:most] if areas[place] >= least]
    spans = ndimage.find_objects(labels) if kept else []
    return [Piece(box=(across.start, down.start, across.stop, down.stop), area=int(areas[place]),
                  mask=labels[down, across] == place + 1)
            for place in kept for down, across in (spans[place],)]
