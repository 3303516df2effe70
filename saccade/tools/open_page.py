"""Read a document of a local corpus; its pictures are named, not shown (as in LMM-Searcher)."""

from __future__ import annotations

from saccade.core.tool import Tool, ToolError, tool
from saccade.tools._corpus import Given, open_corpus


def open_page(*, corpus: Given, longest: int = 4000, name: str = "open_page", cost: float = 1.0) -> Tool:
    """Make the tool. At most `longest` characters are given at once; `start` goes on from there."""

    def read(document: str, start: int = 0) -> str:
        """Read a document. Its pictures are listed by name.

        Args:
            document: Name of the document.
            start: First character to give.
        """
        found = open_corpus(corpus)
        page = found.document(document)
        if not 0 <= start <= len(page.text):
            raise ToolError(f"start is from 0 to {len(page.text)}")
        part = page.text[start : start + longest]
        rest = len(page.text) - start - len(part)
        known = {each.name for each in found.pictures}
        pictures = [f"- {each}: {words}".rstrip(": ") for each, words in page.pictures if each in known]
        return "\n".join([
            page.title, part, *([f"({rest} more characters; go on at start={start + len(part)})"] if rest else []),
            *(["Pictures:", *pictures] if pictures else []),
        ])

    return tool(read, name=name, cost=cost)


TOWN = {"harbour.md": "# The harbour\nThe lighthouse of 1871 is red."}
EXAMPLES = [
    ({"document": "harbour.md"}, "The lighthouse of 1871 is red.", {"corpus": TOWN}),
    ({"document": "../secret.md"}, "there is no document", {"corpus": TOWN}),
    ({"document": "harbour.md", "start": 9999}, "start is from 0 to", {"corpus": TOWN}),
    ({"document": "harbour.md"}, "more characters; go on at start=5)", {"corpus": TOWN, "longest": 5}),
]
