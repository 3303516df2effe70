"""Rewards against values worked out by hand, and against searches for something that earns more than the truth."""

import itertools
import math
import random

import pytest

from saccade import rewards
from saccade.core import Group, evaluate, only_if
from saccade.rewards.change_list import TABLES
from saccade.testing.scripted import scripted
from saccade.text.changes import changes
from saccade.text.code_table import table_in
from saccade.text.routes import Segment, route, written
from saccade.text.sections import cues, headed_parts, numbered_parts, tagged_parts


def value(reward, reply, target, **settings):
    return reward.function(scripted(reply, target, **settings)).value


TRUE = (("1", "colour", "red"), ("3", "size", "small"))


def listed(items):
    return "<answer>" + "; ".join(f"({thing}, {attribute}, {worth})" for thing, attribute, worth in items) + "</answer>"


def test_nothing_listed_beats_the_true_changes():
    everything = list(itertools.product(("1", "2", "3"), ("colour", "size", "shape"), ("red", "blue", "small", "cube")))
    rng = random.Random(0)
    for name in ("star", "reason_rft", "reason_rft_penalty", "exact"):
        reward = rewards.change_list(table=name)
        best = value(reward, listed(TRUE), TRUE)
        assert best == (10.0 if name == "star" else 1.0)
        for _ in range(300):
            extra = rng.sample(everything, rng.randint(0, 8))
            truth = rng.sample(TRUE, rng.randint(0, 2))
            other = truth + extra
            rng.shuffle(other)
            if other and set(other) != set(TRUE):
                assert value(reward, listed(other), TRUE) < best, (name, other)


def test_listing_every_attribute_of_the_right_objects_is_what_the_penalty_is_for():
    values = {"colour": "red", "size": "small", "shape": "cube", "material": "metal"}
    every = [(thing, attribute, worth) for thing in ("1", "3") for attribute, worth in values.items()]
    assert value(rewards.change_list(table="star_partial_only"), listed(every), TRUE) == 13.0
    assert value(rewards.change_list(), listed(every), TRUE) == 7.0 < 10.0


def test_the_published_table_of_reason_rft():
    reward, true = rewards.change_list(table="reason_rft"), [("2", "colour", "red")]
    cases = {"change_color(2, red)": 1.0, "change_color(2, blue)": 0.5, "change_color(1, red)": 0.5,
             "change_color(1, blue)": 0.25, "change_size(2, red)": 0.0, "change_color(2, red); change_size(1, small)": 0.5}
    for reply, worth in cases.items():
        assert value(reward, f"<answer>{reply}</answer>", true) == worth, reply
    assert value(rewards.change_list(table="reason_rft_penalty"), "<answer>change_color(1, blue)</answer>", true) == -0.5
    assert TABLES["star"].surplus == 1.0


def test_calls_and_triples_are_one_language():
    wanted = (("2", "colour", "red"), ("1", "size", "small"))
    for text in ("(2, color, red); (1, size, small)", "change_color(2, red), change_size(1, small)",
                 "2 colour red\n1 size small", "[(2, 'colour', 'red'), (1, 'size', 'small')]"):
        assert changes(text) == wanted, text


def test_tolerance_falls_along_a_cosine():
    reward = rewards.numeric_tolerance()
    assert value(reward, "<answer>105</answer>", 100) == 1.0
    assert value(reward, "<answer>110</answer>", 100) == pytest.approx((math.cos(math.pi / 3) + 1) / 2)
    assert value(reward, "<answer>80</answer>", 100) == 0.0
    assert value(reward, "<answer>0.001</answer>", 0) == 0.0 and value(reward, "<answer>0</answer>", 0) == 1.0
    years = rewards.numeric_tolerance(inner=0.025, outer=0.025, years=True)
    assert value(years, "<answer>1998</answer>", 1999) == 0.0 and value(years, "<answer>99</answer>", 100) == 1.0


def test_words_errors_and_rouge():
    wer = rewards.text_overlap(measure="wer")
    assert value(wer, "<answer>a blue bus</answer>", "a red bus") == pytest.approx(math.exp(-1 / 3))
    near = rewards.text_overlap(measure="edit", low=0.5, high=0.9)
    assert value(near, "<answer>buss</answer>", "bus") == pytest.approx(0.75)
    assert value(rewards.text_overlap(measure="edit", low=0.8), "<answer>buss</answer>", "bus") == 0.0
    assert value(rewards.text_overlap(measure="anls"), "<answer>bxx</answer>", "bus") == 0.0


