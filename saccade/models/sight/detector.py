"""Find things with a detector: open vocabulary (OWL-ViT, Grounding DINO) or a closed list of labels (DETR and its kin)."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saccade.clients.sight.look import Found, Look
from saccade.models.sight.weights import Weights, load


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detector:
    """See `detector`. `open` detectors are told the phrase; closed ones give their own labels, of which the phrase picks."""

    weights: Weights
    least: float
    open: bool

    def find(self, look: Look, phrase: str) -> Sequence[Found]:
        size = [(look.pixels.height, look.pixels.width)]
        found = self._named(look, phrase or "thing", size) if self.open else self._listed(look, phrase, size)
        return sorted(found, key=lambda each: -each.score)

    def _named(self, look: Look, phrase: str, size: list[tuple[int, int]]) -> list[Found]:
        inputs = self.weights.prepare(text=[[phrase.lower()]], images=look.pixels, return_tensors="pt")
        outputs = self.weights.run(self.weights.model, **inputs)
        settle: Any = self.weights.prepare.post_process_grounded_object_detection
        ids = {"input_ids": inputs["input_ids"]} if "input_ids" in inspect.signature(settle).parameters else {}
        (result,) = settle(outputs, threshold=self.least, target_sizes=size, **ids)
        return [_found(phrase, box, score) for box, score in zip(result["boxes"], result["scores"], strict=True)]

    def _listed(self, look: Look, phrase: str, size: list[tuple[int, int]]) -> list[Found]:
        outputs = self.weights.run(self.weights.model, **self.weights.prepare(images=look.pixels, return_tensors="pt"))
        (result,) = self.weights.prepare.post_process_object_detection(outputs, threshold=self.least, target_sizes=size)
        names = [str(self.weights.model.config.id2label[int(label)]) for label in result["labels"]]
        return [_found(name, box, score)
                for name, box, score in zip(names, result["boxes"], result["scores"], strict=True)
                if not phrase or name.lower() in phrase.lower()]


def detector(folder: str | Path, *, least: float = 0.1) -> Detector:
    """A client that can `find`. Things under the score `least` are left out."""
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_ZERO_SHOT_OBJECT_DETECTION_MAPPING as OPEN

    if not (Path(folder) / "config.json").is_file():
        raise ValueError(f"{folder}: no checkpoint (config.json is missing); weights are local folders")
    is_open = type(AutoConfig.from_pretrained(str(folder), local_files_only=True)) in OPEN
    kind = "AutoModelForZeroShotObjectDetection" if is_open else "AutoModelForObjectDetection"
    prepare = "AutoProcessor" if is_open else "AutoImageProcessor"
    return Detector(weights=load(folder, kind, prepare), least=least, open=is_open)


def _found(label: str, box: Any, score: Any) -> Found:
    x1, y1, x2, y2 = (float(edge) for edge in box)
    return Found(label=label, box_xyxy=(x1, y1, x2, y2), score=float(score))
