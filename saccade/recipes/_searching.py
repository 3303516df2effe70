"""Questions in other words than the pages', and a policy that searches page images, looks closer and answers.

The search is the real one, over page images with titles; what a page and a crop of it show comes as words.
"""

from __future__ import annotations

from functools import lru_cache

from PIL import Image as PILImage

import saccade as sc
from saccade.media import open_store
from saccade.recipes import _simulated as table
from saccade.tools._corpus import Corpus, open_corpus
from saccade.worlds.pages import PLACES

WORDS = {
    "ships": "vessels", "sacks": "bags", "visitors": "guests", "trains": "engines", "apples": "fruit", "stones": "rocks",
    "books": "volumes", "carts": "wagons", "bells": "chimes", "lamps": "lights", "ropes": "cords", "nets": "meshes",
}
"""What stands in a page's title, and what users say for it."""


@lru_cache(maxsize=1)
def library() -> Corpus:
    """A page image for every place and thing, with its title; no two pictures are alike."""
    titles = [f"{place} {thing}" for place in PLACES for thing in WORDS]
    return open_corpus({f"{title.replace(' ', '-')}.png": (PILImage.new("RGB", (24, 32), (250, 250 - number, 200)), title)
                        for number, title in enumerate(titles)})


def questions() -> list[sc.Sample]:
    """Three things at each of eight places, asked for in the words of users; `pages` is the page meant."""
    refs = {each.name: open_store().put(each.where).ref for each in library().pictures}
    out = []
    for number in range(3 * len(PLACES)):
        place, thing = PLACES[number % len(PLACES)], list(WORDS)[number * 5 % len(WORDS)]
        out.append(table.question(number, f"{place}: {WORDS[thing]}", str(number * 7 % 10), place=place, thing=thing,
                                  pages=[refs[f"{place}-{thing}.png"]]))
    return out


@sc.episode
async def searching(sample: sc.Sample, context: sc.Context, *, fixed: bool = False, closer: bool = True):
    """A word to search for beside the place, a look at the page that comes up, a closer look at it, the answer.

    Every message is written in a context of its own: the question, the title found, or the cell. fixed: the question's own
    words are searched for, once; closer: whether a closer look shows the cell
    """
    asked = WORDS[sample.meta["thing"]]
    message = yield sc.show(sc.user(f"{sample.meta['place']}: {asked}"), tools=context.tools)
    found = ""
    for _ in range(3):
        said = message.text.split()[0] if message.text.split() else ""
        if said.isdigit():
            return
        if said == "crop":
            right = closer and found == f"{sample.meta['place']}-{sample.meta['thing']}.png"
            message = yield sc.show(sc.user(f"the cell says {sample.target}" if right else "no such cell"), after="new")
            continue
        query = asked if fixed else said
        result = await context.call(
            sc.ToolCall(name="search_pages", arguments={"query": f"{sample.meta['place']} {query}"}))
        found = result.text
        title = found.partition("-")[2].removesuffix(".png") or "nothing"
        message = yield sc.show(sc.user(f"asked for {asked}, found {title}"), after="new", tools=context.tools)


@sc.reward
def searched_and_answered():
    """1 for an attempt with a search that ends with a number: the form that gates the others."""
    return lambda trajectory: float(bool(trajectory.events) and trajectory.answer.strip().isdigit())


def traces(seed: int) -> list[sc.Sample]:
    """Messages of sloppy attempts: mostly the user's own word, sometimes a guess where a closer look was due."""
    rng, out = sc.generator("traces", seed), []

    def shown(text: str, *said: str) -> None:
        out.append(table.question(len(out), text, str(rng.choice(said))))

    for sample in questions():
        place, thing = sample.meta["place"], sample.meta["thing"]
        for _ in range(10):
            shown(f"{place}: {WORDS[thing]}", *[WORDS[thing]] * 7, thing, *rng.choice(list(WORDS), 2))
        for title in WORDS:
            then = ["crop"] * 3 + ["4", "7"] if title == thing else [WORDS[thing], "crop"]
            shown(f"asked for {WORDS[thing]}, found {title}", *then)
    for digit in "0123456789":
        out += [table.question(len(out) + k, f"the cell says {digit}", digit) for k in range(8)]
    out += [table.question(len(out) + k, "no such cell", word) for k, word in enumerate(WORDS.values())]
    return out
