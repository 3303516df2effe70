"""What the parts of one card share, and what they ask of an attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from saccade.core.message import Image
from saccade.core.trajectory import ToolEvent, Trajectory
from saccade.viewer.album import Album
from saccade.viewer.picture import Seen
from saccade.viewer.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the parts of one card share."""

    trajectory: Trajectory
    album: Album
    reading: Reading
    looks: Mapping[int, ToolEvent]
    roots: tuple[Image, ...]

    @property
    def look_of(self) -> dict[str, int]:
        """Look by the picture it gave; of equal pictures the first."""
        return {event.result: number for number, event in reversed(self.looks.items()) if event.result}


def inputs_of(trajectory: Trajectory) -> tuple[Image, ...]:
    """The pictures that were given, each once, in order."""
    given = [image for step in trajectory.path() for image in step.message.images if image.source == "input"]
    return tuple({image.ref: image for image in given}.values())


def frames_of(shown: Shown) -> list[Image]:
    return [image for image in shown.roots if image.at_s is not None]


def looked_at(trajectory: Trajectory) -> set[str]:
    """Input pictures that a tool read or showed again."""
    out = {event.image for event in trajectory.events if event.image and event.error is None}
    for step in trajectory.path():
        if step.message.role == "tool":
            out |= {image.root or image.ref for image in step.message.images}
    return {ref for ref in out if ref}


def seen_sizes(shown: Shown) -> dict[str, Seen]:
    """Sizes in which the model got the pictures, by ref; of several the first."""
    found: dict[str, Seen] = {}
    for step in shown.trajectory.path():
        for span in step.media:
            seen = shown.reading.seen(span)
            if seen is not None:
                found.setdefault(span.ref, seen)
    return found
