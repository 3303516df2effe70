"""Our own event loop is held up: nobody is blamed for what was late because of that.

On a virtual clock, where being away is a jump of the loop's time: exact, and the same on a busy machine.
"""

import asyncio
import time

import pytest

from saccade.core import Limits, Sample, Stop, ToolError, tool, user
from saccade.episodes import tool_loop
from saccade.learn.log import excluded_metrics
from saccade.rollout.pool import rollout, run_rollouts
from saccade.rollout.pulse import BEAT_S, SLACK_S, Pulse
from saccade.rollout.virtual import run_virtually
from saccade.rollout.waiting import Clock, Late, Stopped
from saccade.testing.replay import Replay

from .conftest import call

AWAY_S = 1.0


@tool(pure=False)
async def hog() -> str:
    """Hold the event loop up, as a decoder in the same process does."""
    await asyncio.sleep(0.05)
    asyncio.get_running_loop().now_s += AWAY_S  # type: ignore[attr-defined]
    return "done"


def beside_a_hog(store, renderer, asked, **settings):
    """One attempt whose only message calls a tool and the hog; and how long it took."""
    engine = Replay(texts=[call(asked.name) + call("hog"), "4"])
    sample = Sample(id="s", prompt=(user("Which digit?"),), target="4")
    groups, took_s = run_virtually(rollout(
        [sample], tool_loop(), store=store, engine=engine, renderer=renderer, tools=[asked, hog], **settings
    ))
    return groups[0].trajectories[0], took_s


def test_an_answer_that_came_in_time_is_taken_however_late_the_loop_is(store, renderer):
    @tool(timeout_s=0.4)
    async def polite() -> str:
        """Answer after a while."""
        await asyncio.sleep(0.1)
        return "seen"

    made, _ = beside_a_hog(store, renderer, polite)
    assert made.stop is Stop.DONE and [each.error for each in made.events] == [None, None], made.events
    assert made.metrics["num_starved"] == 0


def test_an_answer_that_still_needs_time_afterwards_gets_it(store, renderer):
    @tool(timeout_s=1.2)
    async def slow() -> str:
        """Answer after two waits, the second behind the time in which nobody was there."""
        await asyncio.sleep(0.1)
        await asyncio.sleep(0.9)
        return "seen"

    made, took_s = beside_a_hog(store, renderer, slow)
    assert made.stop is Stop.DONE and made.events[0].error is None and took_s > 1.9


def test_a_hang_of_which_nobody_can_tell_whose_it_is_is_left_out_and_counted(store, renderer):
    @tool(timeout_s=0.3, pure=False)
    async def hang() -> str:
        """Never answer."""
        await asyncio.sleep(60)
        return ""

    made, _ = beside_a_hog(store, renderer, hang)
    assert made.stop is Stop.ERROR and made.events[0].infrastructure and "event loop was away" in made.error
    assert made.metrics["num_starved"] == 1
    assert excluded_metrics([made]) == {"tool/hang/excluded": 1.0, "tool/hog/excluded": 0.0, "tools/starved": 1.0}


def test_a_hang_that_had_its_time_stays_the_models(store, renderer):
    @tool(timeout_s=2 * AWAY_S, pure=False)
    async def hang() -> str:
        """Never answer."""
        await asyncio.sleep(60)
        return ""

    made, took_s = beside_a_hog(store, renderer, hang)
    assert made.stop is Stop.DONE and "was stopped" in made.events[0].error and not made.events[0].infrastructure
    assert took_s == pytest.approx(3 * AWAY_S, abs=0.1)  # its two seconds beside the one in which the loop was away


@pytest.mark.parametrize(("seconds", "stop"), [(0.8, Stop.DONE), (0.04, Stop.TIMEOUT)])
def test_the_seconds_of_an_attempt_stand_still_too(store, renderer, seconds, stop):
    @tool
    async def quick() -> str:
        """Answer."""
        return "seen"

    assert beside_a_hog(store, renderer, quick, limits=Limits(seconds=seconds))[0].stop is stop


def test_the_deadline_of_a_rollout_does_not_wait():
    """It is ours, whoever is to blame: what has not ended by then is left out."""

    async def late():
        loop = asyncio.get_running_loop()
        clock = Clock(abort=loop.time() + 0.1, pulse=Pulse().start())
        loop.call_later(0.02, lambda: setattr(loop, "now_s", loop.time() + 0.3))
        with pytest.raises(Stopped, match="the rollout's deadline"):
            await clock.wait(asyncio.sleep(60), "tool look", seconds=30)
        clock.pulse.stop()

    assert run_virtually(late())[1] < 0.5


def test_the_pulse_counts_what_the_loop_missed_and_nothing_else():
    async def beat():
        pulse, loop = Pulse().start(), asyncio.get_running_loop()
        await asyncio.sleep(5)
        assert pulse.away_s == 0.0
        due = pulse.away_s
        loop.now_s += 0.3
        missed = pulse.away_s  # overdue, not yet beaten
        await asyncio.sleep(1)
        assert pulse.away_s == missed and due == 0.0
        pulse.stop()
        return missed

    missed = run_virtually(beat())[0]
    assert 0.3 - BEAT_S - SLACK_S <= missed + 1e-9 <= 0.3


def test_without_a_pulse_a_deadline_is_a_deadline():
    async def wait():
        with pytest.raises(Late, match=r"gave nothing within 0\.05 s") as raised:
            await Clock().wait(asyncio.sleep(60), "tool look", seconds=0.05)
        assert raised.value.away_s == 0.0
        with pytest.raises(ToolError):
            await Clock().wait(refuse(), "tool look", seconds=5)

    async def refuse():
        raise ToolError("no")

    assert run_virtually(wait())[1] == pytest.approx(0.05, abs=0.01)


def test_a_thread_that_answered_while_the_loop_slept_is_heard(store, renderer):
    """Real time, real thread: the answer lies there when the loop comes back, long after the deadline."""

    @tool(timeout_s=0.5)
    def blunt() -> str:
        """Answer after a while."""
        time.sleep(0.1)
        return "seen"

    @tool(pure=False)
    async def sleeper() -> str:
        """Hold the event loop up for real."""
        await asyncio.sleep(0.01)
        time.sleep(1.0)
        return "done"

    engine = Replay(texts=[call("blunt") + call("sleeper"), "4"])
    sample = Sample(id="s", prompt=(user("Which digit?"),), target="4")
    made = run_rollouts([sample], tool_loop(), store=store, engine=engine, renderer=renderer,
                        tools=[blunt, sleeper])[0].trajectories[0]
    assert made.stop is Stop.DONE and made.events[0].error is None
