"""Text to a value of a given type, for flags and for configuration files.

Only the types that leaves of a run have: numbers, text, true and false, none, one of several words, lists of those.
"""

from __future__ import annotations

import json
import math
import types
import typing
from typing import Any, Literal

TRUE, FALSE, NONE = ("true", "yes", "on", "1"), ("false", "no", "off", "0"), ("none", "null")


def read_value(value: Any, hint: Any = Any, *, now: Any = None) -> Any:
    """`value` as `hint`, or as the type of the value there is now. Raises ValueError that says what would do."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return first_fit(value, [each for each in typing.get_args(hint)], now=now)
    if origin is Literal:
        words = typing.get_args(hint)
        if value not in words:
            raise ValueError(f"is one of {', '.join(map(str, words))}, not {value!r}")
        return value
    if origin is tuple:
        return as_tuple(value, typing.get_args(hint))
    if hint is type(None):
        if value is None or (isinstance(value, str) and value.lower() in NONE):
            return None
        raise ValueError(f"is none, not {value!r}")
    if hint in (bool, int, float, str):
        return as_plain(value, hint)
    if hint is Any and type(now) in (bool, int, float, str):
        return as_plain(value, type(now))
    if hint is Any and isinstance(now, tuple):
        return as_tuple(value, (type(now[0]) if now else str, ...))
    if hint is Any or typing.get_origin(hint) in (dict,) or hint is dict:
        return as_json(value)
    raise ValueError("is not a plain value: name a component, or set one of the settings inside it")


def first_fit(value: Any, hints: list[Any], *, now: Any) -> Any:
    """The first alternative that can be read; none first, text last, numbers as they are now."""
    order = [type(None), bool, int, float]
    hints.sort(key=lambda each: order.index(each) if each in order else (98 if each is str else 50))
    reasons: list[str] = []
    for each in hints:
        if each is bool and str(value) in ("0", "1") and {int, float} & set(hints):
            continue  # a number, where numbers are possible too
        try:
            return read_value(value, each, now=now)
        except ValueError as error:
            reasons.append(str(error))
    raise ValueError(reasons[-1] if len(reasons) == 1 else "; or ".join(dict.fromkeys(reasons)))


def as_plain(value: Any, kind: type) -> Any:
    """A bool, int, float or str. An int must be whole, a float finite."""
    if kind is str:
        return str(value)
    word = str(value).strip().lower()
    if kind is bool:
        if word in TRUE or word in FALSE:
            return word in TRUE
        raise ValueError(f"is true or false, not {value!r}")
    try:
        number = float(word)
    except ValueError:
        raise ValueError(f"is a{'n integer' if kind is int else ' number'}, not {value!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"is a finite number, not {value!r}")
    if kind is int:
        if number != int(number):
            raise ValueError(f"is an integer, not {value!r}")
        return int(word) if word.lstrip("+-").isdigit() else int(number)
    return number


def as_tuple(value: Any, kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    """A list of a configuration file, a JSON list, or words with commas between them."""
    if isinstance(value, str):
        text = value.strip()
        items = json_list(text) if text.startswith("[") else [each.strip() for each in text.strip("()").split(",")]
        items = [each for each in items if each != ""]
    elif isinstance(value, (list, tuple)):
        items = list(value)
    else:
        items = [value]
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(read_value(each, kinds[0]) for each in items)
    if kinds and len(items) != len(kinds):
        raise ValueError(f"is {len(kinds)} values, not {len(items)}")
    return tuple(read_value(each, kind) for each, kind in zip(items, kinds or (Any,) * len(items), strict=True))


def json_list(text: str) -> list[Any]:
    try:
        return list(json.loads(text))
    except json.JSONDecodeError:
        raise ValueError(f"is a list, not {text!r}") from None


def as_json(value: Any) -> Any:
    """Text that is JSON as what it says; other text as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
