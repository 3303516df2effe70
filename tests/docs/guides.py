"""Blocks of the guides: a page is one story, its blocks run in order, in one folder and one namespace.

A comment above a block says what is special about it: `file: NAME` writes it, `slow` and `not run: WHY` are what they
say, and `fails` is a command that must be refused.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"(?P<marks>(?:^<!-- [^\n]* -->\n)*)^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
NOT_MINE = ("methods", "api")
"""Folders of generated pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    page: str
    line: int
    language: str
    text: str
    file: str | None = None
    slow: bool = False
    fails: bool = False
    not_run: str | None = None

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    found = sorted(DOCS.rglob("*.md"))
    return [each for each in found if each.relative_to(DOCS).parts[0] not in NOT_MINE and each.name != "methods.md"]


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        marks = dict((each.strip().partition(": ")[::2]) for each in re.findall(r"<!-- (.*?) -->", found["marks"]))
        yield Block(
            page=str(page.relative_to(DOCS)), line=text[: found.start("text")].count("\n") + 1, language=found["language"],
            text=found["text"], file=marks.get("file"), slow="slow" in marks, fails="fails" in marks,
            not_run=marks.get("not run"),
        )


def commands(block: Block) -> list[list[str]]:
    """The commands of a shell block, as words; lines that end in a backslash are joined."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.strip() and not line.lstrip().startswith("#")]
