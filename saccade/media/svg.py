"""SVG from strangers: read with an allow-list, written anew, drawn without access to files, addresses or system fonts.

What is drawn is never the text that came in but a tree built from the elements and attributes named here, so that a
construct nobody thought of is left out by default. No entities, scripts, styles, links, external references, filters,
patterns, masks, markers, dashes or re-use: each of them reaches outside or multiplies the work of a short text.
"""

from __future__ import annotations

import functools
import io
import math
import re
import tempfile
import xml.parsers.expat
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image as PILImage
from PIL import ImageFont

ELEMENTS = frozenset((
    "svg", "g", "defs", "rect", "circle", "ellipse", "line", "polyline", "polygon", "path", "text", "tspan", "title", "desc",
    "linearGradient", "radialGradient", "stop", "image",
))
ATTRIBUTES = frozenset((
    "id", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "dx", "dy", "d", "points", "width",
    "height", "viewBox", "preserveAspectRatio", "transform", "fill", "stroke", "stroke-width", "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit", "stroke-opacity", "fill-opacity", "fill-rule", "opacity", "color", "offset", "stop-color",
    "stop-opacity", "gradientUnits", "gradientTransform", "spreadMethod", "font-size", "font-weight", "font-style",
    "text-anchor", "dominant-baseline", "letter-spacing", "rotate", "visibility", "display",
))
REFERENCE = re.compile(r"url\(\s*['\"]?#[\w.-]+['\"]?\s*\)")
MAX_CHARS, MAX_ELEMENTS, MAX_DEPTH = 100_000, 1000, 32
SPACE = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"


def sanitised(
    text: str, picture: Callable[[str], str] | None = None, *, max_pixels: int = 1 << 20
) -> tuple[str, tuple[int, int]]:
    """The same drawing in harmless words, and its width and height in pixels.

    `picture` turns the reference of an ``<image>`` into a data URI, or raises ValueError; without it there are no images.
    Raises ValueError, naming the element, for what is not allowed, is no SVG, or would be too large.
    """
    if len(text) > MAX_CHARS:
        raise ValueError(f"the SVG has {len(text)} characters; at most {MAX_CHARS} are read")
    root = parsed(text)
    if local(root.tag) != "svg":
        raise ValueError(f"the outermost element is <{local(root.tag)}>, not <svg>")
    size = size_of(root, max_pixels)
    count = 0

    def clean(element: ElementTree.Element, depth: int) -> ElementTree.Element:
        nonlocal count
        count += 1
        name = local(element.tag)
        if name not in ELEMENTS:
            raise ValueError(f"<{name:.40}> is not allowed; there are {', '.join(sorted(ELEMENTS))}")
        if count > MAX_ELEMENTS or depth > MAX_DEPTH:
            raise ValueError(f"at most {MAX_ELEMENTS} elements, {MAX_DEPTH} deep, are drawn")
        made = ElementTree.Element(name)
        for key, value in {**styled(element.get("style", "")), **element.attrib}.items():
            if key in ATTRIBUTES and harmless(value):
                made.set(key, value)
        if name == "image":
            if picture is None:
                raise ValueError("<image> is not allowed here")
            made.set("href", picture(element.get("href") or element.get(LINK) or ""))
        made.text, made.tail = element.text, element.tail
        made.extend([clean(child, depth + 1) for child in element])
        return made

    made = clean(root, 1)
    made.set("xmlns", SPACE)
    made.set("width", str(size[0]))
    made.set("height", str(size[1]))
    return ElementTree.tostring(made, encoding="unicode"), size


def parsed(text: str) -> ElementTree.Element:
    """The tree. Declarations of documents and entities are refused before anything is expanded."""
    builder = ElementTree.TreeBuilder()
    parser = xml.parsers.expat.ParserCreate(namespace_separator="}")

    def refuse(*_: object) -> None:
        raise ValueError("a document type or an entity is declared; write plain elements")

    def name(tag: str) -> str:
        return "{" + tag if "}" in tag else tag

    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.StartElementHandler = lambda tag, given: builder.start(name(tag), {name(key): given[key] for key in given})
    parser.EndElementHandler = lambda tag: builder.end(name(tag))
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
        return builder.close()
    except (xml.parsers.expat.ExpatError, AssertionError) as error:
        raise ValueError(f"this is no well-formed SVG: {error}") from error


def local(tag: str) -> str:
    return tag.rpartition("}")[2]


def styled(text: str) -> dict[str, str]:
    """Properties of a style attribute as attributes."""
    pairs = (part.partition(":") for part in text.split(";"))
    return {key.strip(): value.strip() for key, _, value in pairs if value.strip()}


def harmless(value: str) -> bool:
    """No reference but to an element of the same drawing."""
    rest = REFERENCE.sub("", value).lower()
    return "url" not in rest and "@" not in rest and "\\" not in rest and "script" not in rest


def size_of(root: ElementTree.Element, max_pixels: int) -> tuple[int, int]:
    """Width and height in pixels: as written, or of the view box. Raises ValueError for none, and for too many."""
    box = re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", root.get("viewBox", ""))
    numbers = []
    for at, key in enumerate(("width", "height")):
        written = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:px)?\s*", root.get(key, ""))
        numbers.append(float(written[1]) if written else float(box[2 + at]) if len(box) == 4 else math.nan)
    if not all(math.isfinite(number) and number >= 1 for number in numbers) or numbers[0] * numbers[1] > max_pixels:
        raise ValueError(
            f"<svg> needs width and height (or a viewBox) in pixels, of at most {max_pixels} pixels in all, "
            f"not {root.get('width')!r:.20} x {root.get('height')!r:.20}"
        )
    return round(numbers[0]), round(numbers[1])


@functools.cache
def font_file() -> str:
    """Pillow's own typeface as a file: text looks the same on every machine, and no font of the system is read."""
    held = tempfile.NamedTemporaryFile(prefix="saccade-font-", suffix=".ttf", delete=False)  # noqa: SIM115
    face = ImageFont.load_default(16)
    with held:
        held.write(face.font_bytes)  # type: ignore[union-attr]
    import atexit

    atexit.register(Path(held.name).unlink, missing_ok=True)
    return held.name


def drawn(clean: str, *, background: str = "white") -> PILImage.Image:
    """The pixels of a sanitised SVG. Needs the extra `draw`. Raises ValueError where it cannot be drawn."""
    import resvg_py

    family = ImageFont.truetype(font_file(), 16).getname()[0]
    data = resvg_py.svg_to_bytes(
        svg_string=clean, background=background, skip_system_fonts=True, font_files=[font_file()], font_family=family,
        serif_family=family, sans_serif_family=family, monospace_family=family, resources_dir=None,
    )
    with PILImage.open(io.BytesIO(bytes(data))) as opened:
        return opened.convert("RGB")
