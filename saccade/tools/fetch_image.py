"""Load a picture by its identifier: pictures stay outside the context until they are asked for (LMM-Searcher).

Only pictures of this attempt can be had: those shown so far, those of the sample, and those of the corpus it was given.
The store of a run holds the pictures of all attempts; an identifier of another one is unknown here.
"""

from __future__ import annotations

from saccade.core.episode import Context
from saccade.core.message import Image
from saccade.core.tool import Tool, ToolError, tool
from saccade.media.image import fit
from saccade.tools._corpus import Given, open_corpus, shown


def fetch_image(
    *, corpus: Given | None = None, min_side_px: int = 28, max_side_px: int = 2048, name: str = "fetch_image",
    cost: float = 1.0,
) -> Tool:
    """Make the tool. Pictures are scaled so that their sides lie between the two bounds, the upper one winning."""

    def fetch(identifier: str, context: Context) -> Image:
        """Show an image by its identifier.

        Args:
            identifier: Identifier of the image: its reference, its number, or its name in the documents.
        """
        image = _found(identifier.strip(), context, corpus)
        pixels, placed = fit(context.store.get(image.ref), min_side_px=min_side_px, max_side_px=max_side_px)
        if pixels.size == context.store.size(image.ref):
            return image
        return context.store.put(pixels, parent=image, to_parent=placed)

    return tool(fetch, name=name, cost=cost)


def _found(identifier: str, context: Context, corpus: Given | None) -> Image:
    """The picture of that name. Raises ToolError where this attempt has none."""
    for each in context.sample.images:
        own = context.store.adopt(each)
        if identifier in (each.ref, own.ref):
            return own
    if corpus is not None:
        known = open_corpus(corpus)
        if any(each.name == identifier for each in known.pictures):
            return shown(known.picture(identifier), context)
    try:
        return context.image(identifier)
    except ToolError:
        raise ToolError(f"there is no image {identifier!r:.80} here; use an identifier that was shown") from None


EXAMPLES = [
    ({"identifier": "1"}, (192, 144)),
    ({"identifier": "1"}, (96, 72), {"max_side_px": 96}),
    ({"identifier": "/etc/passwd"}, "there is no image"),
    ({"identifier": "px:00000000000000000000000000000000"}, "there is no image"),
]
