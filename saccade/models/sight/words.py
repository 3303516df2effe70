"""Put pictures into words: captions and answers (BLIP, arXiv 2201.12086), lines of text (TrOCR, arXiv 2109.10282)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saccade.clients.sight.letters import line_boxes
from saccade.clients.sight.look import Found, Look
from saccade.models.sight.weights import SAFE, Weights, load


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Captioner:
    """See `captioner`."""

    weights: Weights
    max_tokens: int

    def describe(self, look: Look) -> str:
        inputs = self.weights.prepare(images=look.pixels, return_tensors="pt")
        ids = self.weights.run(self.weights.model.generate, **inputs, max_new_tokens=self.max_tokens, do_sample=False)
        return self.weights.prepare.batch_decode(ids, skip_special_tokens=True)[0].strip()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answerer:
    """See `answerer`."""

    weights: Weights
    max_tokens: int

    def answer(self, look: Look, question: str) -> str:
        inputs = self.weights.prepare(images=look.pixels, text=question, truncation=True, return_tensors="pt")
        model: Any = self.weights.model
        if model.can_generate() or type(model).__name__ == "BlipForQuestionAnswering":
            ids = self.weights.run(model.generate, **inputs, max_new_tokens=self.max_tokens, do_sample=False)
            return self.weights.prepare.batch_decode(ids, skip_special_tokens=True)[0].strip()
        return str(model.config.id2label[int(self.weights.run(model, **inputs).logits[0].argmax())])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reader:
    """See `reader`."""

    weights: Weights
    tokenizer: Any
    max_tokens: int

    def read(self, look: Look) -> Sequence[Found]:
        """Lines are found by their ink and read one by one; a picture without any is taken as one line."""
        out: list[Found] = []
        for box in line_boxes(look.pixels) or [(0.0, 0.0, *map(float, look.pixels.size))]:
            pixels = self.weights.prepare(images=look.pixels.crop(box), return_tensors="pt")["pixel_values"]
            ids = self.weights.run(self.weights.model.generate, pixel_values=pixels, max_new_tokens=self.max_tokens,
                                   do_sample=False)
            text = self.tokenizer.batch_decode(ids, skip_special_tokens=True)[0].strip()
            if text:
                out.append(Found(label=text, box_xyxy=box))
        return out


def captioner(folder: str | Path, *, max_tokens: int = 40) -> Captioner:
    """A client that can `describe`: a checkpoint of AutoModelForImageTextToText."""
    return Captioner(weights=load(folder, "AutoModelForImageTextToText"), max_tokens=max_tokens)


def answerer(folder: str | Path, *, max_tokens: int = 20) -> Answerer:
    """A client that can `answer`: a checkpoint of AutoModelForVisualQuestionAnswering, generating or with fixed labels."""
    return Answerer(weights=load(folder, "AutoModelForVisualQuestionAnswering"), max_tokens=max_tokens)


def reader(folder: str | Path, *, max_tokens: int = 64) -> Reader:
    """A client that can `read`: an encoder-decoder that reads one line (TrOCR)."""
    from transformers import AutoTokenizer

    weights = load(folder, "AutoModelForImageTextToText", "AutoImageProcessor")
    return Reader(weights=weights, tokenizer=AutoTokenizer.from_pretrained(str(folder), **SAFE), max_tokens=max_tokens)
