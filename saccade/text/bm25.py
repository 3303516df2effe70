"""Rank texts by the words they share with a query (Okapi BM25, Robertson and Zaragoza 2009)."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bm25:
    """An index over texts. `k1` is how soon repeated words stop to count, `b` how much long texts are held back."""

    counts: tuple[Counter[str], ...]
    lengths: tuple[int, ...]
    holding: Counter[str]
    k1: float = 1.5
    b: float = 0.75

    def scores(self, query: str) -> list[float]:
        """One score a text, 0 where no word is shared."""
        mean = sum(self.lengths) / max(len(self.lengths), 1) or 1.0
        out = [0.0] * len(self.counts)
        for word in dict.fromkeys(words(query)):
            number = self.holding[word]
            if not number:
                continue
            weight = math.log(1 + (len(self.counts) - number + 0.5) / (number + 0.5))
            for place, counts in enumerate(self.counts):
                times = counts[word]
                if times:
                    long = 1 - self.b + self.b * self.lengths[place] / mean
                    out[place] += weight * times * (self.k1 + 1) / (times + self.k1 * long)
        return out


def bm25(texts: Sequence[str], *, k1: float = 1.5, b: float = 0.75) -> Bm25:
    """Index texts."""
    counts = tuple(Counter(words(text)) for text in texts)
    holding = Counter(word for each in counts for word in each)
    return Bm25(counts=counts, lengths=tuple(sum(each.values()) for each in counts), holding=holding, k1=k1, b=b)


def words(text: str) -> list[str]:
    """Words and numbers in lower case, without the plural s."""
    found = re.findall(r"\w+", text.lower())
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in found]


def excerpt(text: str, query: str, *, longest: int = 200) -> str:
    """The stretch of a text that holds most words of the query, on one line."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    wanted = {word for word in words(query) if len(word) > 3} or set(words(query))
    places = [found.start() for found in re.finditer(r"\w+", line) if set(words(found[0])) & wanted]
    start = max(places, key=lambda place: (sum(place <= each < place + longest for each in places), -place), default=0)
    start = line.rfind(" ", 0, max(start - 20, 0)) + 1
    before, after = "... " if start else "", " ..." if start + longest < len(line) else ""
    return before + line[start : start + longest].strip() + after
