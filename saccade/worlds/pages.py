"""Page images of a small library: a title, a coloured emblem and a table; which page says it, and what does it say?

A sample shows a few pages and asks for one cell of the table on one of them. `library` gives whole corpora of such pages for
`tools.search_pages`, with the words on each page, and `pairs` gives queries with the page they mean, which is what a page
embedder is trained and measured on (the subject of VRAG-RL, arXiv 2505.22019).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Thing, Truth
from saccade.core.seed import generator
from saccade.core.world import Question, World
from saccade.media.draw import font
from saccade.worlds.answers import agrees
from saccade.worlds.marks import COLOURS, DARK
from saccade.worlds.shapes import KINDS, Shape, corners

PLACES = ("Harbour", "Mill", "Market", "Station", "Orchard", "Quarry", "Library", "Bridge")
THINGS = ("ships", "sacks", "visitors", "trains", "apples", "stones", "books", "carts")
YEARS = ("2015", "2016", "2017", "2018", "2019")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: width of a page; its height is four thirds of it
    pages:     shown in a sample, 1 to 8
    rows:      of the table, 1 to 5
    """

    size_px: int = 144
    pages: int = 2
    rows: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page about a place: what it counts, the years and values of its table, and its emblem."""

    place: str
    thing: str
    years: tuple[str, ...]
    values: tuple[int, ...]
    colour: str
    form: str

    @property
    def title(self) -> str:
        return f"{self.place} {self.thing}"

    @property
    def text(self) -> str:
        """The words on it, as a reader would find them."""
        return " ".join((self.title, *(f"{year} {value}" for year, value in zip(self.years, self.values, strict=True))))


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    knobs: Knobs
    pages: tuple[Page, ...]
    asked: int


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 1 <= knobs.pages <= len(PLACES) or not 1 <= knobs.rows <= len(YEARS):
        raise ValueError(f"pages: pages is 1 to {len(PLACES)} and rows 1 to {len(YEARS)}, "
                         f"not {knobs.pages} and {knobs.rows}")
    places = [str(each) for each in rng.permutation(list(PLACES))[: knobs.pages]]
    pages = tuple(draw_page(rng, place, knobs.rows) for place in places)
    return State(knobs=knobs, pages=pages, asked=int(rng.integers(knobs.pages * knobs.rows)))


def draw_page(rng: np.random.Generator, place: str, rows: int) -> Page:
    """A page about a place, everything else drawn."""
    first = int(rng.integers(len(YEARS) - rows + 1))
    return Page(place=place, thing=str(rng.choice(list(THINGS))), years=YEARS[first:first + rows],
                values=tuple(int(value) for value in rng.integers(100, 1000, rows)),
                colour=str(rng.choice(list(COLOURS))), form=str(rng.choice(list(KINDS))))


def row_box(knobs: Knobs, row: int) -> list[float]:
    """A row of the table, px of its page."""
    wide, high = knobs.size_px, knobs.size_px * 4 / 3
    return [wide * 0.08, high * (0.46 + 0.1 * row), wide * 0.92, high * (0.46 + 0.1 * (row + 1))]


def draw(page: Page, width_px: int, rows: int) -> PILImage.Image:
    """The page: a title under a coloured bar, the emblem, and the table with its lines."""
    wide, high = width_px, width_px * 4 // 3
    picture = PILImage.new("RGB", (wide, high), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, wide, high * 0.05), fill=COLOURS[page.colour])
    pen.text((wide * 0.08, high * 0.08), page.title, fill=DARK, font=font(max(7, round(wide * 0.085))))
    emblem = Shape(kind=page.form, colour=page.colour, size="large", x=0.5, y=0.5)
    pen.polygon([(wide * (0.5 + (x / 100 - 0.5) * 0.7), high * 0.31 + wide * (y / 100 - 0.5) * 0.7)
                 for x, y in corners(emblem, 100)], fill=COLOURS[page.colour])
    knobs = Knobs(size_px=width_px, rows=rows)
    for row, (year, value) in enumerate(zip(page.years, page.values, strict=True)):
        x1, y1, x2, y2 = row_box(knobs, row)
        pen.rectangle((x1, y1, x2, y2), outline=(120, 120, 120))
        letters = font(max(7, round(high * 0.055)))
        pen.text((x1 + wide * 0.04, (y1 + y2) / 2), year, fill=DARK, font=letters, anchor="lm")
        pen.text((x2 - wide * 0.04, (y1 + y2) / 2), str(value), fill=DARK, font=letters, anchor="rm")
    return picture


def render(state: State) -> tuple[PILImage.Image, ...]:
    return tuple(draw(page, state.knobs.size_px, state.knobs.rows) for page in state.pages)


def questions(state: State) -> tuple[Question, ...]:
    """Every cell of every page."""
    return tuple(Question(text=f"How many {page.thing} did the {page.place} count in {year}?", answer=str(value),
                          answer_type="number")
                 for page in state.pages for year, value in zip(page.years, page.values, strict=True))


def ask(state: State) -> Question:
    return questions(state)[state.asked]


def describe(state: State) -> str:
    return " ".join(f"Page {number} is titled {page.title!r} with a {page.colour} {page.form}; its table says "
                    + ", ".join(f"{year}: {value}" for year, value in zip(page.years, page.values, strict=True)) + "."
                    for number, page in enumerate(state.pages, start=1))


def solve(state: State) -> str:
    found = re.fullmatch(r"How many (\w+) did the (\w+) count in (\d+)\?", ask(state).text)
    assert found
    page = next(each for each in state.pages if each.place == found[2])
    return str(page.values[page.years.index(found[3])])


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


def truth(state: State) -> Truth:
    """Evidence: the row of the table. The overview of 64 px does not show it."""
    page, row = divmod(state.asked, state.knobs.rows)
    return Truth(
        evidence=[row_box(state.knobs, row)], evidence_image=page,
        distractors=[row_box(state.knobs, other) for other in range(state.knobs.rows) if other != row],
        things=[Thing(label=f"row {year}", text=f"{year} {value}", box_xyxy=row_box(state.knobs, place), image=number)
                for number, each in enumerate(state.pages)
                for place, (year, value) in enumerate(zip(each.years, each.values, strict=True))],
        overview_suffices=False,
    )


pages = World(
    name="pages",
    knobs=Knobs,
    levels={"easy": Knobs(), "medium": Knobs(pages=4, rows=3), "hard": Knobs(size_px=216, pages=6, rows=5)},
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)


def library(seed: int, *, places: int = 8, width_px: int = 144, rows: int = 3) -> dict[str, tuple[PILImage.Image, str]]:
    """A corpus for `search_pages`: page images with the words on them, one a place, by name."""
    drawn = (draw_page(generator("pages", "library", seed, place), place, rows) for place in PLACES[:places])
    return {f"{page.place.lower()}.png": (draw(page, width_px, rows), page.text) for page in drawn}


def pairs(rng: np.random.Generator, count: int, *, width_px: int = 48) -> list[tuple[str, PILImage.Image]]:
    """Queries that name what a page shows (its emblem in words), each with its page; no two pages of one list share theirs.

    Raises ValueError for more than there are emblems.
    """
    emblems = [(colour, form) for colour in COLOURS for form in KINDS]
    if count > len(emblems):
        raise ValueError(f"pages: at most {len(emblems)} pairs differ by their emblem, not {count}")
    out = []
    for place in rng.permutation(len(emblems))[:count]:
        colour, form = emblems[int(place)]
        drawn = draw_page(rng, str(rng.choice(list(PLACES))), 3)
        page = Page(place=drawn.place, thing=drawn.thing, years=drawn.years, values=drawn.values, colour=colour, form=form)
        words = (f"the page with a {colour} {form}", f"{colour} {form}", f"which page shows the {colour} {form}")
        out.append((words[int(rng.integers(len(words)))], draw(page, width_px, 3)))
    return out


EXAMPLES = [(0, 0, "205"), (0, 1, "392"), (3, 5, "302")]