def test_lengths_and_repetition():
    reward = rewards.cosine_length(most=4)
    assert value(reward, "<answer>7</answer> word", "7") == pytest.approx(1 - 0.5 * (1 - math.cos(math.pi / 2)) / 2)
    assert value(reward, "<answer>8</answer> word", "7") == pytest.approx(-0.25)
    boxes = rewards.repetition(over="boxes")
    assert value(boxes, "[1, 2, 3, 4] [1, 2, 3, 4] [5, 6, 7, 8] [1, 2, 3, 4]", "") == -0.5
    assert value(rewards.repetition(over="sentences"), "It is red. It is red. It is small.", "") == pytest.approx(-1 / 3)
    with pytest.raises(ValueError, match="must not earn more"):
        rewards.cosine_length(wrong=(0.9, 0.0))


def test_format_times_answer_is_a_gate():
    """The hard format-result reward of Vision-R1: 1 only when both hold."""
    hard = only_if(rewards.answer_match(strict=True), rewards.grammar())
    replies = {"<think>a</think><answer>7</answer>": 1.0, "<answer>7</answer>": 0.0,
               "<think>a</think><answer>8</answer>": 0.0}
    made = tuple(scripted(reply, "7") for reply in replies)
    assert evaluate(Group(sample=made[0].sample, trajectories=made), [hard]).total.tolist() == list(replies.values())


def test_grammars_of_several_papers():
    info = rewards.grammar(tags=("info", "think", "answer"))
    assert value(info, "<info>a</info> <think>b</think>\n<answer>c</answer>", "") == 1.0
    assert value(info, "<think>b</think><info>a</info><answer>c</answer>", "") == 0.0
    assert value(info, "<info>a<info>a</info></info><think>b</think><answer>c</answer>", "") == 0.0
    boxed = rewards.grammar(inside={"answer": "boxed"})
    assert value(boxed, "<think>b</think><answer>\\boxed{7}</answer>", "") == 1.0
    assert value(boxed, "<think>b</think><answer>\\boxed{7} \\boxed{8}</answer>", "") == 0.0
    headed = rewards.grammar(headings=("Image Description", "Rationales", "The final answer is"))
    text = "### Image Description: a cat\n### Rationales\nbecause\n### The final answer is: cat"
    assert value(headed, text, "") == 1.0
    assert value(headed, text.replace("### Rationales\nbecause\n", ""), "") == 0.0
    with pytest.raises(ValueError, match="speaks of"):
        rewards.grammar(inside={"info": "boxed"})


def test_parts_of_a_reply():
    assert tagged_parts("<a>1</a><b>2</b>", ("a", "b")) == {"a": "1", "b": "2"}
    assert tagged_parts("x<a>1</a><b>2</b>", ("a", "b")) is None
    assert headed_parts("### A\n1\n### B: 2", ("A", "B")) == {"A": "1", "B": "2"}
    assert numbered_parts("<a1>x</a1><a3>y</a3>", 3) == ("x", None, "y")
    assert cues("see <vcues_1>a red cup</vcues_1> and <vcues_2>two</vcues_3>") == ("a red cup",)


NETWORK = {"lines": {"Red Line": ["A", "B", "C", "D"], "Blue Line": ["E", "C", "F", "G"]}, "trip": ["A", "G"]}
BEST = "Red Line: A - C; Blue Line: C - G"


def test_a_worse_route_never_scores_more():
    whole, dropped, swapped, off = (
        f"<answer>{text}</answer>" for text in (BEST, "Red Line: A - C", "Blue Line: A - C; Red Line: C - G",
                                                "Red Line: A - F; Blue Line: F - G"))
    for reward in (rewards.route_accuracy(), rewards.map_score(), rewards.map_score(long=True),
                   rewards.route_detail(rides=True)):
        best = value(reward, whole, BEST, **NETWORK)
        assert all(value(reward, text, BEST, **NETWORK) < best for text in (dropped, swapped, off)), reward.name
    assert value(rewards.map_score(), whole, BEST, **NETWORK) == 1 + 4 + 4 + 10
    assert value(rewards.map_score(share=True), whole, BEST, **NETWORK) == 1.0


