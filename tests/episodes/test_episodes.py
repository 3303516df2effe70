"""Every episode in the folder keeps its contract: EXAMPLES hold, rubbish ends in a typed stop, records survive."""

from pathlib import Path

import pytest

from saccade import episodes
from saccade.core import Limits, Stop, episode, show
from saccade.core.folder import names
from saccade.testing.contracts import check_file
from saccade.testing.episode_contract import episode_faults, play

FILES = sorted(Path(episodes.__path__[0], f"{name}.py") for name in names(Path(episodes.__path__[0])))
LOOK = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 9, 9]}}</tool_call>'


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_episode_keeps_its_contract(path):
    assert check_file(path) == ("episode", [])


def test_there_are_episodes():
    assert {"single", "tool_loop"} <= {path.stem for path in FILES}


def test_the_contract_finds_an_episode_that_trips_over_rubbish():
    @episode
    async def trusting(sample, context):
        message = yield show(sample.prompt, tools=context.tools)
        yield show(await context.call(message.calls[0]))

    faults = list(episode_faults(trusting, [([LOOK, "4"], "done")]))
    assert faults and all("IndexError" in fault for fault in faults)


def test_the_contract_finds_an_episode_that_wanders():
    steps = iter(range(10**9))

    @episode
    async def wandering(sample, context):
        yield show(sample.prompt)
        yield show(str(next(steps)))

    assert any("another way the second time" in fault for fault in episode_faults(wandering, [(["x"], "done")]))


def test_the_contract_finds_a_wrong_stop():
    assert list(episode_faults(episodes.single, [(["x"], "max_steps")])) == ["example 0: ends with done, not max_steps"]


def test_single_shows_no_tool_unless_asked_and_carries_none_out():
    bare, told = play(episodes.single(), [LOOK]), play(episodes.single(tools=True), [LOOK])
    assert len(bare.steps) == len(told.steps) == 2 and not bare.events and not told.events
    assert len(told.steps[0].tokens) > len(bare.steps[0].tokens)


def test_the_loop_has_its_own_number_of_steps():
    made = play(episodes.tool_loop(max_steps=2), [LOOK, LOOK])
    assert made.stop is Stop.MAX_STEPS and len(made.events) == 1
    assert play(episodes.tool_loop(max_steps=2), [LOOK, "4"]).stop is Stop.DONE
    assert play(episodes.tool_loop(), [LOOK], limits=Limits(steps=4)).metrics["num_steps"] == 4


def test_calls_beyond_the_allowed_ones_are_refused_in_words():
    made = play(episodes.tool_loop(max_calls=1), [LOOK + LOOK, LOOK, "4"])
    told = [step.message for step in made.steps if step.message.role == "tool"]
    assert len(made.events) == 1 and made.stop is Stop.DONE
    assert [bool(message.images) for message in told] == [True, False, False]
    assert all("used up; answer now" in message.text for message in told[1:])


def test_settings_are_recorded():
    made = episodes.tool_loop(max_steps=3)
    assert made.name == "tool_loop" and made.settings == {"max_steps": 3}
    assert made.having(max_calls=1).settings == {"max_steps": 3, "max_calls": 1}
