"""Sight that knows the truth of a world, and the same with a stated error rate.

What a world writes into `Sample.meta` (`Truth.things`, the scene, the questions of its state) is projected into the picture
that is looked at: a crop shows what lies in it by half or more, and nothing else. An oracle does not mind how small a
thing is: it bounds what tools could do for a policy. Which answers go wrong follows from the picture, the question and
the seed, not from the order of calls.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.clients.sight.look import Found, Look
from saccade.core.sample import Thing
from saccade.core.seed import generator
from saccade.core.world import Question, World
from saccade.media import boxes, space

UNKNOWN = "That cannot be seen in this picture."
SMALL = {"the", "a", "an", "all", "every", "of", "with", "and", "is", "in", "on", "at", "one"}
LETTERS = "ABCDEFGHJKLMNPRSTUVXYZ0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracle:
    """See `oracle`."""

    error: float = 0.0
    seed: int = 0

    def find(self, look: Look, phrase: str) -> Sequence[Found]:
        """Boxes of the things all words of the phrase fit. An error drops a thing or puts its box beside it."""
        rng = self._rng("find", look, phrase)
        out: list[Found] = []
        for thing, box in visible(look):
            if not words_of(phrase) <= named(thing) | words_of(phrase, plain=False):
                continue
            wrong, moved, side = rng.random(3)
            if wrong < self.error and moved < 0.5:
                continue
            if wrong < self.error:
                reach = (box[2] - box[0]) * (1 if side < 0.5 else -1)
                box = boxes.clip((box[0] + reach, box[1], box[2] + reach, box[3]), look.pixels.size)
            if boxes.area(box) > 0:
                out.append(Found(label=thing.get("label", "thing"), box_xyxy=box))
        return out

    def read(self, look: Look) -> Sequence[Found]:
        """What is written on things, from top to bottom. An error replaces a character."""
        rng = self._rng("read", look)
        lines = [(text, box) for thing, box in visible(look) if (text := thing.get("text"))]
        return [
            Found(label="".join(LETTERS[int(rng.integers(len(LETTERS)))] if rng.random() < self.error else c for c in text),
                  box_xyxy=box)
            for text, box in sorted(lines, key=lambda line: (line[1][1], line[1][0]))
        ]

    def outline(self, look: Look, box_xyxy: boxes.Pixels) -> np.ndarray | None:
        """The thing that overlaps most with the box, by 0.2 at least. An error moves it by a third of its width."""
        overlaps = [(boxes.iou(box, box_xyxy), thing) for thing, box in visible(look)]
        best, thing = max(overlaps, key=lambda each: each[0], default=(0.0, None))
        if thing is None or best < 0.2:
            return None
        mask = drawn(look, thing) if look.sample.meta.get("scene") is None else silhouette(look, thing)
        if self._rng("outline", look, repr(box_xyxy)).random() < self.error:
            x1, _, x2, _ = boxes.from_root(thing["box_xyxy"], look.image.to_root)
            mask = np.roll(mask, max(1, round((x2 - x1) / 3)), axis=1)
        return mask

    def range(self, look: Look) -> np.ndarray | None:
        """Distances of a 3-D scene. An error makes the whole map `error` times too near or too far, pixel by pixel."""
        if look.sample.meta.get("scene") is None or look.number is None:
            return None
        cut = sampled(look, rendered(look).depth)
        return cut * np.exp(self._rng("range", look).normal(0, self.error, cut.shape)) if self.error else cut

    def match(self, look: Look, texts: Sequence[str]) -> Sequence[float]:
        """The share of a text's words that are true of something in the picture. An error turns it round."""
        known = set().union(*(named(thing) for thing, _ in visible(look)))
        rng = self._rng("match", look, *texts)
        shares = [len(wanted & known) / len(wanted) if (wanted := words_of(text)) else 0.0 for text in texts]
        return [1 - share if rng.random() < self.error else share for share in shares]

    def describe(self, look: Look) -> str:
        """Everything in the picture with its box. An error leaves a thing out."""
        rng = self._rng("describe", look)
        said = [f"a {thing.get('label', 'thing')}" + (f" that reads {text!r}" if (text := thing.get("text")) else "")
                + f" at [{', '.join(f'{edge:.0f}' for edge in box)}]"
                for thing, box in visible(look) if rng.random() >= self.error]
        return f"The picture shows {'; '.join(said)}." if said else "There is nothing to see."

    def answer(self, look: Look, question: str) -> str:
        """The world's answer, where what it depends on lies in the picture. An error gives another one."""
        asked = next((each for each in asked_of(look) if plain(each.text) == plain(question)), None)
        if asked is None or not shows(look, asked):
            return UNKNOWN
        rng = self._rng("answer", look, question)
        others = [each for each in (asked.choices or wrong_ones(look, asked)) if str(each) != str(asked.answer)]
        if rng.random() < self.error and others:
            return str(others[int(rng.integers(len(others)))])
        return str(asked.answer)

    def _rng(self, ability: str, look: Look, *more: str) -> np.random.Generator:
        return generator("sight oracle", self.seed, ability, look.image.ref, *more)


