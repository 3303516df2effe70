"""How far two texts are apart: edit distance, ANLS, and overlap of n-grams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from saccade.text.equal import plain

MOST = 20_000
"""Characters compared: edit distance is quadratic, and no answer is longer."""


def edit_similarity(first: str, second: str) -> float:
    """1 for equal texts, 0 for texts with nothing in common: one minus edit distance over the longer length."""
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_similarity(first[:MOST], second[:MOST]))


def anls(answer: str, targets: str | Iterable[str], *, threshold: float = 0.5) -> float:
    """Average normalised Levenshtein similarity of document questions (arXiv 1907.00490), of one answer.

    The best over several accepted targets, case and spacing ignored; 0 below the threshold.
    """
    accepted = [targets] if isinstance(targets, str) else list(targets)
    best = max((edit_similarity(plain(answer), plain(target)) for target in accepted), default=0.0)
    return best if best >= threshold else 0.0


def ngrams(text: str, size: int) -> Counter[tuple[str, ...]]:
    """Counts of runs of `size` words."""
    words = plain(text).split()
    return Counter(tuple(words[at : at + size]) for at in range(len(words) - size + 1))


def overlap(first: str, second: str, *, size: int = 1) -> float:
    """F1 of shared n-grams, 0..1 (size 1 is the token F1 of reading comprehension). Two empty texts overlap fully."""
    one, other = ngrams(first, size), ngrams(second, size)
    if not one or not other:
        return float(plain(first) == plain(second))
    shared = sum((one & other).values())
    return 2 * shared / (one.total() + other.total())


def repeated(text: str, *, size: int = 4) -> float:
    """The share of n-grams that stood there before, 0..1: what loops score high on."""
    counts = ngrams(text, size)
    total = counts.total()
    return 1 - len(counts) / total if total else 0.0


def word_errors(answer: str, target: str) -> float:
    """Word error rate: edits of whole words over the number of target words; above 1 for a long answer."""
    from rapidfuzz.distance import Levenshtein

    words, wanted = plain(answer[:MOST]).split(), plain(target[:MOST]).split()
    return Levenshtein.distance(words, wanted) / max(len(wanted), 1)


def shared_run(answer: str, target: str) -> float:
    """F1 of the longest common subsequence of words, 0..1 (ROUGE-L). Two empty texts share everything."""
    from rapidfuzz.distance import LCSseq

    words, wanted = plain(answer[:MOST]).split(), plain(target[:MOST]).split()
    return 2 * LCSseq.similarity(words, wanted) / (len(words) + len(wanted)) if words or wanted else 1.0
