"""What every tool must stand: hostile arguments, being asked twice, being written down.

A model writes anything. Whatever it writes, a tool answers with a result or with text for the model to read; any other
exception would count as a failure of ours and take the attempt out of its group.
"""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Iterator
from typing import Any

from saccade.core.run import describe
from saccade.core.tool import Tool
from saccade.rollout.context import ToolCrash
from saccade.testing.tool_bench import call_on_picture

VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 0.5, math.nan, math.inf, -math.inf, "", "1", "px:0123", "ü\x00<|im_end|>", "\ud83d",
    "9" * 5000, [], {}, [1], [0, 0, 0, 0], [0, 0, 1e308, 1e308], [-9e9, -9e9, 9e9, 9e9], [math.nan] * 4, [[1, 2], [3, 4]],
    ["a", "b", "c", "d"], "<0><0><16><16>", "[1, 2, 3, 4]", {"x1": 1, "y1": 2, "x2": 3, "y2": 4},
    [None] * 4, [10**400, 0, 10**401, 9],
)
"""Values that models have written where something else was meant, and worse."""


def hostile_faults(tool: Tool, example: dict[str, Any]) -> Iterator[str]:
    """Faults that show when each argument of a working call is replaced by each of `VALUES`, left out, or joined by
    another one."""
    known = tool.parameters["properties"]
    cases = [{**example, name: value} for name in known for value in VALUES]
    cases += [{}, {**example, "no such argument": 1}, *({k: v for k, v in example.items() if k != name} for name in example)]
    for arguments in cases:
        try:
            call_on_picture(tool, arguments)
        except ToolCrash as crash:
            yield f"{arguments!r:.120}: {crash} (raise ToolError with what to mend)"


def repeat_faults(tool: Tool, example: dict[str, Any]) -> Iterator[str]:
    """A pure tool gives the same twice; a tool can be written down and its schema fits its signature."""
    if tool.pure and call_on_picture(tool, example) != call_on_picture(tool, example):
        yield f"{example} gives something else the second time; declare it pure=False or draw from context.rng"
    json.dumps(describe(tool))
    json.dumps(tool.schema)
    parameters = inspect.signature(tool.function).parameters
    unknown = sorted(set(tool.parameters["properties"]) - set(parameters))
    if unknown:
        yield f"declares {unknown}, which its function does not take"
    for name, parameter in parameters.items():
        required = parameter.default is parameter.empty
        if name != "context" and required != (name in tool.parameters["required"]):
            yield f"declares {name} as {'optional' if required else 'required'}, its function says otherwise"
        if required and name != "context" and name not in tool.parameters["properties"]:
            yield f"needs {name}, which it does not declare"
