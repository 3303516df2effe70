"""Answers, letters, JSON: what is found, what is not, and that nothing makes it raise or crawl."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saccade.text import distance, equal, extract, numbers, places

pieces = st.sampled_from(["\\boxed{", "}", "{", "\\", "<answer>", "</answer>", "Answer:", "the answer is ", "(B)", "A.",
                          "[1,", "2]", "1/0", "1e999", "%", "```json\n", "```", '{"bbox_2d":', "<3>", "<point x=1 y=",
                          "\u2212", "٣", "$", ",", "\n", "9" * 40])
hostile = st.lists(st.one_of(pieces, st.text(max_size=6)), max_size=14).map("".join)
EVERY = [
    extract.answer_of, extract.boxed, extract.tagged, extract.on_line, extract.letter, extract.json_value, extract.fenced,
    numbers.number, numbers.numbers, places.boxes, places.points, equal.plain, equal.bare,
    lambda text: extract.answer_of(text, mode="strict"), lambda text: extract.letter(text, ("a", "b"), mode="strict"),
    lambda text: numbers.number(text, mode="strict"),
]
PAIRS = [
    equal.exact, equal.numeric, equal.choice, equal.as_set, equal.agrees, distance.anls, distance.edit_similarity,
    distance.overlap, lambda one, other: equal.agrees(one, other, choices=("red", "blue"), mode="lenient"),
]


@settings(max_examples=80, deadline=None)
@given(text=hostile, other=hostile)
def test_any_text_may_be_given(text, other):
    for read in EVERY:
        read(text)
    for compare in PAIRS:
        assert 0 <= compare(text, other) <= 1


@pytest.mark.parametrize("unit", ["\\boxed{", "{", "[", "<answer>", "the answer is ", "1,", "1 ", "(", "```\n", "<point x=",
                                  "<3>", "\\", "A. ", " ", "-", '{"a":', ",000", "answer: "])
def test_long_text_is_read_in_time(unit):
    text = unit * (20_000 // len(unit))
    start = time.process_time()
    for read in EVERY:
        read(text)
    assert time.process_time() - start < 3


@pytest.mark.parametrize("text, strict, lenient", [
    ("<think>6</think><answer> 7 </answer>", "7", "7"),
    ("<answer>1</answer> no, <answer>2</answer>", "2", "2"),
    (r"so \boxed{\frac{1}{2}}.", r"\frac{1}{2}", r"\frac{1}{2}"),
    (r"<answer>\boxed{7}</answer>", "7", "7"),
    (r"\boxed{7", None, r"\boxed{7"),
    ("<answer>7", None, "<answer>7"),
    ("Well.\nFinal answer: **B**", None, "B"),
    ("I see two. The answer is 12.5.", None, "12.5"),
    ("The correct option is (C).", None, "(C)"),
    ("Let me think.\n\n42", None, "42"),
    ("", None, None),
    ("   \n ", None, None),
    ("The answer is not clear to me.\nAnswer: 3", None, "3"),
])
def test_answers(text, strict, lenient):
    assert extract.answer_of(text, mode="strict") == strict
    assert extract.answer_of(text) == lenient


@settings(max_examples=60, deadline=None)
@given(inner=st.recursive(st.text("ab{}\\ ", max_size=0) | st.text("ab1+", max_size=4),
                          lambda part: st.lists(part, max_size=3).map(lambda parts: "{" + "".join(parts) + "}"),
                          max_leaves=5))
def test_boxes_keep_their_braces(inner):
    assert extract.boxed("x \\boxed{" + inner + "} y } z {") == inner.strip()


CHOICES = ("a blue dog", "red", "none of these", "Paris")


@pytest.mark.parametrize("text, strict, lenient", [
    ("B", "B", "B"), ("(b)", "B", "B"), ("B.", "B", "B"), ("B. red", "B", "B"), ("B: red", "B", "B"),
    (" d ", "D", "D"), ("E", None, None), ("red", None, "B"),
    ("Red.", None, "B"), ("I choose C", None, "C"), ("A dog", None, None),
    ("B or C", None, None), ("", None, None), ("paris", None, "D"), ("The answer is (A)", None, "A"),
])
def test_letters(text, strict, lenient):
    assert extract.letter(text, CHOICES, mode="strict") == strict
    assert extract.letter(text, CHOICES) == lenient


def test_json_is_found_where_it_stands():
    assert extract.json_value('I say {"a": [1, 2]} and {"b": 3}!') == {"b": 3}
    assert extract.json_value('x\n```json\n[{"a": 1}]\n```\nnot {"b": 2}') == [{"a": 1}]
    assert extract.json_values("[1] {2} [3]") == [[1], [3]]
    assert extract.json_value("nothing") is None
    assert extract.fenced("```python\na\n```\n```json\n1\n```", "python") == "a\n"


@pytest.mark.parametrize("text, wanted", [
    ('```json\n[{"bbox_2d": [1, 2, 3, 4], "label": "x"}, {"bbox_2d": [5, 6, 7.5, 8]}]\n```', [(1, 2, 3, 4), (5, 6, 7.5, 8)]),
    ("[1, 2, 3, 4] and [5, 6, 7, 8]", [(1, 2, 3, 4), (5, 6, 7, 8)]),
    ("<|box_start|>(1,2),(3,4)<|box_end|>", [(1, 2, 3, 4)]),
    ("at (1, 2, 30, 40).", [(1, 2, 30, 40)]),
    ('{"answer": {"box": [[1, 2, 3, 4]]}}', [(1, 2, 3, 4)]),
    ("[3, 4, 1, 2] inverted, [1, 1, 1, 5] empty", []), ("[1e999, 2, 3, 4]", []), ("[1, 2, 3]", []), ("[true, 1, 2, 3]", []),
])
def test_boxes(text, wanted):
    found = places.boxes(text, frame="per_mille")
    assert [box.xyxy for box in found] == wanted
    assert all(box.frame == "per_mille" for box in found)


def test_grid_tokens_say_their_frame():
    (box,) = places.boxes("<answer><3><4><9><8></answer>", frame="px")
    assert box.frame == "grid" and box.xyxy == (3, 4, 9, 8)


@pytest.mark.parametrize("text, wanted", [
    ('<point x="10.5" y="3" alt="a">a</point>', [(10.5, 3)]), ("(3, 4) then (5,6)", [(3, 4), (5, 6)]),
    ('[{"point_2d": [7, 8], "label": "x"}]', [(7, 8)]), ("none", []), ("(1, 2, 3)", []),
])
def test_points(text, wanted):
    assert [point.xy for point in places.points(text)] == wanted
