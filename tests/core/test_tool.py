"""Tools: schemas from signatures, arguments as models write them, boxes in every spelling."""

import math
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade.core import Box, Context, Image, Point, Tool, ToolError, tool
from saccade.core.tool import as_tool, check_arguments, describe, opened, read_box, read_point, renamed, split_docstring


def plain(text: str, count: int, share: float, deep: bool, mode: Literal["a", "b"], names: list[str], more: int = 3):
    """Do something to a text.

    And go on
    about it.

    Args:
        text: What to change.
        count: How often,
            in all.
        share: How much.
        deep: Whether to go on.
        mode: Which way.
        names: Who is asked.
        more: How many more.

    Returns:
        Nothing of note.
    """


@pytest.mark.slow  # imports torch
def test_the_schema_is_the_one_transformers_would_make():
    utils = pytest.importorskip("transformers.utils")
    theirs = utils.get_json_schema(plain)["function"]["parameters"]
    _, ours = describe(plain)
    assert ours["required"] == theirs["required"]
    assert list(ours["properties"]) == list(theirs["properties"])
    for name, wanted in theirs["properties"].items():
        assert {**ours["properties"][name], "description": ""} == {**wanted, "description": ""}, name
        assert ours["properties"][name]["description"].split() == wanted["description"].split()


def test_description_and_arguments_are_read_from_the_docstring():
    about, known = describe(plain)
    assert about == "Do something to a text. And go on about it."
    assert known["properties"]["count"]["description"] == "How often, in all." and "Returns" not in str(known)
    assert split_docstring("") == ("", {})


def test_a_context_is_never_shown_and_optional_types_are_unwrapped():
    @tool(name="look", cost=2.0, frame="grid")
    def inner(at: Image, where: Box, context: Context, note: str | None = None) -> str:
        """Look.

        Args:
            at: Which.
            where: Where.
            note: Why.
        """
        return ""

    assert inner.name == "look" and inner.cost == 2 and inner.schema["function"]["name"] == "look"
    assert inner.parameters["properties"]["at"]["type"] == "integer" and "context" not in inner.parameters["properties"]
    assert inner.parameters["properties"]["note"]["type"] == "string" and inner.parameters["required"] == ["at", "where"]
    assert check_arguments(inner, {"at": 1, "where": [0, 0, 1, 2], "note": None})["note"] is None


def undescribed(text: str):
    """Do it."""


def untyped(text):
    """Do it.

    Args:
        text: What.
    """


def unwritable(text: set):
    """Do it.

    Args:
        text: What.
    """


@pytest.mark.parametrize(("function", "why"), [
    (undescribed, "'text' is not described"), (untyped, "'text' has no type"), (unwritable, "cannot be written as JSON")])
def test_a_tool_a_model_could_not_use_is_refused(function, why):
    with pytest.raises(ValueError, match=why):
        tool(function)


@pytest.mark.parametrize(("written", "kept"), [
    ({"count": "3"}, {"count": 3}), ({"count": 3.0}, {"count": 3}), ({"share": "0.5"}, {"share": 0.5}),
    ({"share": 1}, {"share": 1.0}), ({"mode": "a"}, {"mode": "a"}), ({"names": ["x", "y"]}, {"names": ["x", "y"]})])
def test_what_models_write_is_converted(written, kept):
    made = tool(plain)
    full = {"text": "t", "count": 1, "share": 0.1, "deep": True, "mode": "b", "names": []}
    assert check_arguments(made, {**full, **written}) == {**full, **kept}


@pytest.mark.parametrize(("written", "told"), [
    ({"count": 1.5}, "count must be a JSON integer"), ({"count": True}, "count must be"), ({"count": "many"}, "count must"),
    ({"count": math.inf}, "count must"), ({"share": math.nan}, "share must"), ({"share": None}, "share must"),
    ({"deep": "yes"}, "deep must be a JSON boolean"), ({"mode": "c"}, "mode is one of"), ({"mode": True}, "mode is one of"),
    ({"names": "x"}, "names must be a JSON array"), ({"names": [1]}, "names must be a JSON string"),
    ({"text": 4}, "text must be a JSON string"), ({"extra": 1}, r"unknown: \['extra'\]")])
def test_what_cannot_be_converted_is_told_to_the_model(written, told):
    full = {"text": "t", "count": 1, "share": 0.1, "deep": True, "mode": "b", "names": []}
    with pytest.raises(ToolError, match=told):
        check_arguments(tool(plain), {**full, **written})


