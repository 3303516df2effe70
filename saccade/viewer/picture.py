"""Pictures inside a page: as data URIs, small enough, with the boxes that were looked at drawn over them as vectors."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image as PILImage

from saccade.core.message import Image
from saccade.core.store import MediaStore
from saccade.viewer.markup import Html, tag

COLOURS = ("#e6194b", "#3c6df0", "#f58231", "#008a7a", "#a626d9", "#7a5c00")
"""Of looks, in turn; each is drawn on a white edge, so that it shows on any picture."""

ROOT_PX, CROP_PX = 720, 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A box in pixels of the picture; `label` stands at its corner. `truth` is drawn dashed and without a label."""

    box_xyxy: Sequence[float]
    label: str = ""
    colour: str = COLOURS[0]
    truth: bool = False


def colour_of(look: int) -> str:
    """The colour of look 0, 1, ..."""
    return COLOURS[look % len(COLOURS)]


def data_uri(pixels: PILImage.Image, *, most_px: int) -> str:
    """The picture as PNG or JPEG, whichever is smaller, at most `most_px` on its longer side."""
    scale = most_px / max(pixels.size)
    if scale < 1:
        size = (max(1, round(pixels.width * scale)), max(1, round(pixels.height * scale)))
        pixels = pixels.resize(size, PILImage.Resampling.LANCZOS)
    kinds: list[tuple[int, str, bytes]] = []
    for kind, options in (("png", {"optimize": True}), ("jpeg", {"quality": 88})):
        out = io.BytesIO()
        pixels.convert("RGB").save(out, kind, **options)
        kinds.append((out.tell(), kind, out.getvalue()))
    _, kind, data = min(kinds)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def found(store: MediaStore, ref: str) -> PILImage.Image | None:
    """The pixels of a ref, None where the store has none or the file is broken."""
    try:
        return store.get(ref)
    except (KeyError, OSError, ValueError, SyntaxError, AttributeError, TypeError, PILImage.DecompressionBombError):
        return None


def root_picture(image: Image, store: MediaStore, marks: Sequence[Mark], *, caption: str = "") -> Html:
    """A picture at full width of its column with boxes over it."""
    pixels = found(store, image.ref)
    if pixels is None:
        return tag("p", f"The picture {image.ref[:60]} is not in this folder.", class_="soft")
    width, height = pixels.size
    drawn = [shape for mark in marks for shape in drawing(mark, width, height)]
    overlay = tag("svg", *drawn, viewBox=f"0 0 {width} {height}", role="img",
                  aria_label=f"{sum(not mark.truth for mark in marks)} looks") if drawn else None
    stage = tag("div", tag("img", src=data_uri(pixels, most_px=ROOT_PX), alt=image.note or "the picture", loading="lazy"),
                overlay, class_="stage")
    return tag("figure", stage, tag("figcaption", caption or f"{width} x {height} px"))


def drawing(mark: Mark, width: int, height: int) -> list[Html]:
    """A mark as shapes, in pixels of the picture. Boxes that are not four finite numbers are not drawn."""
    try:
        x1, y1, x2, y2 = (float(edge) for edge in mark.box_xyxy)
    except (TypeError, ValueError):
        return []
    if not all(math.isfinite(edge) for edge in (x1, y1, x2, y2)) or x1 >= x2 or y1 >= y2:
        return []
    unit = max(width, height) / 100
    box = {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1, "fill": "none"}
    if mark.truth:
        return [tag("rect", **box, stroke="#fff", stroke_width=unit * 0.9, stroke_opacity=0.8),
                tag("rect", **box, stroke="#111", stroke_width=unit * 0.5, stroke_dasharray=f"{unit * 1.5:g} {unit:g}")]
    high = unit * 5
    top = y1 - high if y1 >= high else min(y2, height - high)
    left = min(max(0.0, x1), width - high)
    return [
        tag("rect", **box, stroke="#fff", stroke_width=unit * 1.3, stroke_opacity=0.85),
        tag("rect", **box, stroke=mark.colour, stroke_width=unit * 0.75),
        tag("rect", x=left, y=top, width=high, height=high, fill=mark.colour),
        tag("text", mark.label[:3], x=left + high / 2, y=top + high * 0.78, fill="#fff", font_size=high * 0.8,
            text_anchor="middle", font_family="sans-serif", font_weight="bold"),
    ]


def crop_picture(image: Image, store: MediaStore, *, look: int | None = None) -> Html:
    """A small picture: what a tool showed. `look` colours its edge like its box on the root."""
    pixels = found(store, image.ref)
    if pixels is None:
        return tag("span", f"picture {image.ref[:40]} is not in this folder", class_="soft crop")
    edge = None if look is None else f"border-color:{colour_of(look)}"
    caption = ("" if look is None else f"look {look + 1}: ") + f"{pixels.width} x {pixels.height} px"
    img = tag("img", src=data_uri(pixels, most_px=CROP_PX), alt=caption, style=edge, loading="lazy")
    return tag("figure", img, tag("figcaption", caption), class_="crop")
