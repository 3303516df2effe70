"""Read lists of changes: which object changed which attribute to which value.

Two ways of writing mean the same: triples ``(2, colour, red)`` (also without brackets, one a line or between semicolons) and
calls ``change_color(2, red)``. Spellings are unified (color is colour), words are lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Change = tuple[str, str, str]
"""Object, attribute, value."""

CALL = re.compile(r"change_(\w{1,20})\(\s*([^(),]{1,40}?)\s*,\s*([^()]{1,40}?)\s*\)", re.IGNORECASE)
TRIPLE = re.compile(r"^[\[({\s\"']*([\w-]{1,20})[\"']?\s*[,: ]\s*[\"']?([A-Za-z_]{1,20})[\"']?\s*[,:= ]\s*[\"']?"
                    r"([\w. -]{1,40}?)[\"'\s\])}.]*$")
MOST = 200
"""Changes that are read; a longer list is cut."""


def changes(text: str) -> tuple[Change, ...]:
    """Every change in order of writing, repeated ones as often as they stand there."""
    text = text[:20_000]
    found = [(thing, attribute, value) for attribute, thing, value in CALL.findall(text)]
    if not found:
        pieces = re.split(r"\)\s*,\s*\(|\]\s*,\s*\[|;|\n", text)
        found = [match.groups() for piece in pieces if (match := TRIPLE.match(piece.strip()))]
    return tuple(unified(each) for each in found[:MOST])


def unified(change: Iterable[object]) -> Change:
    """Lower case, single spaces, British colour."""
    thing, attribute, value = (" ".join(str(part).strip("\"' ").lower().split()) for part in change)
    return thing, attribute.replace("color", "colour"), value
