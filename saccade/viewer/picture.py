"""A picture inside a page: the root with its layers drawn over it as vectors, and the small pictures of a conversation.

A crop and its place on the root carry the same ``data-look``; pointing at either lights both, by the style sheet alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from saccade.core.message import Image
from saccade.viewer.album import Album
from saccade.viewer.layers import Mark
from saccade.viewer.markup import Html, tag

INKS = 6
"""Colours of looks, in turn; each is drawn on a white edge, so that it shows on any picture."""

ROOT_PX, SMALL_PX = 720, 320

Seen = tuple[int, int]
"""Width and height in pixels in which the model got a picture."""


def ink_of(look: int) -> str:
    """Class of the colour of look 0, 1, ..."""
    return f"ink{look % INKS}"


def root_picture(
    image: Image, album: Album, marks: Sequence[Mark], *, caption: str = "", seen: Seen | None = None
) -> Html:
    """A picture at full width of its column with its layers over it; `seen` adds what the model got as one more layer."""
    size = album.size(image.ref)
    if size is None:
        return tag("p", f"The picture {image.ref[:60]} is not in this folder.", class_="soft missing")
    width, height = size
    drawn = [shape for mark in marks for shape in drawing(mark, width, height, album)]
    overlay = (
        tag("svg", *drawn, viewBox=f"0 0 {width} {height}", role="img", aria_label=spoken(marks)) if drawn else None
    )
    model = (
        None
        if seen is None
        else tag("img", src=album.seen(image.ref, seen), alt="", class_="mark seen", data_layer="seen", loading="lazy")
    )
    picture = tag(
        "img",
        src=album.source(image.ref, most_px=ROOT_PX),
        alt=image.note or "the picture",
        loading="lazy",
        width=width,
        height=height,
    )
    stage = tag(
        "div",
        picture,
        model,
        overlay,
        class_="stage",
        data_width=width,
        data_height=height,
        data_tiles=album.tiles(image.ref),
        data_ref=image.ref,
    )
    return tag("figure", stage, tag("figcaption", caption or f"{width} x {height} px"), class_="root")


def spoken(marks: Sequence[Mark]) -> str:
    """The layers in words."""
    counted: dict[str, int] = {}
    for mark in marks:
        counted[mark.layer] = counted.get(mark.layer, 0) + 1
    return ", ".join(
        f"{number} {name if number > 1 or name == 'truth' else name[:-1] if name != 'boxes' else 'box'}"
        for name, number in reversed(counted.items())
    )


def drawing(mark: Mark, width: int, height: int, album: Album) -> list[Html]:
    """A mark as shapes, in pixels of the picture."""
    unit = max(width, height) / 100
    named = {
        "class_": f"mark {mark.layer}" + (f" {ink_of(mark.look)}" if mark.look is not None else ""),
        "data_layer": mark.layer,
        "data_look": mark.look,
    }
    if mark.layer == "drawings":
        if album.size(mark.ref) is None:
            return []
        return [
            tag("image", href=album.source(mark.ref, most_px=ROOT_PX), x=0, y=0, width=width, height=height, **named)
        ]
    if len(mark.xy) == 1:
        ((x, y),) = mark.xy
        return [tag("circle", cx=x, cy=y, r=unit * 1.6, stroke_width=unit * 0.6, **named)]
    if len(mark.xy) > 2:
        return [tag("polygon", points=" ".join(f"{x:g},{y:g}" for x, y in mark.xy), stroke_width=unit * 0.2, **named)]
    (x1, y1), (x2, y2) = mark.xy
    box = {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}
    if mark.look is None:
        dashes = {"stroke_dasharray": f"{unit * 1.5:g} {unit:g}"} if mark.layer in ("truth", "distractors") else {}
        return [
            tag("rect", **box, stroke_width=unit * 0.9, **{**named, "class_": f"mark {mark.layer} edge"}),
            tag("rect", **box, stroke_width=unit * 0.5, **dashes, **named),
        ]
    high = unit * 5
    top = y1 - high if y1 >= high else min(y2, height - high)
    left = min(max(0.0, x1), width - high)
    label = [
        tag("rect", x=left, y=top, width=high, height=high, class_="plate"),
        tag("text", mark.label[:3], x=left + high / 2, y=top + high * 0.78, font_size=high * 0.8),
    ]
    return [
        tag(
            "g",
            tag("rect", **box, stroke_width=unit * 1.3, class_="edge"),
            tag("rect", **box, stroke_width=unit * 0.75, class_="line"),
            *label,
            **named,
        )
    ]


def small_picture(
    image: Image,
    album: Album,
    *,
    look: int | None = None,
    place: Sequence[float] | None = None,
    seen: Seen | None = None,
    caption: str = "",
    looked: bool = False,
) -> Html:
    """A picture of the conversation in the pixels the model got. `look` ties it to its place on the root."""
    size = album.size(image.ref)
    if size is None:
        return tag("span", f"picture {image.ref[:40]} is not in this folder", class_="soft crop missing")
    words = [caption] if caption else []
    if look is not None:
        words.append(f"look {look + 1}: {size[0]} x {size[1]} px")
    elif not caption:
        words.append(f"{size[0]} x {size[1]} px")
    if seen is not None and seen != size:
        words.append(f"the model got {seen[0]} x {seen[1]}")
    source = album.source(image.ref, most_px=SMALL_PX) if seen is None or seen == size else album.seen(image.ref, seen)
    where = "" if place is None else " at " + ", ".join(f"{edge:g}" for edge in place)
    img = tag("img", src=source, alt=", ".join(words) + where, loading="lazy", width=size[0], height=size[1])
    kind = "crop" + (f" {ink_of(look)}" if look is not None else "") + (" looked" if looked else "")
    return tag(
        "figure",
        img,
        tag("figcaption", ", ".join(words)),
        class_=kind,
        data_look=look,
        data_ref=image.ref,
        tabindex=0 if look is not None else None,
    )
