"""Read numbers as people write them: thousands, fractions, mixed numbers, percent, powers of ten, units behind.

A number keeps whether it was written as a percentage: 45 %, 0.45 and 45 are three spellings of which the comparison, not
the reader, says when they are equal.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from saccade.text.extract import Mode, unwrapped

_PLAIN = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[-+\u2212]?)[ \t]?[$\u20ac\u00a3]?"
    rf"(?:(?P<whole>[0-9]+)[ \t]+(?=[0-9]+/))?(?P<value>{_PLAIN})"
    r"(?:[eE](?P<power>[-+]?[0-9]{1,3})(?![\w])|[ \t]?(?:\\times|[x\u00d7*])[ \t]?10\^\{?(?P<ten>[-+]?[0-9]{1,3})\}?)?"
    rf"(?:[ \t]?/[ \t]?(?P<under>{_PLAIN}))?[ \t]?(?P<percent>\\?%|percent\b)?"
)
_FRAC = re.compile(r"\\[dt]?frac\s*\{\s*(-?[0-9.]+)\s*\}\s*\{\s*(-?[0-9.]+)\s*\}")
MOST = 4000
"""Characters of a text that are looked at, from its end: nobody writes a number longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """`value` as written (45 for ``45 %``)."""

    value: float
    percent: bool = False


def number(text: str, *, mode: Mode = "lenient") -> Number | None:
    """The number a text is (strict: nothing beside it but a unit word), or the last one in it."""
    text = _FRAC.sub(r"\1/\2", unwrapped(text[-MOST:])).replace("\u2009", "").replace("\u00a0", " ")
    if mode == "strict":
        match = _NUMBER.match(text)
        fits = match is not None and re.fullmatch(r"[ \t]?[^\W\d_]{0,12}\.?", text[match.end() :])
        return _read(match) if match is not None and fits else None
    found = [value for match in _NUMBER.finditer(text) if (value := _read(match)) is not None]
    return found[-1] if found else None


def numbers(text: str) -> tuple[float, ...]:
    """Every number in a text, in order."""
    found = (_read(match) for match in _NUMBER.finditer(text[-MOST:]))
    return tuple(each.value for each in found if each is not None)


def _read(match: re.Match[str]) -> Number | None:
    value = float(match["value"].replace(",", ""))
    if match["under"]:
        under = float(match["under"].replace(",", ""))
        if under == 0:
            return None
        value /= under
    value += float(match["whole"] or 0)
    power = int(match["power"] or match["ten"] or 0)
    if abs(power) > 300 or not math.isfinite(value * 10.0**power):
        return None
    value *= 10.0**power
    return Number(value=-value if match["sign"] in ("-", "\u2212") else value, percent=bool(match["percent"]))
