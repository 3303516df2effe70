"""The part of the corpus that teaches to see: worlds asked densely, two pictures, clips, and free choice of tools.

A world that can ask several questions about one picture is asked up to five of them, of different sorts first, because
one question a picture leaves places and counts unlearned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from saccade import worlds
from saccade.core.message import Message, Part, Text
from saccade.core.world import Question, World
from saccade.glimpse.talk import Talk, answered, asked, offered
from saccade.worlds.charts import questions as chart_questions
from saccade.worlds.clips import questions as clip_questions
from saccade.worlds.mazes import questions as maze_questions
from saccade.worlds.pairs import questions as pair_questions
from saccade.worlds.scenes import questions as scene_questions
from saccade.worlds.tables import questions as table_questions
from saccade.worlds.text import questions as text_questions


def dense(
    rng: np.random.Generator, kind: str, world: World, knobs: Any, questions: Callable[[Any], Sequence[Question]], *,
    most: int = 5, tools: tuple[dict[str, Any], ...] = (),
) -> Talk:
    """A picture (or several) of a world with up to `most` questions, the first word of each as different as possible."""
    state = world.generate(rng, knobs)
    pool = list(questions(state))
    order = [pool[int(place)] for place in rng.permutation(len(pool))]
    picked = spread(order, most)
    return told(kind, world.render(state), [(each.text, str(each.answer)) for each in picked], tools)


def spread(questions: Sequence[Question], most: int) -> list[Question]:
    """Up to `most` questions, in order, taking a new sort (two leading words) before a second one of a sort seen."""
    ranked, counts = [], {}
    for place, each in enumerate(questions):
        sort = " ".join(each.text.split()[:2])
        counts[sort] = counts.get(sort, 0) + 1
        ranked.append((counts[sort], place, each))
    return [each for _, _, each in sorted(ranked, key=lambda item: item[:2])[:most]]


def told(
    kind: str, pixels: Sequence[Any], pairs: Sequence[tuple[str, str]], tools: tuple[dict[str, Any], ...] = ()
) -> Talk:
    """A conversation about some pictures, shown with the first question; every answer is learned."""
    messages: list[Message] = []
    for turn, (question, answer) in enumerate(pairs):
        messages += [asked(question, *pixels) if turn == 0 else asked(question), answered(answer)]
    return Talk(kind=kind, messages=tuple(messages), learned=tuple(range(1, len(messages), 2)), tools=tools)


def at_64(world: World, level: str) -> Any:
    """The knobs of a level, drawn at the size glimpse sees."""
    return replace(world.levels[level], size_px=64)


def scenes(rng: np.random.Generator) -> Talk:
    level = ("easy", "easy", "medium")[int(rng.integers(3))]
    return dense(rng, "scenes", worlds.scenes, at_64(worlds.scenes, level), scene_questions, tools=sometimes(rng))


def places(rng: np.random.Generator) -> Talk:
    """Where is every shape of a fuller picture: boxes and sides stay unlearned with one query a picture."""
    knobs = replace(at_64(worlds.scenes, "easy"), least=2, most=5, lines=int(rng.integers(3)))
    words = ("Where", "Is the", "Which corner") if rng.random() < 0.3 else ("Where",)
    return dense(rng, "places", worlds.scenes, knobs, lambda state: only(scene_questions(state), words), most=6)


def apart(rng: np.random.Generator) -> Talk:
    """One to four shapes of different colours, and for each its box, sides, kind: the shortest lesson in finding.

    A colour is enough to know which shape is meant, so that places can be learned before names are bound to shapes.
    """
    knobs = replace(at_64(worlds.scenes, "easy"), least=1, most=4)
    state = worlds.scenes.generate(rng, knobs)
    while len({shape.colour for shape in state.shapes}) < len(state.shapes):
        state = worlds.scenes.generate(rng, knobs)
    words = ("Where",) if rng.random() < 0.7 else ("Where", "Is the", "Which corner", "What")
    pool = only(scene_questions(state), words)
    picked = [pool[int(place)] for place in rng.permutation(len(pool))[:6]]
    return told("apart", worlds.scenes.render(state), [(each.text, str(each.answer)) for each in picked])


def one_place(rng: np.random.Generator) -> Talk:
    """The place of one shape, or of two, said in every way there is: sides, corner and box."""
    knobs = replace(at_64(worlds.scenes, "easy"), least=1, most=int(rng.choice([1, 1, 2])))
    words = ("Where", "Is the", "Which corner")
    return dense(rng, "one_place", worlds.scenes, knobs, lambda state: only(scene_questions(state), words), most=5)


def names(rng: np.random.Generator) -> Talk:
    """Which colour has which shape: what belongs together, over and over."""
    level = ("easy", "medium")[int(rng.random() < 0.3)]
    words = ("What", "Which is larger")
    return dense(rng, "names", worlds.scenes, at_64(worlds.scenes, level),
                 lambda state: only(scene_questions(state), words), most=6)


def only(questions: Sequence[Question], words: tuple[str, ...]) -> Sequence[Question]:
    """The questions that begin with one of these words; all of them where none does."""
    return [each for each in questions if each.text.startswith(words)] or questions


def charts(rng: np.random.Generator) -> Talk:
    level = ("easy", "easy", "medium")[int(rng.integers(3))]
    return dense(rng, "charts", worlds.charts, at_64(worlds.charts, level), chart_questions, tools=sometimes(rng))


def tables(rng: np.random.Generator) -> Talk:
    return dense(rng, "tables", worlds.tables, at_64(worlds.tables, "easy"), table_questions, most=6)


def text(rng: np.random.Generator) -> Talk:
    kinds = ("digit", "letter", "number", "word", "scan")
    knobs = replace(at_64(worlds.text, "easy"), kinds=(kinds[int(rng.integers(5))],), low=0.25, turn=8.0,
                    textured=bool(rng.random() < 0.4))
    return dense(rng, "text", worlds.text, knobs, text_questions, tools=sometimes(rng))


def one_glyph(rng: np.random.Generator) -> Talk:
    """One large glyph and what it is: the shortest lesson in reading."""
    kind = ("digit", "letter", "scan")[int(rng.choice(3, p=(0.3, 0.4, 0.3)))]
    textured = bool(rng.random() < 0.4)
    knobs = replace(at_64(worlds.text, "easy"), kinds=(kind,), low=0.3, high=0.9, turn=8.0, textured=textured)
    state = worlds.text.generate(rng, knobs)
    asked_for = worlds.text.ask(state)
    return told("one_glyph", worlds.text.render(state), [(asked_for.text, str(asked_for.answer))])


def mazes(rng: np.random.Generator) -> Talk:
    return dense(rng, "mazes", worlds.mazes, at_64(worlds.mazes, "easy"), maze_questions, most=7)


def pairs(rng: np.random.Generator) -> Talk:
    return dense(rng, "pairs", worlds.pairs, at_64(worlds.pairs, "easy"), pair_questions, most=6)


def clips(rng: np.random.Generator) -> Talk:
    """Three or four frames; in half of the clips each has its time before it, as a video becomes frames."""
    knobs = replace(at_64(worlds.clips, "easy"), frames=int(rng.integers(3, 5)))
    talk = dense(rng, "clips", worlds.clips, knobs, clip_questions, most=7)
    return talk if rng.random() < 0.5 else replace(talk, messages=(timed(talk.messages[0], rng), *talk.messages[1:]))


def timed(message: Message, rng: np.random.Generator) -> Message:
    """The message with the time of each frame written before it."""
    every_s = float(rng.choice([0.5, 1.0, 2.0]))
    parts: list[Part] = []
    for number, image in enumerate(message.images):
        parts += [Text(text=f"<{number * every_s:.1f} seconds>"), replace(image, at_s=number * every_s)]
    return replace(message, parts=(*parts, Text(text=message.text)))


def sometimes(rng: np.random.Generator) -> tuple[dict[str, Any], ...]:
    """The zoom tool, on offer but not needed, now and then: what can be seen is answered at once."""
    return offered(rng) if rng.random() < 0.08 else ()
