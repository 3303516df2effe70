"""Looks that are enough by themselves: what is asked after an attempt, and what the answers are worth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from saccade import rewards
from saccade.core import Image, Sample, user
from saccade.core.message import assistant, tool_result
from saccade.core.trajectory import Step, ToolEvent, Trajectory
from saccade.rollout.traces import sufficiency

PICTURE = Image(ref="px:whole")
SAMPLE = Sample(id="s", prompt=(user(PICTURE, "Which digit?"),), target="7")


def attempt(*boxes, answer="7", **aux):
    """Looks at these boxes of a picture of 100 x 100 px, then an answer; `aux` is what follow-ups were told."""
    said = [SAMPLE.prompt[0]]
    for number, _ in enumerate(boxes):
        said += [assistant("call"), tool_result(Image(ref=f"px:{number}", root="px:whole"))]
    said.append(assistant(f"<answer>{answer}</answer>"))
    steps = tuple(Step(parent=at - 1 if at else None, speaker="policy" if each.role == "assistant" else each.role,
                       message=each) for at, each in enumerate(said))
    events = tuple(ToolEvent(step=1 + 2 * at, name="zoom", image="px:whole", box_xyxy=box, image_px=1e4)
                   for at, box in enumerate(boxes))
    return Trajectory(sample=SAMPLE, steps=steps, events=events, aux=aux)


SMALL, OTHER, HALF = (0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 60.0, 60.0), (0.0, 0.0, 50.0, 100.0)
RIGHT, WRONG = "<answer>7</answer>", "<answer>8</answer>"


def worth(made, **options):
    return rewards.sufficient_looks(**options).function(made).value


def test_enough_and_nothing_superfluous_is_worth_most():
    assert worth(attempt(SMALL, looks_alone=RIGHT)) == 1.0
    assert worth(attempt(SMALL, looks_alone=WRONG)) == 0.0
    assert worth(attempt(SMALL, looks_alone=RIGHT, answer="8")) == 0.0
    needed = attempt(SMALL, OTHER, looks_alone=RIGHT, without_look_1=WRONG, without_look_2=WRONG)
    spare = attempt(SMALL, OTHER, looks_alone=RIGHT, without_look_1=WRONG, without_look_2=RIGHT)
    assert worth(needed) == 1.0 and worth(spare) == 0.75 and worth(spare, minimal=False) == 1.0


def test_cropping_everything_costs():
    assert worth(attempt(HALF, looks_alone=RIGHT)) == pytest.approx(1 - 0.2 * 0.25)
    assert worth(attempt(HALF, looks_alone=WRONG)) == pytest.approx(-0.05)
    assert worth(attempt(HALF, looks_alone=RIGHT), minimal=False) == 1.0


def test_no_look_is_worth_nothing_and_an_unasked_one_is_not_judged():
    assert worth(attempt()) == 0.0 and worth(attempt(SMALL)) is None
    assert worth(attempt(SMALL, looks_alone=None, **{"looks_alone/error": "TimeoutError"})) is None
    assert worth(attempt(SMALL, looks_alone=RIGHT, without_look_1=None, **{"without_look_1/error": "x"})) == 1.0


def test_follow_ups_show_the_crops_and_the_question_and_nothing_else():
    made = attempt(SMALL, OTHER)
    asked = {each.name: each.ask(made) for each in sufficiency(most=3)}
    shown = {name: None if talk is None else [image.ref for image in talk[0].images] for name, talk in asked.items()}
    assert shown == {"looks_alone": ["px:0", "px:1"], "without_look_1": ["px:1"], "without_look_2": ["px:0"],
                     "without_look_3": None}
    assert asked["looks_alone"][0].text == "Which digit?"
    alone = {each.name: each.ask(attempt(SMALL)) for each in sufficiency(most=1)}
    assert alone["without_look_1"] is None and alone["looks_alone"] is not None
    assert all(each.ask(replace(made, steps=made.steps[:1])) is None for each in sufficiency())
