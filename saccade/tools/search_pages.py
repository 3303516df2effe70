"""Search a corpus of page images; the best page that was not shown yet comes as a picture (arXiv 2505.22019).

Pages are ranked by the words on them (BM25) or by an embedder that compares the query with the page's pixels. Which pages
were shown is remembered for the attempt, so that the same search again turns up the next one.
"""

from __future__ import annotations

from dataclasses import replace

from saccade.core.episode import Context
from saccade.core.message import Part, Text
from saccade.core.tool import Tool, tool
from saccade.media.image import fit
from saccade.tools._corpus import Given, asked, open_corpus, ranked, shown
from saccade.tools._embedded import Embeds, similarities


def search_pages(
    *, corpus: Given, embedder: Embeds | None = None, max_side_px: int | None = None, name: str = "search_pages",
    cost: float = 1.0,
) -> Tool:
    """Make the tool.

    corpus:      a folder of pictures, the text of each in a file of the same name that ends in ``.txt``; or pairs by name
    embedder:    ranks by pixels; without one, pages are ranked by their words
    max_side_px: pages are shown at most so large; `crop(target="last", from_root=True)` then cuts from the page's own pixels
    """

    def opened() -> Tool:
        seen: set[str] = set()

        def search(query: str, context: Context) -> list[Part]:
            """Search the pages. Shows the best page that was not shown yet.

            Args:
                query: Words to search for.
            """
            found, query = open_corpus(corpus), asked(query)
            scores = found.picture_index.scores(query) if embedder is None else similarities(embedder, found, query, context)
            fresh = (place for place in ranked(scores, len(scores)) if found.pictures[place].name not in seen)
            place = next(fresh, None)
            if place is None:
                return [Text(text="No further page was found; try other words.")]
            page = found.pictures[place]
            seen.add(page.name)
            image = shown(page, context)
            small, placed = fit(context.store.get(image.ref), max_side_px=max_side_px)
            if small.size != context.store.size(image.ref):
                image = context.store.put(small, parent=image, to_parent=placed, note=page.name)
            return [image, Text(text=page.name)]

        return tool(search, name=name, cost=cost, pure=False)

    made = opened()
    return replace(made, open=opened)


def _report() -> dict:
    from PIL import Image as PILImage

    return {"p1.png": (PILImage.new("RGB", (96, 128), "white"), "harbour report ships"),
            "p2.png": (PILImage.new("RGB", (96, 128), "grey"), "mill report wind")}


EXAMPLES = [
    ({"query": "ships of the harbour"}, (96, 128), {"corpus": _report()}),
    ({"query": "ships"}, (48, 64), {"corpus": _report(), "max_side_px": 64}),
    ({"query": "submarine"}, "No further page", {"corpus": _report()}),
    ({"query": "\n"}, "say what to search for", {"corpus": _report()}),
]
