"""Sight with weights: local checkpoints of `transformers` as clients of `saccade.clients.sight`.

Each takes a folder as `save_pretrained` writes it. Nothing is downloaded, weights are read as safetensors only, and no code
of a checkpoint is run. Chat models are spoken to with ``clients.sight.chat``.
"""

from saccade.models.sight.detector import detector
from saccade.models.sight.pairing import pairing
from saccade.models.sight.ranger import ranger
from saccade.models.sight.segmenter import segmenter
from saccade.models.sight.words import answerer, captioner, reader

__all__ = ["answerer", "captioner", "detector", "pairing", "ranger", "reader", "segmenter"]