def test_long_routes_count_the_stops_between():
    lists = "Red Line: A - C (B); Blue Line: C - G (F)"
    reward = rewards.map_score(long=True)
    assert value(reward, f"<answer>{lists}</answer>", BEST, **NETWORK) == 9 + 10 - 0 + 20 - 0
    assert value(reward, "<answer>Red Line: A - C (1); Blue Line: C - G (1)</answer>", BEST, **NETWORK) == 9 + 8 + 20
    assert value(reward, "<answer>Red Line: A - C (2); Blue Line: C - G (1)</answer>", BEST, **NETWORK) == 9 + 4 + 20
    assert value(reward, "<answer>Red Line: A - C (D); Blue Line: C - G (F)</answer>", BEST, **NETWORK) == pytest.approx(
        9 + (10 / 3 + 10 / 2) / 2 + 20)


def test_both_ways_of_writing_a_route_are_one():
    made = (Segment(line="Red Line", start="A", end="C", via=("B",), num_via=1),)
    assert route(written(made, long=True)) == made == route("Red Line: A -> C (B)")
    assert route("nothing here") == ()


def test_the_released_detail_charges_a_perfect_route():
    whole = f"<answer>{BEST}</answer>"
    assert value(rewards.route_detail(), whole, BEST, **NETWORK) == 2 + 3 + 3 + 1
    assert value(rewards.route_detail(free="released"), whole, BEST, **NETWORK) == 2 + 3 + 3 + 1 - 5
    direct = "Red Line: A - D"
    assert value(rewards.route_detail(), f"<answer>{direct}</answer>", direct, lines=NETWORK["lines"], trip=["A", "D"]) == 6


def test_tables_are_read_without_running_anything():
    wanted = {"name": ["A", "B"], "value": [3, 4.5]}
    for code in ("d = {'name': ['A', 'B'], 'value': [3, 4.5]}", "df = pd.DataFrame([{'name': 'A', 'value': 3}, "
                 "{'name': 'B', 'value': 4.5}])", "rows = [['name', 'value'], ['A', 3], ['B', 4.5]]",
                 "name = ['A', 'B']\nvalue = [3, 4.5]"):
        assert table_in(code) == wanted, code
    assert table_in("__import__('os').system('true')") is None
    assert table_in("x = " + "[" * 5000) is None


def test_the_share_of_a_table_that_is_right():
    truth = {"table": {"name": ["A", "B"], "value": [100, 200]}}
    reward = rewards.table_accuracy()
    near = "<code>d = {'name': ['a', 'B'], 'value': [100.9, 200]}</code>"
    assert value(reward, near, "", **truth) == pytest.approx(1.0)
    far = "<code>d = {'name': ['A', 'B'], 'value': [102, 200]}</code>"
    assert value(reward, far, "", **truth) == pytest.approx(0.2 + 0.1 + 0.7 * 3 / 4)
    lacking = "<code>d = {'name': ['A', 'B']}</code>"
    assert value(reward, lacking, "", **truth) == pytest.approx(0.2 / 2 + 0.1 + 0.7 / 2)


def test_a_caption_earns_what_a_blind_reader_can_do_with_it():
    reward = rewards.caption_sufficiency()
    told = "<info>Two stars.</info><think>a</think><answer>2</answer>"
    assert value(reward, told, "2", aux={"blind_answer": "<answer>2</answer>"}) == 1.0
    assert value(reward, told, "2", aux={"blind_answer": None}) is None
    leak = "<info>The answer is 2.</info><think>a</think><answer>2</answer>"
    assert value(reward, leak, "2", aux={"blind_answer": "2"}) == 0.0
    assert value(rewards.caption_sufficiency(leaks=False), leak, "2", aux={"blind_answer": "2"}) == 1.0


def test_a_checklist_answered_by_a_probe_is_read_from_its_own_words():
    from dataclasses import replace

    made = scripted("<a1>2</a1><a2>blue</a2>", "yes", checklist=[("How many?", "2"), ("What colour?", "red")])
    assert rewards.checklist().function(made).value is None
    assert rewards.checklist().function(replace(made, origin="probe")).value == 0.5
