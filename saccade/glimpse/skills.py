"""What the model card measures: skills, each a way to draw held-out questions with their truth.

Procedural items come from generators that training never uses; the real variant of `hidden_detail` from test scans and
test photographs. A skill's blind baseline is the same model shown the picture of another item with the same question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saccade import worlds
from saccade.core.seed import generator
from saccade.core.world import Question
from saccade.glimpse.talk import Talk, asked
from saccade.glimpse.views import (
    at_64,
    chart_questions,
    clip_questions,
    maze_questions,
    pair_questions,
    scene_questions,
    table_questions,
    text_questions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """`pattern` picks the questions that count; `least` is the accuracy glimpse must reach, `above_blind` its lead."""

    world: Any
    knobs: Any
    questions: Callable[[Any], Sequence[Question]]
    pattern: str
    least: float = 0.0
    above_blind: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    question: Question
    pixels: tuple[Any, ...]

    def talk(self, pixels: tuple[Any, ...] | None = None) -> Talk:
        return Talk(kind="skill", messages=(asked(self.question.text, *(pixels or self.pixels)),), learned=())


def _text(*kinds: str) -> Any:
    return replace(at_64(worlds.text, "easy"), kinds=kinds, split="test")


_SCENES = (worlds.scenes, at_64(worlds.scenes, "easy"), scene_questions)
_ONE = (worlds.scenes, replace(at_64(worlds.scenes, "easy"), most=1), scene_questions)
_PLAIN = {"least": 0.6, "above_blind": 0.2}

SKILLS: dict[str, Skill] = {
    name: Skill(world=world, knobs=knobs, questions=questions, pattern=pattern, **bounds)
    for name, (world, knobs, questions), pattern, bounds in [
        ("colours", _SCENES, r"What colour", {"least": 0.9}),
        ("shapes", _SCENES, r"What shape", {"least": 0.9}),
        ("positions", _SCENES, r"left or right|top or bottom|Which corner", {"least": 0.9}),
        ("colour of one shape", _ONE, r"What colour", {}),
        ("kind of one shape", _ONE, r"What shape", {}),
        ("position of one shape", _ONE, r"left or right|top or bottom|Which corner", {}),
        ("boxes", _SCENES, r"Where is", {}),
        ("counts", _SCENES, r"How many", _PLAIN),
        ("compare", _SCENES, r"More|larger", {"least": 0.75}),
        ("relations", _SCENES, r"left of|above", {}),
        ("large digits", (worlds.text, _text("digit"), text_questions), r"Which digit", {"least": 0.85}),
        ("large handwritten digits", (worlds.text, _text("scan"), text_questions), r"Which digit", {}),
        ("large letters", (worlds.text, _text("letter"), text_questions), r"Which letter", {"least": 0.85}),
        ("numbers", (worlds.text, _text("number"), text_questions), r"Which number", {}),
        ("words", (worlds.text, _text("word"), text_questions), r"Which word", {}),
        ("charts", (worlds.charts, at_64(worlds.charts, "easy"), chart_questions), r"", _PLAIN),
        ("tables", (worlds.tables, at_64(worlds.tables, "easy"), table_questions), r"", _PLAIN),
        ("two images", (worlds.pairs, at_64(worlds.pairs, "easy"), pair_questions), r"", _PLAIN),
        ("clips", (worlds.clips, at_64(worlds.clips, "easy"), clip_questions), r"", _PLAIN),
        ("mazes", (worlds.mazes, at_64(worlds.mazes, "easy"), maze_questions), r"", {}),
    ]
}


def items(name: str, count: int) -> list[Item]:
    """Held-out questions of a skill, one a picture."""
    skill, out, index = SKILLS[name], [], 0
    while len(out) < count:
        rng: np.random.Generator = generator("glimpse", "held out", name, index)
        state, index = skill.world.generate(rng, skill.knobs), index + 1
        pool = [each for each in skill.questions(state) if re.search(skill.pattern, each.text)]
        if pool:
            out.append(Item(question=pool[int(rng.integers(len(pool)))], pixels=tuple(skill.world.render(state))))
    return out
