"""When an answer equals a target: closed forms, both modes, and the properties a comparison must have."""

import math
import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saccade.text.distance import anls, edit_similarity, overlap, repeated
from saccade.text.equal import agrees, as_set, choice, exact, numeric
from saccade.text.numbers import Number, number, numbers
from saccade.text.symbolic import Worker, symbolic


@pytest.mark.parametrize("text, value", [
    ("7", 7), ("-3", -3), ("\u22123.5", -3.5), ("1,234,567.5", 1234567.5), ("1/4", 0.25), ("2 1/2", 2.5),
    (r"\frac{3}{4}", 0.75), ("1e3", 1000), ("1.5 x 10^3", 1500), ("$1,200", 1200),
    ("5 cm", 5), ("5cm", 5), ("3.", 3), (".5", 0.5), ("**8**", 8),
])
def test_numbers_as_people_write_them(text, value):
    assert number(text, mode="strict") == Number(value=pytest.approx(value))


@pytest.mark.parametrize("text", ["", "seven", "1 and 2", "v2", "12a34", "1/0", "1e999", "٣", "--",
                                  "about 7", "1.2.3", "7 of 9"])
def test_what_is_no_number(text):
    assert number(text, mode="strict") is None


def test_the_last_number_counts_leniently():
    assert number("between 3 and 4 apples, so 12.") == Number(value=12.0)
    assert numbers("1, 2 and 3/4") == (1.0, 2.0, 0.75)
    assert number("45 %") == Number(value=45.0, percent=True)


@settings(max_examples=80, deadline=None)
@given(value=st.floats(-1e9, 1e9).map(lambda value: round(value, 3)))
def test_a_number_equals_its_spellings(value):
    for spelling in (repr(value), f"{value:.3f}", f"{value:,.3f}", f" {value:.3f} m"):
        assert numeric(spelling, repr(value), tolerance=1e-6)
    assert not numeric(repr(value * 1.01 + 0.02), repr(value), tolerance=1e-6)


@pytest.mark.parametrize("answer, target, wanted", [
    ("45%", "45", True), ("45%", "0.45", True), ("0.45", "45%", True), ("45", "45%", True), ("45", "0.45", False),
    ("4.5", "45%", False), ("nan", "1", False), ("1", "x", False), ("", "", False),
])
def test_percentages(answer, target, wanted):
    assert numeric(answer, target) is wanted


def test_tolerance_is_relative_to_the_target_or_absolute():
    assert numeric("104", "100", tolerance=0.05) and not numeric("106", "100", tolerance=0.05)
    assert numeric("0.1", "0", tolerance=0.2, relative=False) and not numeric("0.1", "0", tolerance=0.2)


@pytest.mark.parametrize("answer, target, strict, lenient", [
    ("Red", "red", True, True), ("the red car", "Red car.", False, True), ("red-ish", "redish", False, False),
    ("  a\n b ", "a b", True, True), ("ﬁve", "five", True, True), ("", "red", False, False), ("the", "a", False, False),
    ("7", "7.", True, True), ("1.5", "15", False, False), ("-3", "3", False, False),
])
def test_exact(answer, target, strict, lenient):
    assert exact(answer, target, mode="strict") is strict
    assert exact(answer, target) is lenient


def test_choices_sets_and_the_fitting_comparison():
    choices = ("red", "blue")
    assert choice("B", "blue", choices) and choice("blue", "B", choices) and not choice("A", "B", choices)
    assert not choice("blue", "B", choices, mode="strict")
    assert as_set("red, blue and green", ["green", "The Red"]) == pytest.approx(2 / 3) and as_set("", "") == 1
    assert agrees("7.0", "7") and not agrees("so 7", "7") and agrees("so 7", "7", mode="lenient")
    assert agrees("(B)", "B", choices=choices) and not agrees("7 apples 8", "apples", mode="lenient")


def test_distances_have_their_closed_forms():
    assert edit_similarity("kitten", "sitting") == pytest.approx(1 - 3 / 7)
    assert anls("Hello  World", ["x", "hello world"]) == 1 and anls("abc", "xyz") == 0
    assert anls("helo", "hello") == pytest.approx(0.8) and anls("", "") == 1 and anls("x", []) == 0
    assert overlap("a b c", "b c d") == pytest.approx(2 / 3) and overlap("", "") == 1 and overlap("a", "") == 0
    assert repeated("a b c d " * 10) == pytest.approx(1 - 4 / 37) and repeated("a b") == 0


@settings(max_examples=60, deadline=None)
@given(one=st.text(max_size=20), other=st.text(max_size=20))
def test_distances_are_symmetric_and_reflexive(one, other):
    for measure in (edit_similarity, overlap):
        assert measure(one, one) == 1 and math.isclose(measure(one, other), measure(other, one))


WORKER = """
import json, sys, time
print("true", flush=True)
for line in sys.stdin:
    answer, target = json.loads(line)
    if answer == "hang": time.sleep(60)
    if answer == "die": sys.exit(1)
    if answer == "rubbish": print("?!", flush=True); continue
    print(json.dumps(answer == target), flush=True)
"""


def test_a_worker_that_hangs_or_dies_is_replaced():
    worker = Worker([sys.executable, "-c", WORKER])
    try:
        assert worker.ask("a", "a", 5.0) and not worker.ask("a", "b", 5.0)
        start = time.monotonic()
        assert not worker.ask("hang", "hang", 0.3)
        assert time.monotonic() - start < 3
        for broken in ("die", "rubbish"):
            assert not worker.ask(broken, broken, 1.0)
            assert worker.ask("a", "a", 5.0)
    finally:
        worker.stop()


def test_questions_from_many_threads_are_not_mixed_up():
    worker = Worker([sys.executable, "-c", WORKER])
    found = {}

    def ask(at):
        found[at] = worker.ask(str(at), str(at - at % 2), 10.0)

    try:
        threads = [threading.Thread(target=ask, args=(at,)) for at in range(20)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert found == {at: at % 2 == 0 for at in range(20)}
    finally:
        worker.stop()


def test_mathematics_needs_its_extra_or_works():
    try:
        assert symbolic(r"\frac{2}{4}", "0.5", timeout_s=30) and not symbolic("2", "3", timeout_s=30)
    except ImportError as error:
        assert "saccade[math]" in str(error)
