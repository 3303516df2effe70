"""Outline the thing in a box with a promptable segmenter (SAM, arXiv 2304.02643)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saccade.clients.sight.look import Look
from saccade.media.boxes import Pixels
from saccade.models.sight.weights import Weights, load


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmenter:
    """See `segmenter`."""

    weights: Weights

    def outline(self, look: Look, box_xyxy: Pixels) -> np.ndarray | None:
        inputs = self.weights.prepare(images=look.pixels, input_boxes=[[list(box_xyxy)]], return_tensors="pt")
        outputs = self.weights.run(self.weights.model, **inputs, multimask_output=False)
        sizes = [(look.pixels.height, look.pixels.width)]
        masks = self.weights.prepare.image_processor.post_process_masks(
            outputs.pred_masks, sizes, inputs["reshaped_input_sizes"])
        mask = np.asarray(masks[0][0, 0].cpu().numpy(), bool)
        return mask if mask.any() else None


def segmenter(folder: str | Path) -> Segmenter:
    """A client that can `outline`."""
    return Segmenter(weights=load(folder, "AutoModelForMaskGeneration"))
