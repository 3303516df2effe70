"""Tell how far away pixels are with a depth estimator (DPT, Depth Anything and their kin)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saccade.clients.sight.look import Look
from saccade.models.sight.weights import Weights, load


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranger:
    """See `ranger`."""

    weights: Weights
    metric: bool

    def range(self, look: Look) -> np.ndarray:
        outputs = self.weights.run(self.weights.model, **self.weights.prepare(images=look.pixels, return_tensors="pt"))
        size = [(look.pixels.height, look.pixels.width)]
        (result,) = self.weights.prepare.post_process_depth_estimation(outputs, target_sizes=size)
        values = result["predicted_depth"].float().cpu().numpy()
        return values if self.metric else farness(values)


def ranger(folder: str | Path, *, metric: bool = False) -> Ranger:
    """A client that can `range`. `metric` models give distances; the others give nearness up to scale and shift, which is
    turned into a distance between 1 (nearest) and 10."""
    return Ranger(weights=load(folder, "AutoModelForDepthEstimation", "AutoImageProcessor"), metric=metric)


def farness(near: np.ndarray) -> np.ndarray:
    """Distances 1..10 from nearness of unknown scale and shift; all 1 where it is flat."""
    share = (near - near.min()) / max(float(np.ptp(near)), 1e-12) if np.ptp(near) > 0 else np.ones_like(near)
    return 1 / (0.1 + 0.9 * share)
