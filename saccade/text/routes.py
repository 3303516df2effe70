"""Read a route through a network of lines, segment by segment.

The long form is that of ReasonMap (arXiv 2505.18675): blocks between lines of ``--`` with Route Name, Departure Stop,
Arrival Stop and, for long questions, Number of Via Stops or Via Stops. The short form says the same in a few words:
``red: A - D; blue: D - F``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

FIELD = re.compile(r"^[ \t*_-]*(route name|departure stop|arrival stop|number of via stops|via stops)[ \t*_]*:[ \t*_]*(.*)$",
                   re.IGNORECASE | re.MULTILINE)
SHORT = re.compile(
    r"^\s*([^:;]{1,60}?)\s*:\s*([^:;>]{1,60}?)\s*(?:->|-|>|\bto\b)\s*([^:;>(]{1,60}?)\s*(?:\(([^()]*)\))?\s*$")
NOISE = re.compile(r"\([^)]*\)|\b(?:metro|subway|station|line|route|stop)\b|[^\w]+")
MOST = 60
"""Segments that are read; a longer route is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One ride: on which line, from where, to where. `via` and `num_via` leave both ends out; None where not said."""

    line: str
    start: str
    end: str
    via: tuple[str, ...] | None = None
    num_via: int | None = None


def route(text: str) -> tuple[Segment, ...]:
    """The segments of a route in order; empty when none can be read. A block without all three names is left out."""
    text = text[:20_000]
    fields = FIELD.findall(text)
    if fields:
        return blocks([(name.lower(), value.strip()) for name, value in fields])
    matches = (SHORT.match(piece) for piece in re.split(r";|\n|--", text))
    return tuple(Segment(line=match[1].strip(), start=match[2].strip(), end=match[3].strip(), **stops(match[4] or ""))
                 for match in matches if match)[:MOST]


def blocks(fields: list[tuple[str, str]]) -> tuple[Segment, ...]:
    """A new segment begins with each route name."""
    made: list[dict[str, str]] = []
    for name, value in fields:
        if name == "route name" or not made:
            made.append({})
        made[-1].setdefault(name, value)
    wanted = ("route name", "departure stop", "arrival stop")
    return tuple(
        Segment(line=each[wanted[0]], start=each[wanted[1]], end=each[wanted[2]],
                **stops(each.get("via stops") or each.get("number of via stops", "")))
        for each in made if all(each.get(name) for name in wanted)
    )[:MOST]


def stops(text: str) -> dict[str, Any]:
    """Keyword arguments of a segment: ``3`` is a number of stops, ``A, B`` a list, ``none`` an empty list, an empty text
    says nothing."""
    text = text.strip().strip("[]")
    if not text:
        return {}
    if re.fullmatch(r"[0-9]{1,4}", text):
        return {"num_via": int(text)}
    names = () if text.lower() in ("none", "no stops") else tuple(each.strip() for each in text.split(",") if each.strip())
    return {"via": names, "num_via": len(names)}


def name_of(text: str) -> str:
    """A name as it is compared: lower case, without metro, station, line, brackets and punctuation."""
    return " ".join(NOISE.sub(" ", text.lower()).split())


def written(segments: tuple[Segment, ...], *, long: bool = False) -> str:
    """A route in the long form; with `long` also its via stops where they are known."""
    out = []
    for each in segments:
        lines = [f"Route Name: {each.line}", f"Departure Stop: {each.start}", f"Arrival Stop: {each.end}"]
        if long and each.via is not None:
            lines.append(f"Via Stops: {', '.join(each.via) or 'none'}")
        elif long and each.num_via is not None:
            lines.append(f"Number of Via Stops: {each.num_via}")
        out.append("\n".join(lines))
    return "\n--\n".join(out)
