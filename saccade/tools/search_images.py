"""Search the pictures of a local corpus by words: names to fetch, so that no picture fills the context unasked.

Pictures are ranked by the words beside them, or by an embedder that compares the query with their pixels.
"""

from __future__ import annotations

from saccade.core.episode import Context
from saccade.core.tool import Tool, tool
from saccade.text.bm25 import excerpt
from saccade.tools._corpus import Given, asked, open_corpus, ranked
from saccade.tools._embedded import Embeds, similarities


def search_images(
    *, corpus: Given, embedder: Embeds | None = None, most: int = 5, name: str = "search_images", cost: float = 1.0
) -> Tool:
    """Make the tool. `corpus` as for `search_text`; `embedder` ranks by pixels instead of words beside them."""

    def search(query: str, context: Context) -> str:
        """Search for images. Gives the name of each and the words beside it; fetch_image shows one.

        Args:
            query: Words to search for.
        """
        found, query = open_corpus(corpus), asked(query)
        scores = found.picture_index.scores(query) if embedder is None else similarities(embedder, found, query, context)
        lines = [f"{number}. {each.name}: {excerpt(each.text, query, longest=120)}".rstrip(": ")
                 for number, each in enumerate((found.pictures[place] for place in ranked(scores, most)), start=1)]
        return "\n".join(lines) or "Nothing was found; try other words."

    return tool(search, name=name, cost=cost)


def _town() -> dict:
    from PIL import Image as PILImage

    return {"light.png": (PILImage.new("RGB", (64, 48), "red"), "the red lighthouse"),
            "mill.png": (PILImage.new("RGB", (64, 48), "grey"), "the old mill")}


EXAMPLES = [
    ({"query": "lighthouse"}, "1. light.png: the red lighthouse", {"corpus": _town()}),
    ({"query": "submarine"}, "Nothing was found", {"corpus": _town()}),
    ({"query": ""}, "say what to search for", {"corpus": _town()}),
]
