"""Images in a rendered text: what the mark of one becomes, and where it stands afterwards.

Expansion is the family's; its counts are checked here, once, when a message is appended. Text around an expansion (line
breaks of Gemma 3) joins the text it stands in, for the tokenizer may merge the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from saccade.core.engine import MediaSpan
from saccade.core.message import Image
from saccade.models.family import Expansion, Family
from saccade.models.manner import A, says
from saccade.models.pieces import Encoder, Piece
from saccade.models.template import Template


def check_marker(template: Template, encoder: Encoder, family: Family) -> None:
    """Raise ValueError when the template does not write the family's mark for an image, or the tokenizer lacks it."""
    if encoder.added.get(family.marker) != family.marker_id:
        raise ValueError(
            f"the tokenizer has {encoder.added.get(family.marker)} as the id of {family.marker}, family {family.name} wants "
            f"{family.marker_id}"
        )
    text = says("user", A)
    pictured = {**text, "content": [{"type": "image"}, *text["content"]]}
    count = template.render([pictured]).count(family.marker) - template.render([text]).count(family.marker)
    if count != 1:
        raise ValueError(f"the chat template writes {family.marker} {count} times for one image; it must write it once")


def expanded(family: Family, image: Image, store: Any, message: int, number: int) -> list[Piece]:
    """The pieces an image becomes. Raises ValueError naming image, size and numbers when the family's counts disagree."""
    size = store.size(image.ref)
    expansion = family.expand(size)
    takes = np.asarray(expansion.feature_mask, bool)
    found = np.asarray(expansion.tokens) == family.placeholder
    if len(takes) != len(found) or not np.array_equal(takes, found) or not found.any():
        raise ValueError(
            f"image {image.ref} of {size[0]} x {size[1]} pixels: family {family.name} announces {int(takes.sum())} "
            f"features in {len(takes)} tokens and writes {int(found.sum())} placeholders in {len(found)}"
        )
    return [
        Piece(message=message, kind="scaffold", text=expansion.head),
        Piece(message=message, kind="image", tokens=tuple(expansion.tokens), image=number, expansion=expansion),
        Piece(message=message, kind="scaffold", text=expansion.tail),
    ]


def spans_of(
    owner: np.ndarray, pieces: Sequence[Piece], images: Sequence[Image], family: Family, ids: np.ndarray
) -> tuple[MediaSpan, ...]:
    """Spans of one message: `owner` int[k] says which piece each of its tokens `ids` comes from.

    Raises ValueError when the message holds other placeholders than those of its images.
    """
    spans = []
    for index in sorted(set(owner.tolist())):
        piece = pieces[index]
        if isinstance(piece.expansion, Expansion):
            start = int(np.flatnonzero(owner == index)[0])
            spans.append(piece.expansion.span(images[piece.image].ref, start))
    counted, found = sum(span.features for span in spans), int((ids == family.placeholder).sum())
    if counted != found:
        raise ValueError(
            f"a message holds {found} image placeholders; its images "
            f"({', '.join(f'{span.ref}: {span.features}' for span in spans) or 'none'}) take {counted}"
        )
    return tuple(spans)
