"""A tool is a typed function with a docstring that the model may call.

The JSON schema comes from the signature and the docstring's ``Args:`` block. A parameter typed `Image` is written by the
model as a 1-based index or an identifier and resolved by the runner; parameters typed `Box` and `Point` carry their
frame. A parameter named `context` is filled by the runner and never shown to the model. A stateful tool is a frozen
dataclass with ``__call__``; `Tool.open` is called once per episode.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
import types
import typing
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from saccade.core.message import Box, Frame, Image, Part, Point

Result = str | Image | Part | Sequence[Part]


class ToolError(Exception):
    """An error for the model to read. The episode goes on with its text as the tool's result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What the model is told about a function, and how to call it.

    `cost` is in abstract units that budgets and rewards may use. `pure` tools may be cached and replayed. `frame` is the
    frame boxes are written in when the model gives bare numbers. `bins` is the number of bins of the ``grid`` frame.
    `timeout_s` is the deadline of one call. `concurrency` is how many calls may run at once over all trajectories.

    `open` gives the tool of one episode, `close` releases what that one holds. `canary` is a call that succeeds quickly
    where our side works: it is asked when a call comes late, and where it fails too the delay was ours, not the model's.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    function: Callable[..., Result | Awaitable[Result]]
    cost: float = 1.0
    pure: bool = True
    frame: Frame = "px"
    bins: int = 16
    timeout_s: float = 30.0
    concurrency: int | None = None
    open: Callable[[], Tool] | None = None
    close: Callable[[], None] | None = None
    canary: Callable[[], object] | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """The declaration in OpenAI form, as chat templates and endpoints expect it."""
        return {
            "type": "function",
            "function": {"name": self.name, "description": self.description, "parameters": self.parameters},
        }


def tool(function: Callable[..., Any] | None = None, *, name: str | None = None, **settings: Any) -> Any:
    """Make a `Tool` of a typed function. Works bare (``@tool``) or with settings (``@tool(name=..., cost=2)``).

    Raises ValueError for a parameter without a type or without a line in the docstring.
    """
    if function is None:
        return lambda inner: tool(inner, name=name, **settings)
    description, parameters = describe(function)
    return Tool(
        name=name or getattr(function, "__name__", type(function).__name__),
        description=description,
        parameters=parameters,
        function=function,
        **settings,
    )


def as_tool(value: Tool | Callable[..., Any]) -> Tool:
    """A tool as it is; a plain typed function made into one; a factory (annotated ``-> Tool``) called without options."""
    if isinstance(value, Tool):
        return value
    if inspect.isfunction(value) and value.__annotations__.get("return") in (Tool, "Tool"):
        return value()
    return tool(value)


def describe(function: Callable[..., Any]) -> tuple[str, dict[str, Any]]:
    """Read (description, JSON schema of the parameters) from a signature and a docstring."""
    target = function if inspect.isroutine(function) else type(function).__call__
    about, documented = split_docstring(inspect.getdoc(target) or "")
    if target is not function:  # a callable object may say what it is in its class, what it takes in `__call__`
        more, also = split_docstring(inspect.getdoc(type(function)) or "")
        about, documented = about or more, {**also, **documented}
    hints = typing.get_type_hints(target)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "context":
            continue
        if parameter.name not in hints:
            raise ValueError(
                f"tool {getattr(function, '__name__', function)!r}: parameter {parameter.name!r} has no type"
            )
        if parameter.name not in documented:
            raise ValueError(
                f"tool {getattr(function, '__name__', function)!r}: parameter {parameter.name!r} is not described; "
                f"add a line '{parameter.name}: ...' under 'Args:' in its docstring"
            )
        properties[parameter.name] = {**json_type(hints[parameter.name]), "description": documented[parameter.name]}
        if parameter.default is inspect.Parameter.empty:
            required.append(parameter.name)
    return about, {"type": "object", "properties": properties, "required": required}


def split_docstring(text: str) -> tuple[str, dict[str, str]]:
    """Split a Google-style docstring into its description and its documented arguments."""
    head, _, tail = text.partition("Args:")
    tail = re.split(r"\n\s*(?:Returns|Raises|Yields|Examples?):", tail)[0]
    documented: dict[str, str] = {}
    last = ""
    for line in tail.splitlines():
        match = re.match(r"\s+(\w+)(?:\s*\([^)]*\))?:\s*(.*)", line)
        if match:
            last = match.group(1)
            documented[last] = match.group(2).strip()
        elif last and line.strip():
            documented[last] += " " + line.strip()
    return " ".join(re.split(r"\n\s*(?:Returns|Raises|Yields|Examples?):", head)[0].split()), documented


