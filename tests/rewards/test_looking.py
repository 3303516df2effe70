"""Labels of looks, and the rewards that are functions of them and of who in a group used a tool."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade import rewards
from saccade.core.reward import evaluate
from saccade.core.trajectory import Group, Stop, ToolEvent
from saccade.rewards._looks import fidelity, labelled
from saccade.testing.scripted import scripted

A, B = [0, 0, 10, 10], [100, 100, 120, 120]
FAR = (50, 50, 60, 60)


def look(*edges, step=1, error=None):
    return ToolEvent(step=step, name="zoom", image="px:0", box_xyxy=None if error else edges, result="px:1", error=error)


def attempt(*looks, answer="7", evidence=(A,), branch="", stop=Stop.DONE, **meta):
    boxes = [list(box) for box in evidence]
    made = scripted(f"<answer>{answer}</answer>", "7", events=looks, stop=stop, evidence=boxes, **meta)
    return replace(made, branch=branch)


def labels(*looks, evidence=(A,), **rules):
    return [each.label for each in labelled(attempt(*looks, evidence=evidence), **rules)]


def test_labels_in_order_of_time():
    assert labels(look(*A)) == ["correct"]
    assert labels(look(*A), look(*A)) == ["correct", "redundant"]
    assert labels(look(*FAR), look(*FAR)) == ["erroneous", "redundant"]
    assert labels(look(0, 0, 90, 90), look(1, 1, 91, 91), look(*A)) == ["coarse", "redundant", "correct"]
    assert labels(look(0, 0, 90, 90), look(0, 0, 40, 200)) == ["coarse", "erroneous"]
    assert labels(look(error="no such image")) == ["erroneous"]
    assert labels(look(*B), look(*A), evidence=(A, B)) == ["correct", "correct"]
    assert labelled(attempt(look(*A), evidence=())) is None


def test_a_clearly_better_look_is_a_refinement_worth_its_improvement():
    first, second = labelled(attempt(look(0, 0, 10, 18), look(*A)))
    assert (first.label, second.label) == ("correct", "correct")
    assert first.value == pytest.approx(10 / 18) and second.value == pytest.approx(1 - 10 / 18)
    assert labels(look(0, 0, 10, 10.5), look(*A)) == ["correct", "redundant"]


def test_padded_zooms_match_by_what_they_hold():
    padded = look(0, 0, 30, 30)
    assert labels(padded, measure="cover") == ["correct"] and labels(padded) == ["coarse"]
    assert labels(look(0, 0, 41, 41), measure="cover") == ["coarse"]
    assert labels(look(3, 0, 30, 30), measure="cover") == ["erroneous"]


def test_tools_that_do_not_look_are_no_looks():
    reading = ToolEvent(step=1, name="ocr", arguments={})
    assert labelled(attempt(reading)) == ()


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(1, 60), st.integers(1, 60)), max_size=8))
def test_labels_never_pay_twice_for_the_same_evidence(boxes):
    looks = labelled(attempt(*(look(x, y, x + w, y + h) for x, y, w, h in boxes), evidence=(A, B)))
    for wanted in (0, 1):
        assert sum(each.value for each in looks if each.found == wanted) <= 1.0 + 1e-9
    assert all(0 <= value <= 1 for value in fidelity(looks, 2))


def scores(reward, *attempts):
    group = evaluate(Group(sample=attempts[0].sample, trajectories=attempts), [reward])
    return [each.rewards[reward.name].value if reward.name in each.rewards else None for each in group.trajectories]


def test_right_answers_are_seen_illusions_or_unlooked_and_add_up():
    attempts = (attempt(look(*A)), attempt(look(*FAR)), attempt(), attempt(look(*A), answer="8"))
    kinds = [scores(rewards.faithful(kind=kind), *attempts) for kind in ("seen", "illusion", "unlooked")]
    assert kinds == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    half = scores(rewards.faithful(), attempt(look(*A), evidence=(A, B)))
    assert half == [0.0]


def test_a_wrong_answer_is_never_paid_for_its_looks_and_looks_never_pay_more_than_the_answer():
    good, missed = attempt(look(*A), answer="8"), attempt(look(*FAR))
    assert scores(rewards.rationale_gated(), good, missed, attempt(look(*A))) == [0.0, 0.5, 1.0]
    many = attempt(look(*A), *(look(*FAR) for _ in range(7)))
    assert scores(rewards.rationale_gated(), many)[0] < 0.7
    with pytest.raises(ValueError, match=r"gamma is 0\.\.1"):
        rewards.rationale_gated(gamma=1.5)


def group(uses, rights, **more):
    return tuple(attempt(*([look(*A)] if used else []), answer="7" if right else "8", **more)
                 for used, right in zip(uses, rights, strict=True))


def test_curiosity_is_exactly_zero_from_the_threshold_on():
    few, enough = [1, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0]
    assert scores(rewards.curiosity(), *group(few, [0] * 8))[:2] == [pytest.approx(0.5 * (0.3 - 1 / 8)), 0.0]
    assert scores(rewards.curiosity(), *group(enough, [0] * 8)) == [0.0] * 8
    often = attempt(look(*A), look(*FAR), look(*B))
    assert scores(rewards.curiosity(), often) == [pytest.approx(-0.1)]


def test_attempts_that_failed_on_our_side_are_not_counted():
    failed = attempt(stop=Stop.ERROR)
    assert scores(rewards.curiosity(), attempt(look(*A)), *[failed] * 9)[0] == 0.0


@pytest.mark.parametrize(("uses", "rights", "expected"), [
    ([0, 1, 1, 0], [1, 1, 0, 0], [1.0, 0.8, 0.5, 0.1]),
    ([0, 1, 1, 0], [0, 1, 0, 0], [0.1, 1.0, 0.5, 0.1]),
    ([0, 1, 1, 0], [0, 0, 0, 0], [0.1, 0.5, 0.5, 0.1]),
    ([0, 0], [1, 0], [1.0, 0.1]),
])
def test_the_whole_adaptive_table(uses, rights, expected):
    assert scores(rewards.adaptive_table(), *group(uses, rights)) == pytest.approx(expected)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=8))
def test_the_adaptive_table_depends_on_nothing_but_its_five_conditions(cases):
    """Any direct right, any look right, used, right, well formed: two groups that agree in these agree in the score."""
    once = scores(rewards.adaptive_table(), *group(*zip(*cases, strict=True)))
    twice = scores(rewards.adaptive_table(), *group(*zip(*(cases + cases), strict=True)))
    assert twice == once + once


def modes(must, never, free):
    """Rights of forced attempts; (used, right) of free ones."""
    forced = [*group([1] * len(must), must, branch="must"), *group([0] * len(never), never, branch="never")]
    return (*forced, *group(*zip(*free, strict=True)))


FREE = [(1, 1), (1, 0), (0, 1), (0, 0)]


def test_free_attempts_are_paid_for_acting_on_the_need():
    reward = rewards.need_alignment(consistency=0.0)
    assert scores(reward, *modes([1, 1], [0, 0], FREE)) == [None] * 4 + [1.0, 0.25, 0.0, -0.5]
    assert scores(reward, *modes([0, 0], [1, 1], FREE)) == [None] * 4 + [0.0, -0.5, 1.0, 0.25]
    assert scores(reward, *modes([1, 1], [1, 1], FREE)) == [None] * 4 + [0.0, -0.5, 1.0, 0.25]
    assert scores(reward, *modes([0, 1], [0, 1], FREE)) == [None] * 4 + [0.0] * 4
    assert scores(rewards.need_alignment(must="never", never="must", consistency=0.0),
                  *modes([1, 1], [0, 0], FREE))[4:] == [0.0, -0.5, 1.0, 0.25]


def test_agreeing_with_siblings_pays_only_where_they_are_right_about_the_need():
    mostly = [(1, 1), (1, 1), (0, 1)]
    assert scores(rewards.need_alignment(), *modes([1], [0], mostly))[2:] == pytest.approx([1.2, 1.2, 0.0])
    assert scores(rewards.need_alignment(), *modes([0], [1], mostly))[2:] == pytest.approx([0.0, 0.0, 1.0])


def test_modes_must_be_obeyed():
    reward = rewards.mode_obeyed()
    assert scores(reward, attempt(look(*A), branch="must"), attempt(branch="must"), attempt(branch="never"),
                  attempt(look(error="off"), branch="never"), attempt()) == [0.0, -1.0, 0.0, -1.0, None]


def test_a_tool_is_paid_by_what_it_gains():
    assert scores(rewards.tool_gain(), *group([1, 1, 0, 0], [1, 0, 0, 0])) == [0.5, 0.0, 0.0, 0.0]
    assert scores(rewards.tool_gain(), *group([1, 1, 0, 0], [1, 1, 1, 1])) == [0.0] * 4
    assert scores(rewards.tool_gain(), *group([1, 1], [1, 0])) == [0.0, 0.0]


C = [50, 50, 60, 60]


def one(reward, made):
    return scores(reward, made)[0]


def test_with_equal_salience_it_is_plain_matched_overlap():
    """GRiP with equal weights and no charge is the mean overlap of looks and objects matched one to one."""
    made = attempt(look(0, 0, 10, 20), look(*C), evidence=(A,), distractors=[C, B])
    assert one(rewards.salience_iou(distractor=1.0, charge=0.0), made) == pytest.approx((0.5 + 1.0 + 0.0) / 3)
    assert one(rewards.salience_iou(charge=0.0), made) == pytest.approx(0.5)
    assert one(rewards.salience_iou(), made) == pytest.approx(0.5 - 0.25 / 2)
    guided = attempt(look(*A), look(*B), evidence=(A,), context=[B])
    assert one(rewards.salience_iou(), guided) == pytest.approx(1.0)


def test_boxes_everywhere_are_no_way_to_salience():
    everywhere = [look(x, y, x + 10, y + 10) for x in range(0, 130, 10) for y in range(0, 130, 10)]
    assert one(rewards.salience_iou(), attempt(*everywhere)) < one(rewards.salience_iou(), attempt(look(*A)))
    assert one(rewards.evidence_contrast(), attempt(*everywhere)) < 0.01


def test_equally_valid_paths_earn_the_same_and_are_kept_apart():
    straight = attempt(look(*A), distractors=[C])
    eliminated = attempt(look(*C), look(*A), distractors=[C])
    narrowed = attempt(look(0, 0, 40, 40), look(*A), distractors=[C])
    wrong = attempt(look(*A), answer="8", distractors=[C])
    alone = [one(rewards.reasoning_paths(), each) for each in (straight, eliminated, narrowed, wrong)]
    assert alone == [1.0, 1.0, 1.0, 0.0]
    together = scores(rewards.reasoning_paths(), straight, straight, straight, straight, eliminated)
    assert together == pytest.approx([0.5] * 4 + [1.0])
    assert scores(rewards.reasoning_paths(diverse=False), straight, straight, eliminated) == [1.0] * 3


def test_operations_are_paid_once_and_crops_by_their_best():
    def does(*events, required=("rotate90", "crop"), **more):
        return attempt(*events, required=list(required), **more)

    turn = ToolEvent(step=1, name="rotate", arguments={"degrees": 450})
    back = ToolEvent(step=1, name="rotate", arguments={"degrees": -90})
    assert one(rewards.must_use(exact=0.0), does(turn, look(0, 0, 10, 20), look(*A), look(0, 0, 10, 20))) == 1.0
    assert one(rewards.must_use(), does(turn, look(*A))) == pytest.approx(1.1)
    assert one(rewards.must_use(), does(look(*A), turn)) == pytest.approx(1.0)
    assert one(rewards.must_use(), does(back, required=["rotate90"])) == 0.0
    assert one(rewards.must_use(), does(*[turn] * 30)) == 0.5
    flip = ToolEvent(step=1, name="flip", arguments={"axis": "vertical"})
    assert one(rewards.must_use(exact=0.0), does(flip, required=["flip_v"])) == 1.0
    assert one(rewards.tool_faults(), does(turn, required=["crop"])) == 2.0  # undid nothing, and right off the evidence
    assert one(rewards.tool_faults(), does(turn, look(*A))) == 0.0
