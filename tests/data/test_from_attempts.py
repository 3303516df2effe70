"""Data made of attempts: pairs, rows for which looking matters, conversations to imitate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image as PILImage

from saccade.core import Image, Rows, Sample, user
from saccade.core.message import ToolCall, assistant, tool_result
from saccade.core.trajectory import Score, Step, Stop, ToolEvent, Trajectory
from saccade.data.corrected import SAYS, corrected
from saccade.data.distilled import clean, distilled, passed, revised
from saccade.data.preferences import preferences
from saccade.data.tool_gain import tool_gain


def sample(name="s"):
    return Sample(id=name, prompt=(user("Which digit?"),), target="7")


def attempt(right, relevant=None, *, name="s", number=0, call="here", events=(), stop=Stop.DONE):
    row = sample(name)
    said = (row.prompt[0], assistant(call), tool_result("seen"), assistant(f"<answer>{7 if right else 8}</answer>"))
    speakers = ("user", "policy", "tool", "policy")
    steps = tuple(Step(parent=at - 1 if at else None, speaker=speaker, message=each)
                  for at, (speaker, each) in enumerate(zip(speakers, said, strict=True)))
    rewards = {"answer_match": Score(value=float(right))}
    rewards |= {} if relevant is None else {"evidence_found": Score(value=float(relevant))}
    return Trajectory(sample=row, attempt=number, steps=steps, rewards=rewards, events=events, stop=stop)


def test_pairs_are_clear_and_say_where_they_part():
    (pair,) = preferences([attempt(1), attempt(0, call="there"), attempt(1, name="other")])
    assert pair.chosen.rewards["answer_match"].value == 1.0 and pair.rejected.rewards["answer_match"].value == 0.0
    assert pair.from_step == 1 and pair.sample.id == "s"
    (later,) = preferences([attempt(1), attempt(0)])
    assert later.from_step == 3


def test_lucky_guesses_make_no_pair_and_failures_of_ours_are_nobody():
    lucky = [attempt(1, 0), attempt(0, 0)]
    assert list(preferences(lucky, along="evidence_found")) == [] and len(list(preferences(lucky))) == 1
    assert list(preferences([attempt(1), attempt(0, stop=Stop.ERROR)])) == []
    with pytest.raises(ValueError, match="low must be below high"):
        list(preferences([], high=0.1))


def test_rows_for_which_looking_matters():
    rows = Rows(rows=[sample(name) for name in "abcd"])
    alone = [attempt(right, name=name) for name, right in zip("abc", (0, 1, 0), strict=True)]
    shown = [attempt(right, name=name) for name, right in zip("abc", (1, 1, 0), strict=True)]
    kept = tool_gain(rows, alone, shown)
    assert [kept[at].id for at in range(len(kept))] == ["a"]
    sometimes = [*shown, attempt(0, name="a")]
    assert len(tool_gain(rows, alone, sometimes)) == 0 and len(tool_gain(rows, alone, sometimes, least=0.5)) == 1


def test_only_good_attempts_are_imitated():
    broken = attempt(1, number=1, events=(ToolEvent(step=1, name="zoom", error="empty"),))
    cut = attempt(1, number=2, stop=Stop.MAX_TOKENS)
    rows = distilled([attempt(0), broken, cut, attempt(1, number=3), attempt(1, number=4)], passed(), clean)
    assert [rows[at].id for at in range(len(rows))] == ["s#3"]
    assert [each.role for each in rows[0].prompt] == ["user", "assistant", "tool", "assistant"]
    assert len(distilled([attempt(1), attempt(1, number=1)], passed(), per_sample=5)) == 2


def test_a_correction_is_the_same_label_in_another_place():
    def drawn(label, box, error=None):
        return ToolEvent(step=1, name="draw_box", arguments={"label": label, "bbox_2d": box, "target_image": 1}, error=error)

    first, moved = drawn("cup", [0, 0, 5, 5]), drawn("cup", [9, 9, 12, 12])
    assert revised(attempt(1, events=(first, moved)))
    again = replace(first, arguments={**first.arguments, "target_image": 2})
    other, refused = drawn("plate", [9, 9, 12, 12]), drawn("cup", [9, 9, 12, 12], "no")
    for events in ((first,), (first, again), (first, other), (first, refused)):
        assert not revised(attempt(1, events=events))


def looking(right, box, *, number, target=1, error=None, thought=None):
    """An attempt with one look at a box, over a sample whose evidence lies at (40, 40)."""
    made = attempt(right, number=number, events=(ToolEvent(step=1, name="zoom", box_xyxy=box, error=error,
                                                           arguments={"target_image": target}),))
    asked = user(Image(ref="lazy:desk", data=PILImage.new("RGB", (64, 64))), "Which digit?")
    row = replace(made.sample, prompt=(asked,), meta={"evidence": [[40, 40, 50, 50]]})
    called = replace(assistant(f"look {number}", calls=(ToolCall(name="zoom", arguments={"at": number}),)), thought=thought)
    steps = [replace(step, message={0: asked, 1: called}.get(at, step.message)) for at, step in enumerate(made.steps)]
    return replace(made, sample=row, steps=tuple(steps))


HIT, MISS = (38, 38, 52, 52), (0, 0, 20, 20)


def test_a_right_attempt_after_somebody_elses_wrong_look():
    rows = corrected([looking(0, MISS, number=0), looking(1, HIT, number=1), looking(1, HIT, number=2)], passed())
    assert [rows[at].id for at in range(len(rows))] == ["s#1-corrected"]
    talk = rows[0].prompt
    assert [each.role for each in talk] == ["user", "assistant", "tool", "assistant", "tool", "assistant"]
    assert talk[1].text == "look 0" and talk[3].text == f"{SAYS} look 1" and talk[5].text == "<answer>7</answer>"
    assert rows[0].meta["unlearned"] == [1]
    (thinking,) = corrected([looking(0, MISS, number=0), looking(1, HIT, number=1, thought="Here?")], passed()).rows
    assert thinking.prompt[3].thought == f"{SAYS} Here?" and thinking.prompt[3].text == "look 1"


def test_what_gives_no_correction():
    wrong = looking(0, MISS, number=0)
    for group in (
        [looking(1, HIT, number=1)],  # nobody missed
        [wrong, looking(0, HIT, number=1)],  # nobody was right
        [wrong, looking(1, MISS, number=1)],  # right without having looked there
        [looking(0, MISS, number=0, error="no"), looking(1, HIT, number=1)],  # a refused call is no look
        [wrong, looking(1, HIT, number=1, target=2)],  # names a picture that would get another number
        [replace(wrong, stop=Stop.ERROR), looking(1, HIT, number=1)],  # failed on our side
    ):
        assert len(corrected(group, passed())) == 0
    with pytest.raises(ValueError, match="say what a right attempt is"):
        corrected([wrong])


def test_the_wrong_call_is_shown_and_not_learned():
    labels = pytest.importorskip("saccade.learn.labels")
    from saccade.media import open_store
    from saccade.testing.replay import ByteRenderer

    (row,) = corrected([looking(0, MISS, number=0), looking(1, HIT, number=1)], passed()).rows
    made = labels.labelled(row, ByteRenderer(), open_store())
    assert [bool(step.sampled.any()) for step in made.steps] == [False, False, False, True, False, True]
    assert [step.speaker for step in made.steps] == ["user", "assistant", "tool", "policy", "tool", "policy"]
    for given, said in (([1, 3, 5], "nothing is left to learn"), ([9], "list of places"), ("1", "list of places")):
        with pytest.raises(ValueError, match=said):
            labels.labelled(replace(row, meta={**row.meta, "unlearned": given}), ByteRenderer(), open_store())