def json_type(hint: Any) -> dict[str, Any]:
    """The JSON schema of a Python type. Raises ValueError for one that a model cannot write."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    simple = {str: "string", int: "integer", float: "number", bool: "boolean"}
    if hint in simple:
        return {"type": simple[hint]}
    if hint is Image:
        return {"type": "integer"}
    if hint is Box or hint is Point:
        return {"type": "array", "items": {"type": "number"}}
    if origin is Literal:
        return {
            "type": "string" if all(isinstance(item, str) for item in arguments) else "integer",
            "enum": list(arguments),
        }
    if origin in (types.UnionType, typing.Union):
        inner = [item for item in arguments if item is not type(None)]
        if len(inner) == 1:
            return json_type(inner[0])
    if origin in (list, tuple, Sequence):
        return {"type": "array", "items": json_type(arguments[0])}
    if hint is dict or origin is dict:
        return {"type": "object"}
    raise ValueError(f"a tool parameter of type {hint!r} cannot be written as JSON by a model")


def read_box(value: Any, *, frame: Frame, bins: int) -> Box:
    """Read a box as a model writes it: four numbers, a string of four numbers, or four grid tokens ``<3><4><9><8>``.

    Grid tokens say their own frame. Raises ToolError for anything else, for NaN and for inverted or empty boxes.
    """
    if isinstance(value, Box):
        return value
    numbers, frame = read_numbers(value, 4, "a box is four {}numbers [x1, y1, x2, y2]", frame=frame)
    x1, y1, x2, y2 = numbers
    if x1 >= x2 or y1 >= y2:
        raise ToolError(f"the box {list(numbers)} is empty: x1 must be less than x2 and y1 less than y2")
    return Box(xyxy=(x1, y1, x2, y2), frame=frame)


def read_point(value: Any, *, frame: Frame) -> Point:
    """Read a place as a model writes it: two numbers, a string of two numbers, or two grid tokens ``<3><4>``.

    Grid tokens say their own frame. Raises ToolError for anything else and for NaN.
    """
    if isinstance(value, Point):
        return value
    numbers, frame = read_numbers(value, 2, "a point is two {}numbers [x, y]", frame=frame)
    return Point(xy=(numbers[0], numbers[1]), frame=frame)


def read_numbers(value: Any, count: int, wanted: str, *, frame: Frame) -> tuple[tuple[float, ...], Frame]:
    """`count` finite numbers of a place, and their frame. `wanted` names them in errors, with a gap for "finite "."""
    if isinstance(value, str):
        if re.fullmatch(rf"\s*(?:<\d+>\s*){{{count}}}", value):
            value, frame = [int(number) for number in re.findall(r"\d+", value)], "grid"
        else:
            value = re.findall(r"-?\d+(?:\.\d+)?", value)
    try:
        numbers = tuple(float(number) for number in value)
    except (TypeError, ValueError, OverflowError):
        raise ToolError(f"{wanted.format('')}, not {value!r:.80}") from None
    if len(numbers) != count or not all(math.isfinite(number) for number in numbers):
        raise ToolError(f"{wanted.format('finite ')}, not {value!r:.80}")
    return numbers, frame


def check_arguments(tool: Tool, arguments: dict[str, Any]) -> dict[str, Any]:
    """Validate and convert what the model wrote against the tool's schema. Raises ToolError with what to mend.

    Images stay indices or identifiers here (the runner resolves them); boxes become `Box`, places `Point`.
    """
    known = tool.parameters["properties"]
    unknown = sorted(set(arguments) - set(known))
    missing = [name for name in tool.parameters["required"] if name not in arguments]
    if missing or unknown:
        raise ToolError(
            f"{tool.name} takes {sorted(known)}"
            + (f"; missing: {missing}" if missing else "")
            + (f"; unknown: {unknown}" if unknown else "")
        )
    target = tool.function if inspect.isroutine(tool.function) else type(tool.function).__call__
    hints = typing.get_type_hints(target)
    return {name: convert(tool, name, value, hints[name]) for name, value in arguments.items()}


def convert(tool: Tool, name: str, value: Any, hint: Any, wanted: dict[str, Any] | None = None) -> Any:
    """One argument (or item of one) as its type. `wanted` is its part of the schema. Raises ToolError."""
    wanted = tool.parameters["properties"][name] if wanted is None else wanted
    if hint is Any:  # checked by who declares it: a server, for example
        return value
    origin, inner = typing.get_origin(hint), [item for item in typing.get_args(hint) if item is not type(None)]
    if origin in (types.UnionType, typing.Union):
        return None if value is None else convert(tool, name, value, inner[0], wanted)
    if hint is Box:
        return read_box(value, frame=tool.frame, bins=tool.bins)
    if hint is Point:
        return read_point(value, frame=tool.frame)
    if hint is Image:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ToolError(f"{tool.name}: {name} is the number of an image, counted from 1, not {value!r:.80}")
        return value
    if "enum" in wanted and (isinstance(value, bool) or value not in wanted["enum"]):
        raise ToolError(f"{tool.name}: {name} is one of {wanted['enum']}, not {value!r:.80}")
    if origin in (list, tuple, Sequence) and isinstance(value, (list, tuple)):
        return [convert(tool, name, item, inner[0], wanted["items"]) for item in value]
    try:
        if hint is int and not isinstance(value, bool) and float(value) == int(float(value)):
            return int(float(value))
        if hint is float and not isinstance(value, bool) and math.isfinite(float(value)):
            return float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    fits: Any = {"string": str, "boolean": bool, "object": dict}.get(wanted["type"], ())
    if isinstance(value, fits) or ("enum" in wanted and value in wanted["enum"]):
        return value
    raise ToolError(f"{tool.name}: {name} must be a JSON {wanted['type']}, not {value!r:.80}")


def opened(tool: Tool) -> Tool:
    """The tool for one episode: a fresh one where it keeps state."""
    return tool.open() if tool.open else tool


def renamed(tool: Tool, name: str) -> Tool:
    return dataclasses.replace(tool, name=name)
