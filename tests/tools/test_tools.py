"""Every tool in the folder keeps its contract; the contract finds what breaks it."""

from pathlib import Path

import pytest

from saccade import tools
from saccade.core import Box, Context, Image, ToolError, tool
from saccade.core.folder import names
from saccade.testing.contracts import check_file, tool_faults

FILES = sorted(Path(tools.__path__[0], f"{name}.py") for name in names(Path(tools.__path__[0])))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_tool_keeps_its_contract(path):
    assert check_file(path) == ("tool", [])


def test_there_are_tools():
    assert {"crop", "draw_box", "rotate", "select_frames"} <= {path.stem for path in FILES}


@tool
def brittle(bbox_2d: Box, context: Context, factor: float = 1.0) -> Image:
    """Cut without looking.

    Args:
        bbox_2d: Box.
        factor: Ignored.
    """
    return context.store.put(context.store.get(context.image(1).ref).crop(bbox_2d.xyxy))


@tool
def fickle(context: Context) -> str:
    """Say something else every time."""
    return str(id(object())) + str(next(COUNT))


COUNT = iter(range(10**9))


def test_the_contract_finds_a_tool_that_crashes_on_a_strange_box():
    faults = list(tool_faults(brittle, [({"bbox_2d": [0, 0, 9, 9]}, (9, 9))]))
    assert faults and "raise ToolError" in faults[0]


def test_the_contract_finds_a_tool_that_is_not_pure():
    assert any("second time" in fault for fault in tool_faults(fickle, [({}, "")]))


def test_the_contract_finds_a_wrong_example():
    assert any("gives (9, 9)" in fault for fault in tool_faults(tools.crop, [({"bbox_2d": [0, 0, 9, 9]}, (8, 8))]))


def test_tool_error_is_for_the_model():
    assert issubclass(ToolError, Exception) and not issubclass(ToolError, ValueError)
