"""Compare pictures with texts in one space (CLIP, arXiv 2103.00020; SigLIP, arXiv 2303.15343): matching and retrieval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PILImage

from saccade.clients.sight.look import Look
from saccade.models.sight.weights import SAFE, Weights, load


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Pairing:
    """See `pairing`."""

    weights: Weights
    tokenizer: Any

    def match(self, look: Look, texts: Sequence[str]) -> Sequence[float]:
        """Probabilities over the given texts (CLIP), or of each text by itself (SigLIP, which has a bias for that)."""
        model, (picture_D,) = self.weights.model, self.embed_pictures([look.pixels])
        logits = self.embed_texts(texts) @ picture_D * float(model.logit_scale.detach().exp())
        bias = getattr(model, "logit_bias", None)
        if bias is not None:
            return (1 / (1 + np.exp(-(logits + float(bias.detach()))))).tolist()
        weights = np.exp(logits - logits.max())
        return (weights / weights.sum()).tolist()

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """float64[n, D] of length 1. Texts are cut to the length the model knows."""
        longest = self.weights.model.config.text_config.max_position_embeddings
        tokens = self.tokenizer(list(texts), padding="max_length", truncation=True, max_length=longest, return_tensors="pt")
        inputs = {name: tokens[name] for name in ("input_ids", "attention_mask") if name in tokens}
        return _unit(self.weights.run(self.weights.model.get_text_features, **inputs))

    def embed_pictures(self, pictures: Sequence[PILImage.Image]) -> np.ndarray:
        """float64[n, D] of length 1."""
        pixels = self.weights.prepare(images=list(pictures), return_tensors="pt")["pixel_values"]
        return _unit(self.weights.run(self.weights.model.get_image_features, pixel_values=pixels))


def pairing(folder: str | Path) -> Pairing:
    """A client that can `match`, and an embedder for `search_pages` and `search_images`."""
    from transformers import AutoTokenizer

    weights = load(folder, "AutoModel", "AutoImageProcessor")
    return Pairing(weights=weights, tokenizer=AutoTokenizer.from_pretrained(str(folder), **SAFE))


def _unit(features: Any) -> np.ndarray:
    values = features if not hasattr(features, "pooler_output") else features.pooler_output
    rows = values.double().cpu().numpy()
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
