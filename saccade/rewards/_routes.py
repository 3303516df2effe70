"""Routes against a network: what the three route rewards share.

A sample about a transit map carries ``meta["lines"]`` (stops by line, in order), ``meta["trip"]`` (from, to), and as target
a reference route in either way of writing. Names are compared without case, punctuation and words such as station or line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from saccade.core.sample import Sample
from saccade.core.trajectory import Trajectory
from saccade.rewards._transcript import answers
from saccade.text.extract import boxed, tagged
from saccade.text.routes import Segment, name_of, route

Lines = Mapping[str, Sequence[str]]
"""Stops by name of the line, all names as they are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a sample asks for."""

    lines: Lines
    start: str
    end: str
    reference: tuple[Segment, ...]


def asked_of(sample: Sample) -> Asked:
    """Raises ValueError for a sample without lines, trip or a reference route."""
    lines, trip, reference = sample.meta.get("lines"), sample.meta.get("trip"), route(str(sample.target))
    if not isinstance(lines, Mapping) or not lines or not isinstance(trip, Sequence) or len(trip) != 2 or not reference:
        raise ValueError(f"sample {sample.id}: a route needs meta['lines'] (stops by line), meta['trip'] (from, to) and a "
                         "reference route as target")
    named = {name_of(str(line)): tuple(name_of(str(stop)) for stop in stops) for line, stops in lines.items()}
    return Asked(lines=named, start=name_of(str(trip[0])), end=name_of(str(trip[1])), reference=reference)


def written_route(trajectory: Trajectory) -> tuple[Segment, ...]:
    """The route in the last message: in its answer tags or box where it has one, else anywhere in it."""
    written = answers(trajectory)
    text = written[-1].text if written else ""
    part = tagged(text) or boxed(text)
    return route(part if part else text)


def ends_meet(segments: Sequence[Segment], asked: Asked) -> bool:
    """Whether the first departure and the last arrival are those asked for."""
    return bool(segments) and name_of(segments[0].start) == asked.start and name_of(segments[-1].end) == asked.end


def on_line(segment: Segment, lines: Lines) -> bool:
    """Whether the line exists and both stops, not one and the same, lie on it."""
    stops, start, end = lines.get(name_of(segment.line), ()), name_of(segment.start), name_of(segment.end)
    return start in stops and end in stops and start != end


def changes_fit(one: Segment, other: Segment) -> bool:
    return name_of(one.end) == name_of(other.start)


def is_right(segments: Sequence[Segment], asked: Asked) -> bool:
    """A ride on existing lines from the asked start to the asked end, each change where the last ride ended."""
    rides = all(on_line(each, asked.lines) for each in segments)
    joined = all(changes_fit(one, other) for one, other in pairwise(segments))
    return ends_meet(segments, asked) and rides and joined


def between(segment: Segment, lines: Lines) -> tuple[str, ...]:
    """The stops that a ride passes, both ends left out; empty for a ride that does not exist."""
    if not on_line(segment, lines):
        return ()
    stops = list(lines[name_of(segment.line)])
    start, end = stops.index(name_of(segment.start)), stops.index(name_of(segment.end))
    return tuple(stops[start + 1: end] if start < end else stops[end + 1: start][::-1])
