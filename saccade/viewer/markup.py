"""HTML that cannot be broken by what is put into it: every text is escaped unless it was made here.

Run folders and model outputs are hostile. Pages carry no script, load nothing, and say so in their content security
policy; control characters and marks that reorder text are shown, not obeyed.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
LONGEST = 6000
VOID = {"img", "meta", "rect", "line", "polyline", "polygon", "circle", "image", "input"}
STATIC = Path(__file__).parent / "static"


class Html(str):
    """Markup made by `tag`; anything else is text."""

    __slots__ = ()


def shown(text: object, longest: int = LONGEST) -> Html:
    """Text as markup: escaped, invisible characters spelled out, cut where it is endless."""
    raw = str(text)
    cut = f" ... ({len(raw) - longest} more characters)" if len(raw) > longest else ""
    return Html(escaped(raw[:longest]) + cut)


def escaped(text: str) -> str:
    visible = HIDDEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    return html.escape(visible, quote=True)


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """An element. Children that are not `Html` are text; None is left out. ``class_`` is class, ``_`` in names ``-``."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(str(number(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Html(f"<{name}{written}/>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: object) -> Html:
    return Html("".join(child if isinstance(child, Html) else shown(child) for child in children if child is not None))


def table(head: Sequence[object], rows: Iterable[Sequence[object]], *, label: str, kind: str = "") -> Html:
    """A table that scrolls sideways where it is too wide; the first cell of each row is its heading."""

    def cells(row: Sequence[object]) -> list[Html]:
        return [
            cell
            if isinstance(cell, Html) and cell.startswith("<td")
            else tag("td", cell)
            if at
            else tag("th", cell, scope="row")
            for at, cell in enumerate(row)
        ]

    top = tag("tr", *(tag("th", each, scope="col") for each in head))
    body = [tag("tr", *cells(row)) for row in rows]
    return tag(
        "div",
        tag("table", tag("thead", top), tag("tbody", *body)),
        class_=f"scroll {kind}".strip(),
        tabindex=0,
        role="group",
        aria_label=label,
    )


def number(value: object) -> object:
    """Floats short, and never one that is not finite."""
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else "0"
    return value


LOOKS, SIGNALS = 16, 8
"""How many looks light each other, and how many signals shade tokens."""


def style() -> Html:
    """The style sheet of every page, the viewer's included. A file of ours: it may stand in a page as it is."""
    text = (STATIC / "style.css").read_text(encoding="utf-8") + "\n".join(
        [*layer_rules(), *look_rules(), *shade_rules()]
    )
    assert "</" not in text
    return Html(text)


def layer_rules() -> Iterator[str]:
    """A layer is hidden while its check box is not set."""
    for layer in ("looks", "truth", "distractors", "boxes", "points", "masks", "drawings", "seen"):
        yield f".card:has(input[data-layer={layer}]:not(:checked)) .mark[data-layer={layer}]{{display:none}}"


def look_rules() -> Iterator[str]:
    """Pointing at a look, on the picture or in the conversation, lights it there and here and dims the others."""
    for look in range(LOOKS):
        near = f'.card:has([data-look="{look}"]:is(:hover,:focus-visible))'
        yield f'{near} [data-look]:not([data-look="{look}"]){{opacity:.25}}'
        yield f'{near} g[data-look="{look}"] .line{{fill-opacity:.28}}'
        yield f'{near} figure[data-look="{look}"] img{{outline:4px solid var(--look);outline-offset:1px}}'


def shade_rules() -> Iterator[str]:
    """Levels of the chosen signal as backgrounds: q of one sign, d of both."""
    shades = {f"q{level}": ("hot", level * 7) for level in range(9)}
    shades |= {f"d{level}": ("hot" if level > 4 else "cold", abs(level - 4) * 14) for level in range(9)}
    for name, (colour, share) in shades.items():
        fill = f"background:color-mix(in oklab,var(--{colour}) {share}%,transparent)"
        yield f".box.{name}{{{fill}}}"
        yield ",".join(f".tokens:has(input[value=s{at}]:checked) .s{at}{name}" for at in range(SIGNALS)) + f"{{{fill}}}"
    yield ",".join(f".tokens:has(input[value=s{at}]:checked) .for-s{at}" for at in range(SIGNALS)) + "{display:block}"


def page(title: str, *body: object) -> str:
    """A whole page that needs nothing but itself: no script, no request, light and dark, any width."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", style()),
    )
    return "<!doctype html>\n" + tag("html", head, tag("body", tag("main", *body)), lang="en") + "\n"
