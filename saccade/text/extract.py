"""Find the answer in what a model wrote: boxed, tagged, on an answer line, as an option letter, as JSON.

Every function takes any text, never raises, and returns None where there is nothing. ``strict`` accepts only the declared
form (a tag or a box); ``lenient`` then tries what people and models also write. Rewards should be strict, or a model
learns that form does not matter; evaluations report both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal

Mode = Literal["strict", "lenient"]

_LINE = re.compile(
    r"(?:^|\n|[.!?]\s)[ \t*_#>]*(?:so,?\s+|thus,?\s+|therefore,?\s+)?(?:the\s+|my\s+)?(?:final\s+|correct\s+)?"
    r"(?:answer|result|option|choice)(?:\s+is|\s*[:=])[ \t*_:]*(?P<answer>[^\n]*)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[(\[]?([A-Z])[)\].:,]?", re.IGNORECASE)
_BRACES = re.compile(r"\\f?boxed\s*\{|\\fbox\s*\{|\\.|[{}]", re.DOTALL)
_FENCE = re.compile(r"```[ \t]*(?P<kind>[\w+-]*)[ \t]*\r?\n(?P<body>.*?)```", re.DOTALL)


def answer_of(text: str, *, mode: Mode = "lenient") -> str | None:
    """The final answer: in ``<answer>`` tags or a box; leniently on an answer line, else the last line that says
    something."""
    found = tagged(text) if tagged(text) is not None else boxed(text)
    if found is not None or mode == "strict":
        inner = boxed(found) if found is not None else None
        return found if inner is None else inner
    lines = [line.strip() for line in text.replace("</think>", "\n").splitlines() if line.strip()]
    return on_line(text) or (unwrapped(lines[-1]) if lines else None) or None


def tagged(text: str, tag: str = "answer") -> str | None:
    """What stands in the last closed ``<tag>`` of a text, stripped."""
    end = text.rfind(f"</{tag}>")
    start = text.rfind(f"<{tag}>", 0, max(end, 0))
    return text[start + len(tag) + 2 : end].strip() if 0 <= start < end else None


def boxed(text: str) -> str | None:
    r"""What stands in the last ``\boxed{...}`` (or ``\fbox``) that is closed, braces balanced, escaped ones not counted."""
    waiting: list[int] = []
    best: tuple[int, int] | None = None
    for match in _BRACES.finditer(text):
        if match.group().endswith("{") and match.group() != "\\{":
            waiting.append(match.end() if len(match.group()) > 1 else -1)
        elif match.group() == "}" and waiting:
            start = waiting.pop()
            if start > (best[0] if best else -1):
                best = start, match.start()
    return text[best[0] : best[1]].strip() if best else None


def on_line(text: str) -> str | None:
    """What follows the last "Answer:" or "the answer is"."""
    found = None
    for match in _LINE.finditer(text):
        found = unwrapped(match.group("answer")) or found
    return found


def unwrapped(text: str) -> str:
    """A short answer without markdown, quotes, dollar signs and the final stop around it."""
    text = text.strip().strip("*_`$\"' \t")
    return text.removesuffix(".").strip("*_`$\"' \t")


def letter(text: str, choices: Sequence[str] = (), *, mode: Mode = "lenient") -> str | None:
    """The option a text names, as a capital letter: ``B``, ``(B)``, ``B. red``, or (leniently) the option's own words.

    A letter beyond the options counts for nothing. Leniently, "I think it is B" is read too when no other option
    letter stands in it.
    """
    text = text.strip()
    allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(choices) or 26]
    whole = _LETTER.fullmatch(text)
    if whole and whole.group(1).upper() in allowed:
        return whole.group(1).upper()
    lead = re.match(r"[(\[]?([A-Z])[)\].:](?:\s|$)", text)
    if lead and lead.group(1) in allowed:
        return lead.group(1)
    if mode == "strict":
        return None
    plain = [" ".join(choice.lower().split()) for choice in choices]
    words = " ".join(unwrapped(text).lower().split())
    if plain.count(words) == 1:
        return allowed[plain.index(words)]
    named = re.finditer(r"(?<![\w'])\(?([B-Z])\)?(?![\w'])|\(A\)|(?<=[:*]) ?A\b", text)  # a bare A is also an article
    single = {match.group(1) or "A" for match in named} & set(allowed)
    return single.pop() if len(single) == 1 else None


def json_value(text: str) -> Any:
    """The last JSON object or array in a text: fenced, bare, or within prose; None where there is none."""
    found = json_values(text)
    return found[-1] if found else None


def json_values(text: str) -> list[Any]:
    """Every JSON object or array of the fenced blocks, or else of the text, in order."""
    within = [value for match in _FENCE.finditer(text) for value in _values(match.group("body"))]
    return within or _values(text)


def fenced(text: str, kind: str = "") -> str | None:
    """The body of the last fenced block, of this kind if one is given."""
    blocks = [match for match in _FENCE.finditer(text) if not kind or match.group("kind").lower() == kind]
    return blocks[-1].group("body") if blocks else None


def _values(text: str, most: int = 64) -> list[Any]:
    """Top-level JSON objects and arrays in order; gives up after `most` places where one might begin."""
    decoder, found, at = json.JSONDecoder(), [], 0
    for _ in range(most):
        match = re.compile(r"[{\[]").search(text, at)
        if match is None:
            break
        try:
            value, at = decoder.raw_decode(text, match.start())
            found.append(value)
        except (ValueError, RecursionError):
            at = match.start() + 1
    return found
