"""Whether an answer equals a target: exactly, as a number, as a choice, as a set, or (`text.symbolic`) as mathematics.

Comparisons are pure, total functions: any two texts may be given, none raises, and none is lenient by accident: what a
function forgives is in its docstring.
"""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections.abc import Iterable, Sequence

from saccade.text.extract import Mode, letter
from saccade.text.numbers import number

ARTICLES = {"a", "an", "the"}
_PUNCTUATION = str.maketrans({mark: " " for mark in string.punctuation if mark not in ".-/%'"})


def plain(text: str) -> str:
    """Lower case, compatible characters unified, single spaces, no quotes or final stop."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split()).strip("\"'` ").rstrip(".").strip()


def bare(text: str) -> str:
    """`plain` without articles and punctuation (decimal points, signs and percent stay): the usual VQA normalisation."""
    words = plain(text).translate(_PUNCTUATION).split()
    return " ".join(word.strip(".'") for word in words if word not in ARTICLES and word.strip(".'"))


def exact(answer: str, target: str, *, mode: Mode = "lenient") -> bool:
    """Equal up to case and white space (strict), or up to articles and punctuation as well (lenient)."""
    if plain(answer) == plain(target):
        return True
    return mode == "lenient" and bool(bare(target)) and bare(answer) == bare(target)


def numeric(
    answer: str, target: str | float, *, tolerance: float = 1e-6, relative: bool = True, mode: Mode = "strict"
) -> bool:
    """The same number within a tolerance, relative to the target (ChartQA's relaxed accuracy has 0.05) or absolute.

    A percentage equals its own number and the fraction it stands for (45 % is 45 and 0.45), never anything else. Strict
    takes an answer that is one number, lenient the last number in it.
    """
    found, wanted = number(answer, mode=mode), number(str(target))
    if found is None or wanted is None:
        return False
    readings = {found.value}
    if found.percent != wanted.percent:
        readings.add(found.value / 100 if found.percent else found.value * 100)
    room = tolerance * abs(wanted.value) if relative else tolerance
    return any(math.isclose(value, wanted.value, rel_tol=0.0, abs_tol=max(room, 1e-12)) for value in readings)


def choice(answer: str, target: str, choices: Sequence[str] = (), *, mode: Mode = "lenient") -> bool:
    """The same option. Target and answer are letters or (leniently) the words of an option."""
    wanted = letter(target, choices)
    return wanted is not None and letter(answer, choices, mode=mode) == wanted


def as_set(answer: str | Iterable[str], target: str | Iterable[str]) -> float:
    """Overlap (Jaccard, 0..1) of two sets of items, given as lists or separated by commas, semicolons or "and"."""
    one, other = _items(answer), _items(target)
    return len(one & other) / len(one | other) if one | other else 1.0


def _items(value: str | Iterable[str]) -> frozenset[str]:
    parts = re.split(r"[,;\n]|\band\b|\bund\b", value.strip("[](){} ")) if isinstance(value, str) else value
    return frozenset(item for part in parts if (item := bare(str(part))))


def agrees(answer: str, target: str, *, choices: Sequence[str] = (), mode: Mode = "strict") -> bool:
    """The comparison that fits the target: an option where there are choices, a number where it is one, else the text."""
    if choices:
        return choice(answer, target, choices, mode=mode) or exact(answer, target, mode=mode)
    if exact(answer, target, mode=mode):
        return True
    if number(target, mode="strict") is None:
        return False
    return numeric(answer, target, mode=mode)
