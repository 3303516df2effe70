"""One dataset row, and a sequence of rows.

Item i of a source is a function of (source, i): order-independent, resumable, testable. `meta` is never shown to the
model; worlds keep their exact truth there under the names of `Truth`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired, Protocol, TypedDict, runtime_checkable

from saccade.core.message import Message
from saccade.core.seed import generator


class Thing(TypedDict):
    """Something in a picture, for tools that are to be right: `label` in words, `text` written on it, its box.

    `outline` is a polygon [[x, y], ...] where the thing is no rectangle; `image` is the index of its picture (0 if absent).
    """

    label: str
    box_xyxy: list[float]
    text: NotRequired[str]
    outline: NotRequired[list[list[float]]]
    image: NotRequired[int]


class Truth(TypedDict, total=False):
    """What a world knows about its item, kept in `Sample.meta`. Boxes are `box_xyxy` in pixels of the root image.

    Where an item has several pictures, `evidence_image` is the index of the one the boxes lie in (0 if absent). `things`
    is all there is to find or read, `scene` a 3-D scene as `media.space` reads it. `several`: the target is one of several
    right answers, and only the world can say whether another one is right. What stands below `licence` is given by worlds
    about that task alone: a route, a caption, a board with a law, a chart, a program.
    """

    world: str
    index: int
    level: str
    knobs: dict[str, Any]
    answer_type: str
    evidence: list[list[float]]
    evidence_image: int
    distractors: list[list[float]]
    things: list[Thing]
    scene: dict[str, Any]
    overview_suffices: bool
    several: bool
    description: str
    licence: str
    lines: dict[str, list[str]]
    trip: list[str]
    num_changes: int
    difficulty: dict[str, Any]
    original: str
    error: str
    facts: list[str]
    false_facts: list[str]
    law: str
    accepted: dict[str, float]
    topic: str
    table: dict[str, list[Any]]
    programmable: bool
    program: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One row: a conversation that ends with the question, and what a right answer is.

    `target` is a string, a number, a list of boxes, ...; `meta["answer_type"]` names how it is compared when that
    matters. `tools` names the tools of this row where rows differ (None: those of the run). `id` is unique in its source.
    """

    id: str
    prompt: tuple[Message, ...]
    target: Any = None
    choices: tuple[str, ...] = ()
    tools: tuple[str, ...] | None = None
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def images(self):
        """All images of the prompt, in order."""
        return tuple(image for message in self.prompt for image in message.images)


@runtime_checkable
class Source(Protocol):
    """A sequence of samples; `len` raises TypeError for an endless one."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Sample: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A source over anything indexable, with an optional function per row. Rows are made when asked for."""

    rows: Sequence[Any]
    make: Callable[[Any, int], Sample] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Sample:
        if not -len(self.rows) <= index < len(self.rows):
            raise IndexError(f"row {index} of a source of {len(self.rows)} rows")
        row = self.rows[index]
        return self.make(row, index) if self.make else row


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """Some rows of a source, in a given order."""

    source: Source
    indices: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.source[self.indices[index]]


def head(source: Source, count: int) -> Picked:
    return Picked(source=source, indices=tuple(range(min(count, len(source)))))


def shuffle(source: Source, seed: int) -> Picked:
    return Picked(source=source, indices=tuple(generator(seed, "shuffle").permutation(len(source)).tolist()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chained:
    """Several sources one after the other, in their order: what a curriculum walks through."""

    sources: tuple[Source, ...]

    def __len__(self) -> int:
        return sum(len(each) for each in self.sources)

    def __getitem__(self, index: int) -> Sample:
        at = index
        for each in self.sources:
            if 0 <= at < len(each):
                return each[at]
            at -= len(each)
        raise IndexError(f"row {index} of a chain of {len(self)} rows")


def chain(*sources: Source) -> Chained:
    return Chained(sources=sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """Item i comes from one of several sources, drawn by weight from (seed, i); each source is walked in order of i."""

    sources: tuple[Source, ...]
    weights: tuple[float, ...]
    size: int
    seed: int = 0

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < self.size:
            raise IndexError(f"row {index} of a mixture of {self.size} rows")
        rng = generator(self.seed, "mix", index)
        total = sum(self.weights)
        which = int(rng.choice(len(self.sources), p=[weight / total for weight in self.weights]))
        return self.sources[which][index % len(self.sources[which])]


def mix(*sources: Source, weights: Sequence[float] | None = None, size: int | None = None, seed: int = 0) -> Mixed:
    """Mix sources by weight (default: equal). `size` defaults to the sum of their lengths."""
    return Mixed(
        sources=sources,
        weights=tuple(weights or [1.0] * len(sources)),
        size=size if size is not None else sum(len(source) for source in sources),
        seed=seed,
    )


def rows_of(source: Source) -> Iterator[Sample]:
    for index in range(len(source)):
        yield source[index]
