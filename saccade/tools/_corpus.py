"""A local folder as a small web: documents with titles and texts, pictures with what is written beside them.

``*.md``, ``*.txt`` and ``*.html`` files are documents; the pictures they name belong to them, with the words they are shown
with. Every other picture is a page of its own, its text in a file of the same name that ends in ``.txt``, if there is one.
Files that cannot be read are listed in `broken` and left out; links that leave the folder are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from PIL import Image as PILImage

from saccade.core.episode import Context
from saccade.core.message import Image
from saccade.core.tool import ToolError
from saccade.text.bm25 import Bm25, bm25

WRITTEN = {".md", ".txt", ".html", ".htm"}
DRAWN = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
MAX_FILES, MAX_BYTES = 50_000, 2_000_000

SHOWN = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
"""A picture in Markdown: the words it is shown with, and where it is."""

@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`pictures` are the names of its pictures in the corpus, each with the words it is shown with."""

    name: str
    title: str
    text: str
    pictures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`text` is what is written beside or on it; `where` a file or the pixels."""

    name: str
    text: str
    where: Path | PILImage.Image = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    documents: tuple[Document, ...]
    pictures: tuple[Picture, ...]
    broken: tuple[str, ...]
    text_index: Bm25 = field(repr=False)
    picture_index: Bm25 = field(repr=False)

    def document(self, name: str) -> Document:
        """Raises ToolError for a name that is none of its documents."""
        found = next((each for each in self.documents if each.name == name.strip()), None)
        if found is None:
            raise ToolError(f"there is no document {name!r:.80}; search gives the names there are")
        return found

    def picture(self, name: str) -> Picture:
        """Raises ToolError for a name that is none of its pictures."""
        found = next((each for each in self.pictures if each.name == name.strip()), None)
        if found is None:
            raise ToolError(f"there is no picture {name!r:.80}; search gives the names there are")
        return found


Given = str | Path | Mapping[str, Any] | Corpus
"""A folder, or documents and pictures by name (a text, a PIL picture, or a pair of picture and text), or what is open."""


def shown(picture: Picture, context: Context) -> Image:
    """The picture in the store of the run. Raises ToolError for a file that is no picture after all."""
    if isinstance(picture.where, PILImage.Image):
        return context.store.put(picture.where, note=picture.name)
    try:
        image = context.store.adopt(Image(ref=f"file:{picture.where}", source="tool", note=picture.name))
    except ValueError as error:
        raise ToolError(f"the picture {picture.name} cannot be read") from error
    return image


def open_corpus(given: Given) -> Corpus:
    """The corpus; one folder is read once. Raises ValueError where the folder is not there or holds nothing readable."""
    if isinstance(given, Corpus):
        return given
    return _of_mapping(given) if isinstance(given, Mapping) else _of_folder(str(given))


def _of_mapping(given: Mapping[str, Any]) -> Corpus:
    documents, pictures = [], []
    for name, value in given.items():
        if isinstance(value, str):
            documents.append(parsed(name, value))
        elif isinstance(value, PILImage.Image):
            pictures.append(Picture(name=name, text="", where=value))
        else:
            pictures.append(Picture(name=name, text=str(value[1]), where=value[0]))
    return _indexed(documents, pictures, [])


@lru_cache(maxsize=8)
def _of_folder(folder: str) -> Corpus:
    root = Path(folder).expanduser().resolve()
    if not root.is_dir():
        raise ValueError(f"{folder}: there is no such folder; a corpus is a folder of texts and pictures")
    files = sorted(path for path in root.rglob("*") if path.suffix.lower() in WRITTEN | DRAWN and path.is_file())
    if len(files) > MAX_FILES:
        raise ValueError(f"{folder}: {len(files)} files are too many for one corpus; {MAX_FILES} is the limit")
    broken: list[str] = []
    texts: dict[str, str] = {}
    places: dict[str, Path] = {}
    for path in files:
        name = path.relative_to(root).as_posix()
        if not path.resolve().is_relative_to(root):
            broken.append(f"{name}: a link that leaves the folder")
        elif path.suffix.lower() in DRAWN:
            places[name] = path
        elif (fault := _unreadable(path)) is not None:
            broken.append(f"{name}: {fault}")
        else:
            texts[name] = path.read_text(encoding="utf-8", errors="replace")
    beside = {name: texts.pop(f"{Path(name).with_suffix('').as_posix()}.txt", "") for name in places}
    documents = [parsed(name, text) for name, text in texts.items()]
    for document in documents:
        for name, words in document.pictures:
            if name in beside:
                beside[name] = f"{beside[name]} {words} {document.title}".strip()
    pictures = [Picture(name=name, text=f"{beside[name]} {Path(name).stem.replace('_', ' ')}".strip(), where=path)
                for name, path in places.items()]
    if not documents and not pictures:
        raise ValueError(f"{folder}: no text or picture that can be read" + (f" ({broken[0]})" if broken else ""))
    return _indexed(documents, pictures, broken)


def _unreadable(path: Path) -> str | None:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            return f"{size} bytes are too many for a text"
        with path.open("rb") as opened:
            return "not a text" if b"\0" in opened.read(4096) else None
    except OSError as error:
        return (error.strerror or "cannot be read").lower()


def _indexed(documents: list[Document], pictures: list[Picture], broken: list[str]) -> Corpus:
    return Corpus(
        documents=tuple(documents), pictures=tuple(pictures), broken=tuple(broken),
        text_index=bm25([f"{each.title} {each.title} {each.text}" for each in documents]),
        picture_index=bm25([each.text for each in pictures]),
    )


def parsed(name: str, text: str) -> Document:
    """A document from its source: title, running text, pictures by name relative to the corpus."""
    if Path(name).suffix.lower() in (".html", ".htm"):
        page = _Page()
        page.feed(text)
        title, body, sources = page.title, " ".join("".join(page.words).split()), page.pictures
    else:
        sources = [(source, words) for words, source in SHOWN.findall(text)]
        body = SHOWN.sub(r"[picture: \1]", text)
        heading = re.search(r"^#+\s*(.+)$", body, re.MULTILINE)
        title = heading[1] if heading else next((line for line in body.splitlines() if line.strip()), "")
    pictures = tuple((placed(name, source), words) for source, words in sources)
    return Document(name=name, title=" ".join(title.split())[:200] or name, text=body.strip(), pictures=pictures)


def placed(name: str, source: str) -> str:
    """Where a picture named in a document lies in the corpus; a path that leaves it names nothing there."""
    parts: list[str] = [] if source.startswith("/") else list(Path(name).parent.parts)
    for part in source.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


class _Page(HTMLParser):
    """The words of a page that are shown, its title, and its pictures as (source, words)."""

    def __init__(self) -> None:
        super().__init__()
        self.title, self.words, self.pictures, self._inside = "", [], [], ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "title"):
            self._inside = tag
        elif tag == "img":
            values = dict(attrs)
            self.pictures.append((values.get("src") or "", values.get("alt") or ""))
            self.words.append(f" [picture: {values.get('alt') or ''}] ")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""
        self.words.append(" ")

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
        elif not self._inside:
            self.words.append(data)


def ranked(scores: list[float], most: int) -> list[int]:
    """Places of the best scores above 0, best first, ties by place."""
    above = (place for place, score in enumerate(scores) if score > 0)
    return sorted(above, key=lambda place: (-scores[place], place))[:most]


def asked(query: str, longest: int = 500) -> str:
    """The query. Raises ToolError for an empty or endless one."""
    if not query.strip():
        raise ToolError("say what to search for")
    if len(query) > longest:
        raise ToolError(f"a query has at most {longest} characters")
    return query