def oracle(*, error: float = 0.0, seed: int = 0) -> Oracle:
    """Sight that is right, or wrong with probability `error`. Raises ValueError for a rate outside 0..1."""
    if not 0 <= error <= 1:
        raise ValueError(f"error is a probability between 0 and 1, not {error}")
    return Oracle(error=error, seed=seed)


def visible(look: Look) -> Iterator[tuple[Thing, boxes.Pixels]]:
    """Things of which half or more lies in the picture, each with its box in pixels of the picture.

    Raises ValueError for a sample that does not say what is in it.
    """
    things = look.sample.meta.get("things")
    if not isinstance(things, list):
        raise ValueError(f"sample {look.sample.id}: an oracle of sight needs meta['things'], what a world knows to be in it")
    for thing in things:
        box = thing["box_xyxy"]
        if thing.get("image", 0) == look.number and boxes.cover(box, look.region_xyxy) >= 0.5:
            yield thing, boxes.clip(boxes.from_root(box, look.image.to_root), look.pixels.size)


def drawn(look: Look, thing: Thing) -> np.ndarray:
    """bool[H, W], the outline of a thing of a flat world, its box where it has none."""
    x1, y1, x2, y2 = thing["box_xyxy"]
    corners = thing.get("outline") or [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]
    sx, sy, ox, oy = look.image.to_root
    mask = PILImage.new("1", look.pixels.size)
    ImageDraw.Draw(mask).polygon([((x - ox) / sx - 0.5, (y - oy) / sy - 0.5) for x, y in corners], fill=1)
    return np.asarray(mask)


def silhouette(look: Look, thing: Thing) -> np.ndarray:
    """bool[H, W], what is seen of a block of a 3-D scene, whose name its label begins with."""
    names = [block.name for block in space.blocks_of(look.sample.meta["scene"])]
    return sampled(look, rendered(look).ids == names.index(thing.get("label", "").split()[0]))


def rendered(look: Look) -> space.Rendered:
    """The scene behind a picture, at the size of its root image."""
    scene, number = look.sample.meta["scene"], look.number
    assert number is not None
    return space.render(space.blocks_of(scene), space.cameras_of(scene)[number], space.size_of(scene))


def sampled(look: Look, values: np.ndarray) -> np.ndarray:
    """A map [H, W] of the root image at the pixels of the picture that is looked at."""
    sx, sy, ox, oy = look.image.to_root
    height, width = values.shape
    columns = np.clip((np.arange(look.pixels.width) + 0.5) * sx + ox, 0, width - 1).astype(int)
    rows = np.clip((np.arange(look.pixels.height) + 0.5) * sy + oy, 0, height - 1).astype(int)
    return values[np.ix_(rows, columns)]


def words_of(text: str, *, plain: bool = True) -> set[str]:
    """Words in lower case; `plain` leaves out small words and takes plurals back."""
    words = {word.strip(".,;:?!\"'()") for word in text.lower().split()} - {""}
    return {singular(word) for word in words - SMALL} if plain else words & SMALL


def singular(word: str) -> str:
    if word.endswith(("xes", "sses")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def named(thing: Thing) -> set[str]:
    return words_of(f"{thing.get('label', '')} {thing.get('text', '')}")


def plain(text: str) -> str:
    return " ".join(text.lower().split()).rstrip("?. ")


def asked_of(look: Look) -> tuple[Question, ...]:
    """The question of the sample, and every other one its world can ask about the same state."""
    meta: dict[str, Any] = look.sample.meta
    own = " ".join(message.text for message in look.sample.prompt)
    first = Question(text=own, answer=look.sample.target, choices=look.sample.choices)
    if "world" not in meta or "index" not in meta:
        return (first,)
    module = importlib.import_module(f"saccade.worlds.{meta['world']}")
    world: World[Any, Any] = vars(module)[meta["world"]]
    knobs = {key: tuple(value) if isinstance(value, list) else value for key, value in meta["knobs"].items()}
    return (first, *vars(module)["questions"](world.state(meta["seed"], meta["index"], world.knobs(**knobs))))


def shows(look: Look, asked: Question) -> bool:
    """The own question needs its evidence; for any other one the whole picture must be there."""
    if look.number is None:
        return False
    evidence = look.sample.meta.get("evidence") or []
    own = plain(asked.text) == plain(" ".join(message.text for message in look.sample.prompt))
    if own and evidence and look.sample.meta.get("evidence_image", 0) == look.number:
        return all(boxes.cover(box, look.region_xyxy) >= 0.5 for box in evidence)
    return boxes.cover((0, 0, *look.whole), look.region_xyxy) > 0.99


def wrong_ones(look: Look, asked: Question) -> list[str]:
    """Answers to other questions of the same kind."""
    return sorted({str(each.answer) for each in asked_of(look) if each.answer_type == asked.answer_type})
