"""Read a reply that has parts: tags in order, headed sections, numbered answers, cues.

Every function takes any text and never raises. A reply either keeps its form or it does not: tags that stand twice, inside
one another or in another order give None, because a form that forgives teaches that form does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST = 50_000
"""Characters that are looked at."""


def tagged_parts(text: str, tags: Sequence[str]) -> dict[str, str] | None:
    """The text of each tag, stripped, when the reply is exactly ``<a>..</a><b>..</b>`` in this order with white space
    between; else None."""
    text = text[:MOST].strip()
    marks = re.findall(rf"</?(?:{'|'.join(map(re.escape, tags))})>", text) if tags else []
    if marks != [mark for tag in tags for mark in (f"<{tag}>", f"</{tag}>")]:
        return None
    out: dict[str, str] = {}
    rest = text
    for tag in tags:
        before, _, rest = rest.partition(f"<{tag}>")
        if before.strip():
            return None
        inner, _, rest = rest.partition(f"</{tag}>")
        out[tag] = inner.strip()
    return None if rest.strip() else out


def headed_parts(text: str, headings: Sequence[str]) -> dict[str, str] | None:
    """The text below each ``### Heading``, stripped, when every heading stands once and in this order; else None.

    A heading may be followed by its text on the same line, with or without a colon.
    """
    lines = text[:MOST].strip()
    starts = [match for match in re.finditer(r"^[ \t]*#{2,4}[ \t]*(.+)$", lines, re.MULTILINE)]
    named = [next((each for each in headings if match[1].strip().lower().startswith(each.lower())), None)
             for match in starts]
    if named != list(headings) or (starts and lines[: starts[0].start()].strip()):
        return None
    out: dict[str, str] = {}
    for place, (match, name) in enumerate(zip(starts, named, strict=True)):
        assert name is not None
        end = starts[place + 1].start() if place + 1 < len(starts) else len(lines)
        same_line = match[1].strip()[len(name):].lstrip(": ")
        out[name] = (same_line + "\n" + lines[match.end():end]).strip()
    return out


def numbered_parts(text: str, count: int, tag: str = "a") -> tuple[str | None, ...]:
    """The text of ``<a1>..</a1>`` to ``<aK>..</aK>``; None for one that is missing or stands more than once."""
    text = text[:MOST]
    found = (re.findall(rf"<{re.escape(tag)}{number}>(.*?)</{re.escape(tag)}{number}>", text, re.DOTALL)
             for number in range(1, count + 1))
    return tuple(each[0].strip() if len(each) == 1 else None for each in found)


def section(text: str, tag: str) -> str | None:
    """What stands in the only pair of this tag, stripped; None without one or with several."""
    text = text[:MOST]
    if text.count(f"<{tag}>") != 1 or text.count(f"</{tag}>") != 1:
        return None
    inner, closed, _ = text.partition(f"<{tag}>")[2].partition(f"</{tag}>")
    return inner.strip() if closed else None


def cues(text: str, tag: str = "vcues") -> tuple[str, ...]:
    """Every ``<vcues_1>..</vcues_1>`` in order, whatever its number; one that is not closed does not count."""
    pattern = rf"<{re.escape(tag)}_(\w{{1,8}})>(.*?)</{re.escape(tag)}_\1>"
    return tuple(match[2].strip() for match in re.finditer(pattern, text[:MOST], re.DOTALL))
