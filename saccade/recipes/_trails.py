"""A small web of houses and their heirs, and questions about who comes some heirs later.

A page says who the heir is, or that the heir carries the emblem in its picture; then only a look at the picture, and a
search for what was seen, goes on. Every page has other pictures too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

import saccade as sc
from saccade.media.colours import colour_name
from saccade.tools._corpus import Corpus, open_corpus
from saccade.worlds.marks import COLOURS

HOUSES, HOPS = 300, (3, 12)
NUMBERS = ("one", "two", "three", "four", "five", "six")
EMBLEMS = [(colour, number) for colour in COLOURS for number in NUMBERS]
SIDE_PX = 64
FILLER = ["archive", "bridge", "feast", "field", "guest", "ledger", "letter", "list", "map", "mill", "quarrel", "river"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trails:
    """The pages and pictures, and the questions: where a trail begins, how many heirs on it ends, and the number there."""

    corpus: Corpus
    questions: tuple[sc.Sample, ...]


@lru_cache(maxsize=4)
def trails(seed: int, count: int = 60) -> Trails:
    """A web and questions of 3 to 12 hops, one or two of which only a picture tells."""
    rng = sc.generator("trails", seed)
    names = sorted({"".join(rng.choice(list(part)) for part in ("BDFGKLMNPRSTV", "aeiou", "bdfgklmnprstv", "aeiou", "lmnrs"))
                    for _ in range(3 * HOUSES)})
    names = [str(each) for each in rng.permutation(names)[:HOUSES]]
    crests = dict(zip(names[: len(EMBLEMS)], (EMBLEMS[int(k)] for k in rng.permutation(len(EMBLEMS))), strict=True))
    numbers = {name: str(rng.integers(100, 1000)) for name in names}
    seen = {name: bool(rng.random() < 0.25) for name in names}
    heirs = {name: str(rng.choice([each for each in (list(crests) if seen[name] else names) if each != name]))
             for name in names}
    given: dict[str, object] = {}
    for name in names:
        crest = crests[heirs[name]] if seen[name] else EMBLEMS[int(rng.integers(len(EMBLEMS)))]
        given |= {f"{name.lower()}{k}.png": emblem(*(crest if k == 0 else EMBLEMS[int(rng.integers(len(EMBLEMS)))]))
                  for k in range(3)}
        words = " ".join(str(each) for each in rng.choice(FILLER, 180))
        told = f"Its heir carries the emblem in {name.lower()}0.png." if seen[name] else f"Its heir is {heirs[name]}."
        shown = " ".join(f"![an emblem]({name.lower()}{k}.png)" for k in range(3))
        given[f"{name.lower()}.md"] = f"# {name}\n{words}.\nIts number is {numbers[name]}.\n{told}\n{shown}"
    given |= {f"emblem-{colour}-{number}.md": f"# Emblem {colour} {number}\nThe emblem {colour} {number} is that of {name}."
              for name, (colour, number) in crests.items()}
    questions = []
    while len(questions) < count:
        at, hops = str(rng.choice(names)), int(rng.integers(HOPS[0], HOPS[1] + 1))
        way = [at]
        for _ in range(hops):
            way.append(heirs[way[-1]])
        looks = sum(seen[each] for each in way[:-1])
        if looks in (1, 2):
            questions.append(sc.Sample(
                id=f"trail-{seed}-{len(questions)}", target=numbers[way[-1]],
                prompt=(sc.user(f"From {at}, {hops} heirs on."),),
                meta={"answer_type": "exact", "hops": hops, "looks": looks},
            ))
    return Trails(corpus=open_corpus(given), questions=tuple(questions))


def emblem(colour: str, number: str) -> PILImage.Image:
    """A ground with one to six dark dots."""
    picture = PILImage.new("RGB", (SIDE_PX, SIDE_PX), COLOURS[colour])
    for x, y in dots()[: NUMBERS.index(number) + 1]:
        ImageDraw.Draw(picture).ellipse((x - 6, y - 6, x + 6, y + 6), fill="black")
    return picture


def dots() -> list[tuple[int, int]]:
    return [(x, y) for y in (20, 44) for x in (12, 32, 52)]


def read_emblem(pixels: PILImage.Image) -> tuple[str, str]:
    """What the emblem shows, from its pixels."""
    values = np.asarray(pixels.convert("RGB"))
    dark = sum(int(values[y, x].max()) < 60 for x, y in dots())
    return colour_name(tuple(int(each) for each in values[2, 2])), NUMBERS[max(dark, 1) - 1]
