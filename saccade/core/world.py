"""A world is a procedural task with exact truth: generate, render, ask, describe, solve, verify.

One object serves as data source, environment, reward, benchmark and gallery page. Item i is a function of
(seed, i, knobs); nothing depends on the order in which items are asked for. Every item carries its truth in
`Sample.meta` (see `core.sample.Truth`): evidence boxes, distractor boxes, whether the overview suffices.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from PIL import Image as PILImage

from saccade.core.message import Image, Message, Text
from saccade.core.sample import Sample, Truth
from saccade.core.seed import generator, seed_of

Knobs = TypeVar("Knobs")
State = TypeVar("State")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about a state. `answer_type` is ``exact``, ``choice``, ``number``, ``box``, ``sequence``, ..."""

    text: str
    answer: Any
    answer_type: str = "exact"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class World(Generic[Knobs, State]):
    """A procedural task.

    knobs:    frozen dataclass of named difficulty settings, all with defaults
    levels:   named settings of the knobs; ``easy`` must exist
    generate: (rng, knobs) -> state, a frozen dataclass with everything there is to know about the item
    render:   (state) -> the pictures, PIL RGB, at the size of the root image (the policy may see them smaller)
    ask:      (state) -> Question
    describe: (state) -> the state in words, complete enough that the answer follows from it
    solve:    (state) -> an answer found from the state (not read from `ask`), as a policy would write it
    verify:   (state, answer text) -> 0..1
    truth:    (state) -> evidence, distractors, overview_suffices and what else the world knows
    """

    name: str
    knobs: type[Knobs]
    levels: Mapping[str, Knobs]
    generate: Callable[[np.random.Generator, Knobs], State]
    render: Callable[[State], Sequence[PILImage.Image]]
    ask: Callable[[State], Question]
    describe: Callable[[State], str]
    solve: Callable[[State], str]
    verify: Callable[[State, str], float]
    truth: Callable[[State], Truth] = field(default=lambda state: {})

    def state(self, seed: int, index: int, knobs: Knobs) -> State:
        return self.generate(generator(self.name, seed, index), knobs)

    def source(self, *, size: int, seed: int = 0, level: str = "easy", **changes: Any) -> WorldSource[Knobs, State]:
        """Items 0..size-1 of this world at a level, with single knobs changed. Raises ValueError for unknown names."""
        if level not in self.levels:
            raise ValueError(f"world {self.name!r} has no level {level!r}; it has {', '.join(self.levels)}")
        known = {each.name for each in dataclasses.fields(self.knobs)}  # type: ignore[arg-type]
        unknown = sorted(set(changes) - known)
        if unknown:
            raise ValueError(f"world {self.name!r} has no knob {unknown[0]!r}; it has {', '.join(sorted(known))}")
        knobs = dataclasses.replace(self.levels[level], **changes)  # type: ignore[type-var]
        return WorldSource(world=self, seed=seed, size=size, level=level, knobs=knobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSource(Generic[Knobs, State]):
    """A source over a world. `world.state(...)` gives the state behind a sample: index and seed are in its meta."""

    world: World[Knobs, State]
    seed: int
    size: int
    level: str
    knobs: Knobs

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < self.size:
            raise IndexError(f"item {index} of {self.size} items of world {self.world.name!r}")
        state = self.world.state(self.seed, index, self.knobs)
        question = self.world.ask(state)
        name = f"{self.world.name}/{self.level}/{self.seed}/{index}"
        drawn = seed_of(repr(self.knobs))  # a store knows lazy pixels by name: other knobs must give another one
        images = tuple(
            Image(ref=f"lazy:{name}/{drawn:x}/{which}", data=pixels) for which, pixels in enumerate(self.world.render(state))
        )
        meta: dict[str, Any] = {
            "world": self.world.name,
            "index": index,
            "seed": self.seed,
            "level": self.level,
            "knobs": dataclasses.asdict(self.knobs),  # type: ignore[call-overload]
            "answer_type": question.answer_type,
            "description": self.world.describe(state),
            **self.world.truth(state),
        }
        prompt = Message(role="user", parts=(*images, Text(text=question.text)))
        return Sample(id=name, prompt=(prompt,), target=question.answer, choices=question.choices, meta=meta)
