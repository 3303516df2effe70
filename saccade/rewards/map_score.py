"""Points for the parts of a planned route: the map score of ReasonMap (arXiv 2505.18675).

Short: 1 for the right ends, and for each segment against the reference in its place 2 for the line, 1 for the departure, 1
for the arrival, at most 10; a right route earns 10 more. Long questions add the stops between: for numbers 4 (1 - error /
number) a segment, at most 10; for lists the mean of 10 x overlap and 10 x share in the right place (how exact places are
counted is not published; this share is proposed here); a right route then earns 20 more. `share` divides by what the
reference itself would earn, which for short routes lies below the caps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._routes import Asked, Lines, asked_of, between, ends_meet, is_right, written_route
from saccade.text.routes import Segment, name_of


@reward
def map_score(*, long: bool = False, share: bool = False) -> Callable[[Trajectory], Score]:
    """Points, 0..20 (0..40 for long questions), or with `share` 0..1. Raises ValueError for a sample without a map."""

    def score(trajectory: Trajectory) -> Score:
        asked, segments = asked_of(trajectory.sample), written_route(trajectory)
        value = points(segments, asked, long=long)
        whole = tuple(with_stops(each, asked.lines) for each in asked.reference)
        return Score(value=value / points(whole, asked, long=long) if share else value, note=f"{len(segments)} segments")

    return score


def points(segments: Sequence[Segment], asked: Asked, *, long: bool) -> float:
    value = float(ends_meet(segments, asked))
    for one, other in zip(segments, asked.reference, strict=False):
        value += 2 * (name_of(one.line) == name_of(other.line))
        value += (name_of(one.start) == name_of(other.start)) + (name_of(one.end) == name_of(other.end))
    right = is_right(segments, asked)
    if not long:
        return min(value, 10.0) + 10.0 * right
    return min(min(value, 10.0) + stop_points(segments, asked), 20.0) + 20.0 * right


def stop_points(segments: Sequence[Segment], asked: Asked) -> float:
    """At most 10. Lists count where any segment lists its stops, else numbers."""
    pairs = list(zip(segments, asked.reference, strict=False))
    if any(one.via is not None for one in segments):
        said = [name_of(stop) for one, _ in pairs for stop in one.via or ()]
        wanted = [stop for _, other in pairs for stop in between(other, asked.lines)]
        if not wanted:
            return 10.0 * (not said)
        together = len(set(said) & set(wanted)) / len(set(said) | set(wanted))
        placed = sum(a == b for a, b in zip(said, wanted, strict=False)) / max(len(said), len(wanted))
        return (10 * together + 10 * placed) / 2
    value = 0.0
    for one, other in pairs:
        number = len(between(other, asked.lines))
        if one.num_via is not None:
            value += 4.0 * max(0.0, 1 - abs(one.num_via - number) / max(number, 1))
    return min(value, 10.0)


def with_stops(segment: Segment, lines: Lines) -> Segment:
    """A reference segment as an answer to the long question: by numbers where it gives numbers, else by list."""
    stops = between(segment, lines)
    by_number = segment.via is None and segment.num_via is not None
    return Segment(line=segment.line, start=segment.start, end=segment.end, via=None if by_number else stops,
                   num_via=len(stops))


MAP = {"lines": {"red": ["A", "B", "C", "D"], "blue": ["E", "C", "F"], "green": ["A", "G", "F"]}, "trip": ["A", "F"]}
EXAMPLES = [
    ("<answer>red: A - C; blue: C - F</answer>", "red: A - C; blue: C - F", 19.0, MAP),
    ("<answer>red: A - C</answer>", "red: A - C; blue: C - F", 4.0, MAP),
    ("<answer>green: A - F</answer>", "red: A - C; blue: C - F", 12.0, MAP),
    ("", "red: A - C; blue: C - F", 0.0, MAP),
]
