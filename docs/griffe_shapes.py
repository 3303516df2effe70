"""Docstrings here name fields one a line, as in ``tokens:  int32[k]``: in the reference such lines become lists."""

from __future__ import annotations

import re
from typing import Any

import griffe

FIELD = re.compile(r"^(?P<names>[\w.`*]+(?:, [\w.`*]+)*):\s+(?P<what>\S.*)$")


class Shapes(griffe.Extension):
    """Applied to every object that has a docstring."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = listed(obj.docstring.value)


def listed(text: str) -> str:
    """Paragraphs in which lines begin with a field become lists; indented lines go on with the field above."""
    return "\n\n".join(as_list(each) for each in text.split("\n\n"))


def as_list(paragraph: str) -> str:
    lines = paragraph.splitlines()
    if sum(bool(FIELD.match(line)) for line in lines) < 2 or paragraph.startswith("Args:"):
        return paragraph
    out: list[str] = []
    inside = False
    for line in lines:
        found = FIELD.match(line)
        if found:
            out += [] if inside or not out else [""]
            out.append(f"- **{found['names'].strip('`')}**: {found['what']}")
            inside = True
        elif inside and line[:1].isspace():
            out.append(f"    {line.strip()}")
        else:
            out += ["", line] if inside else [line]
            inside = False
    return "\n".join(out)
