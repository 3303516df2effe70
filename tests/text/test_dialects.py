"""Dialects: what is written is read back, and nothing a model can write makes reading fail."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saccade.core.folder import names
from saccade.core.message import ToolCall
from saccade.core.tool import tool
from saccade.text import dialects
from saccade.text.dialect import Parsed
from saccade.text.dialects.boxed import boxed
from saccade.text.dialects.fences import fences
from saccade.text.dialects.hermes import hermes
from saccade.text.dialects.json_object import json_object
from saccade.text.dialects.tags import tags

EVERY = tuple(vars(dialects)[name] if name in vars(dialects) else dialects.__getattr__(name)
              for name in names(Path(dialects.__path__[0])))
CALLING = (hermes, tags, json_object)

marks = ("<tool_call>", "</tool_call>", "<tool name=\"a\">", "<tool>", "</tool>", "<think>", "</think>",
         "```python\n", "```",
         "\n```", "{", "}", '{"name": "a"', '"arguments": {', "[[[[", "\\boxed{", "<answer>", "\x00", "\ud83d", "\n")
hostile = st.lists(st.one_of(st.sampled_from(marks), st.text(max_size=8)), max_size=12).map("".join)
quiet = st.text(st.characters(blacklist_characters="<>`{}\\", blacklist_categories=("Cs",)), max_size=30)
words = quiet.filter(lambda text: text == text.strip("\n"))
value = st.recursive(st.none() | st.booleans() | st.integers() | quiet,
                     lambda inner: st.lists(inner, max_size=3) | st.dictionaries(quiet, inner, max_size=3), max_leaves=6)
call = st.builds(ToolCall, name=st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
                 arguments=st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), value, max_size=3))
code = quiet.filter(lambda code: "\r" not in code)
said = st.builds(Parsed, text=words, thought=st.none() | words.map(str.strip), calls=st.lists(call, max_size=3).map(tuple))


@pytest.mark.parametrize("make", EVERY, ids=lambda make: make.__name__)
@settings(max_examples=60, deadline=None)
@given(text=hostile)
def test_reading_never_raises_and_flags_or_keeps(make, text):
    parsed = make().parse(text)
    assert all(each.error or each.name for each in parsed.calls)
    assert isinstance(parsed.text, str)


@pytest.mark.parametrize("make", CALLING, ids=lambda make: make.__name__)
@settings(max_examples=60, deadline=None)
@given(said=said)
def test_reading_inverts_writing(make, said):
    assert make().parse(make().write(said)) == said


@settings(max_examples=60, deadline=None)
@given(text=words, thought=st.none() | words.map(str.strip), code=st.lists(code, max_size=2))
def test_code_blocks_invert(text, thought, code):
    calls = tuple(ToolCall(name="python", arguments={"code": each}) for each in code)
    written = Parsed(text=text, thought=thought, calls=calls)
    assert fences().parse(fences().write(written)) == written


@settings(max_examples=60, deadline=None)
@given(text=words, thought=st.none() | words.map(str.strip))
def test_boxed_inverts(text, thought):
    assert boxed().parse(boxed().write(Parsed(text=text, thought=thought))) == Parsed(text=text, thought=thought)


@pytest.mark.parametrize("make", EVERY, ids=lambda make: make.__name__)
def test_every_file_keeps_its_examples(make):
    import sys

    for text, wanted in sys.modules[make.__module__].EXAMPLES:
        parsed = make().parse(text)
        if wanted == "error":
            assert parsed.calls and parsed.calls[0].error
        elif isinstance(wanted, ToolCall):
            assert parsed.calls == (wanted,)
        else:
            assert parsed.text == wanted


@tool
def crop(bbox_2d: list[float]) -> str:
    """Zoom in.

    Args:
        bbox_2d: the box
    """
    return ""


@pytest.mark.parametrize("make", CALLING, ids=lambda make: make.__name__)
def test_a_declaration_holds_the_schema_and_nothing_without_tools(make):
    text = make().declare([crop])
    assert '"bbox_2d"' in text and "Zoom in." in text
    assert make().declare([]) == ""
    assert any(json.dumps(schema, ensure_ascii=False) in text for schema in (crop.schema, crop.schema["function"]))


def test_dialects_that_cannot_call_say_so():
    with pytest.raises(ValueError, match=r"cannot call tools.*crop"):
        boxed().declare([crop])
    with pytest.raises(ValueError, match="python"):
        fences().declare([crop])


def test_several_calls_and_a_broken_one_between():
    text = ('Look.\n<tool_call>\n{"name": "a", "arguments": {}}\n</tool_call>\n<tool_call>{"name": </tool_call>'
            '<tool_call>{"name": "b", "arguments": {"x": NaN}}')
    first, broken, cut = hermes().parse(text).calls
    assert first == ToolCall(name="a")
    assert "not valid JSON" in broken.error
    assert cut.name == "b" and "not closed" in cut.error
    assert hermes().parse(text).text == "Look."


@pytest.mark.parametrize("inside, complaint", [
    ("[1, 2]", "JSON object"), ('{"arguments": {}}', "name"), ('{"name": 7}', "name"),
    ('{"name": "a", "arguments": [1]}', "not a JSON object"), ("{" * 100_000, "not valid JSON"),
    ('{"name": "a", "arguments": {"n": ' + "9" * 5000 + "}}", "not valid JSON"), ("[" * 100_000, "not valid JSON"),
])
def test_malformed_calls_say_what_is_wrong(inside, complaint):
    (found,) = hermes().parse(f"<tool_call>{inside}</tool_call>").calls
    assert complaint in found.error
    assert len(found.error) < 400


def test_arguments_may_be_a_string_of_json():
    (found,) = hermes().parse('<tool_call>{"name": "a", "arguments": "{\\"n\\": 1}"}</tool_call>').calls
    assert found == ToolCall(name="a", arguments={"n": 1})


def test_a_thought_that_is_not_closed_stays_text():
    parsed = tags().parse("<think>I wonder <answer>7</answer>")
    assert parsed.thought is None and parsed.text == "<think>I wonder <answer>7</answer>"


def test_reading_is_linear():
    import time

    for unit in ("<tool_call>", "<tool name=\"", "```python\n", "<think>", "{", "\n", "<tool "):
        start = time.perf_counter()
        for make in EVERY:
            make().parse(unit * (60_000 // len(unit)))
        assert time.perf_counter() - start < 3, unit