def test_missing_arguments_are_named():
    with pytest.raises(ToolError, match=r"missing: \['text', 'count'"):
        check_arguments(tool(plain), {})


@pytest.mark.parametrize(("written", "frame", "xyxy"), [
    ([1, 2, 3, 4], "px", (1, 2, 3, 4)), ((0.1, 0.2, 0.3, 0.4), "unit", (0.1, 0.2, 0.3, 0.4)),
    ("[1, 2, 3, 4]", "px", (1, 2, 3, 4)), ("1 2 3.5 4", "px", (1, 2, 3.5, 4)), (["1", "2", "3", "4"], "px", (1, 2, 3, 4)),
    ("<1><2><3><4>", "px", (1, 2, 3, 4)), (" <1> <2><3> <4> ", "grid", (1, 2, 3, 4)),
    ("-1, -2, 3, 4", "px", (-1, -2, 3, 4))])
def test_boxes_are_read_in_every_spelling(written, frame, xyxy):
    box = read_box(written, frame=frame, bins=16)
    assert box.xyxy == xyxy
    assert box.frame == ("grid" if isinstance(written, str) and "<" in written else frame)


@given(st.one_of(
    st.none(), st.text(), st.integers(), st.floats(), st.lists(st.one_of(st.floats(), st.text(), st.none())),
    st.dictionaries(st.text(), st.integers())))
def test_whatever_is_written_gives_a_box_or_an_error_for_the_model(value):
    try:
        x1, y1, x2, y2 = read_box(value, frame="px", bins=16).xyxy
    except ToolError:
        return
    assert x1 < x2 and y1 < y2 and all(math.isfinite(edge) for edge in (x1, y1, x2, y2))


@pytest.mark.parametrize(("written", "frame", "xy"), [
    ([1, 2], "px", (1, 2)), ("[0.5, 0.25]", "px", (0.5, 0.25)), (["1", "2"], "px", (1, 2)), ("<3><4>", "grid", (3, 4)),
    ("-1 7", "px", (-1, 7))])
def test_points_are_read_in_every_spelling(written, frame, xy):
    assert read_point(written, frame="px") == Point(xy=xy, frame=frame)


@given(st.one_of(
    st.none(), st.text(), st.integers(), st.floats(), st.lists(st.one_of(st.floats(), st.text(), st.none())),
    st.dictionaries(st.text(), st.integers())))
def test_whatever_is_written_gives_a_point_or_an_error_for_the_model(value):
    try:
        assert all(math.isfinite(number) for number in read_point(value, frame="unit").xy)
    except ToolError:
        return


def test_lists_of_points_and_boxes_are_read_one_by_one():
    @tool(frame="unit")
    def trace(points: list[Point], boxes: list[Box]) -> str:
        """Trace.

        Args:
            points: Points.
            boxes: Boxes.
        """
        return ""

    assert trace.parameters["properties"]["points"]["items"] == {"type": "array", "items": {"type": "number"}}
    read = check_arguments(trace, {"points": [[0, 1], "<1><2>"], "boxes": [[0, 0, 1, 1]]})
    assert read["points"] == [Point(xy=(0, 1), frame="unit"), Point(xy=(1, 2), frame="grid")]
    assert read["boxes"] == [Box(xyxy=(0, 0, 1, 1), frame="unit")]
    for wrong in ([[1]], [["a", 1]], "1, 2", [[math.inf, 1]]):
        with pytest.raises(ToolError):
            check_arguments(trace, {"points": wrong, "boxes": []})


@dataclass(frozen=True)
class Counting:
    """Count."""

    start: int = 0

    def __call__(self, by: int = 1) -> str:
        """Count up.

        Args:
            by: How much.
        """
        return str(self.start + by)


def test_callable_objects_and_factories_are_tools():
    made = tool(Counting(start=4))
    assert made.name == "Counting" and made.description == "Count up."
    assert made.parameters["properties"]["by"]["type"] == "integer"
    assert made.function(**check_arguments(made, {"by": "2"})) == "6"

    def factory(*, name: str = "f") -> Tool:
        return renamed(made, name)

    assert as_tool(factory).name == "f" and as_tool(made) is made and as_tool(plain).name == "plain"


def test_a_tool_with_state_is_opened_afresh():
    from dataclasses import replace

    made = tool(Counting())
    fresh = replace(made, open=lambda: replace(made, description="fresh"))
    assert opened(made) is made and opened(fresh).description == "fresh"
