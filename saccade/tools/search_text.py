"""Search a local corpus of documents as one searches the web: titles, names and the fitting stretch of each text."""

from __future__ import annotations

from saccade.core.tool import Tool, tool
from saccade.text.bm25 import excerpt
from saccade.tools._corpus import Given, asked, open_corpus, ranked


def search_text(*, corpus: Given, most: int = 5, name: str = "search_text", cost: float = 1.0) -> Tool:
    """Make the tool. `corpus` is a folder of texts and pictures, or documents by name; it is read at the first search."""

    def search(query: str) -> str:
        """Search the documents for text. Gives title, name and an excerpt of each.

        Args:
            query: Words to search for.
        """
        found = open_corpus(corpus)
        places = ranked(found.text_index.scores(asked(query)), most)
        lines = [f"{number}. {each.title} ({each.name})\n{excerpt(each.text, query)}"
                 for number, each in enumerate((found.documents[place] for place in places), start=1)]
        return "\n".join(lines) or "Nothing was found; try other words."

    return tool(search, name=name, cost=cost)


TOWN = {"harbour.md": "# The harbour\nThe lighthouse of 1871 is red. ![the lighthouse](light.png)",
        "mill.md": "# The mill\nIt is old."}
EXAMPLES = [
    ({"query": "red lighthouse"}, "1. The harbour (harbour.md)", {"corpus": TOWN}),
    ({"query": "submarine"}, "Nothing was found", {"corpus": TOWN}),
    ({"query": " "}, "say what to search for", {"corpus": TOWN}),
]
