"""A judge small enough to be trained in a second: logistic regression over the words of a text.

For style rewards (SketchThinker-R1 trains a 7B judge on sketches against long chains): given texts and marks 0 or 1, it
marks the quoted reasoning of a `follow_ups.judge` question. Features are hashed words and pairs of words plus the logarithm
of the length; weights are found by Newton steps with a penalty, so that equal data give equal judges.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from saccade.core.engine import Sampling
from saccade.core.message import Message, assistant
from saccade.core.tool import Tool

BUCKETS = 256
QUOTE = re.compile(r"^> ?(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleJudge:
    """`weights`: float64[BUCKETS + 2], for hashed words, the length, and one."""

    weights: np.ndarray
    name: str = "style_judge"

    def mark(self, text: str) -> float:
        """0..1: how much the text is of the style that was marked 1."""
        return float(1 / (1 + math.exp(-float(np.clip(features(text) @ self.weights, -30, 30)))))

    async def reply(self, messages: Sequence[Message], tools: Sequence[Tool], sampling: Sampling) -> Message:
        """The mark of what the last message quotes (of all of it where it quotes nothing)."""
        text = messages[-1].text
        return assistant(f"{self.mark(chr(10).join(QUOTE.findall(text)) or text):.4f}")


def style_judge(
    texts: Sequence[str], marks: Sequence[int], *, penalty: float = 1.0, name: str = "style_judge"
) -> StyleJudge:
    """Train a judge. Raises ValueError unless there are texts of both marks, one mark a text."""
    if len(texts) != len(marks) or set(marks) != {0, 1}:
        raise ValueError(f"style_judge: {len(texts)} texts and {len(marks)} marks; one mark, 0 or 1, a text, some of both")
    inputs, wanted = np.stack([features(text) for text in texts]), np.array(marks, dtype=float)
    weights = np.zeros(inputs.shape[1])
    for _ in range(20):
        said = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        slope = inputs.T @ (said - wanted) + penalty * weights
        curve = (inputs * (said * (1 - said))[:, None]).T @ inputs + penalty * np.eye(len(weights))
        weights = weights - np.linalg.solve(curve, slope)
    return StyleJudge(weights=weights, name=name)


def features(text: str) -> np.ndarray:
    words = text.lower().split()[:2000]
    out = np.zeros(BUCKETS + 2)
    for gram in (*words, *map(" ".join, pairwise(words))):
        out[int.from_bytes(hashlib.blake2b(gram.encode(errors="replace"), digest_size=4).digest(), "big") % BUCKETS] += 1
    out[:BUCKETS] /= max(math.sqrt(float((out[:BUCKETS] ** 2).sum())), 1.0)
    out[-2], out[-1] = math.log1p(len(words)), 1.0
    return out
