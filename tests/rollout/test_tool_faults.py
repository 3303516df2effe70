"""A thousand trajectories with faults in their tools: whose failure each is, what it delays, what is reported."""

import asyncio
import time
from dataclasses import replace

import pytest

from saccade import sandbox
from saccade.core import Limits, Sample, Stop, ToolError, tool, user
from saccade.core.reward import evaluate
from saccade.episodes import tool_loop
from saccade.learn.log import excluded_metrics, rollout_metrics
from saccade.rewards import answer_match
from saccade.rollout.pool import rollout, run_rollouts
from saccade.rollout.virtual import run_virtually
from saccade.sandbox.protocol import Limits as Room
from saccade.sandbox.protocol import SandboxDied
from saccade.testing.replay import Replay
from saccade.tools import run_python

from .conftest import call, question

OURS = ("crash", "hang", "garbage")
MODELS = ("raises", "leaves", "sleeps", "floods", "eats")
WELL = ("well", "slow", "codes")
CODE = {
    "raises": "1 / 0", "leaves": "import os; os._exit(1)", "sleeps": "import time; time.sleep(1e6)",
    "floods": "import os, struct\nos.write(3, struct.pack('>QQ', 1 << 60, 1 << 60))", "eats": "x = bytearray(8 << 30)",
    "codes": "print(6 * 7)",
}


def kind_of(id: str) -> str:
    kinds = (*OURS, *MODELS, *WELL)
    return kinds[int(id) % len(kinds)]


def service():
    """A tool whose every worker has the fault of the sample that asks; its canary goes to the same worker."""

    def of(kind: str | None):
        @tool(name="look", timeout_s=0.2)
        async def look(what: str, context) -> str:  # type: ignore[no-untyped-def]
            """Look.

            Args:
                what: Kind.
            """
            if what == "crash":
                raise ConnectionResetError("the worker is gone")
            if what == "hang":
                state["kind"] = what
                await asyncio.sleep(1e6)
            if what == "garbage":
                return b"\xff\xfe"  # type: ignore[return-value]
            if what == "slow":
                await asyncio.sleep(0.1)
            return "seen"

        state = {"kind": kind}

        async def canary() -> None:
            if state["kind"] == "hang":
                raise ConnectionError("no answer")

        return replace(look, canary=canary, open=lambda: of(None))

    return of(None)


def number_in(prompt) -> str:
    """Which sample this is: its question says so."""
    text = bytes(int(token) for token in prompt.tokens if token < 256).decode(errors="replace")
    return text.partition("<<")[2].partition(">>")[0]


def say(prompt, turn) -> str:
    """Ask for the tool the sample is about, then answer rightly: only infrastructure could make it wrong."""
    kind = kind_of(number_in(prompt))
    return "4" if turn else call("run_python", code=CODE[kind]) if kind in CODE else call("look", what=kind)


@pytest.fixture(scope="module")
def box():
    made = sandbox.jail(limits=Room(seconds=4.0, memory_mb=768, disk_mb=16), spare=4)
    yield made
    made.close()


@pytest.mark.parametrize("size", [55, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_thousand_trajectories_with_faults(store, renderer, box, size):
    began, took = {}, {}

    def timed(prompt, turn):
        number = number_in(prompt)
        took[number] = time.monotonic() - began.setdefault(number, time.monotonic())
        return say(prompt, turn)

    limits = Limits(seconds=60.0, tool_s=30.0)
    groups = run_rollouts(
        [question(f"<<{number}>>", id=str(number)) for number in range(size)], tool_loop(), store=store,
        engine=Replay(say=timed), renderer=renderer, tools=(service(), run_python(sandbox=box, concurrency=16)),
        limits=limits, concurrency=64,
    )
    made = [evaluate(group, (answer_match(),)).trajectories[0] for group in groups]
    assert len(made) == size
    for each in made:
        kind = kind_of(each.sample.id)
        if kind in OURS:  # none is scored as a wrong answer because of us
            assert each.stop is Stop.ERROR and each.events[0].infrastructure, (kind, each.error)
        else:  # none escapes scoring because of its own code
            assert each.stop is Stop.DONE, (kind, each.error)
            assert each.rewards["answer_match"].value == 1.0
            assert (each.events[0].error is not None) == (kind in MODELS)
    assert max(took.values()) < limits.seconds + 1.0
    shares = excluded_metrics(made)
    assert shares["tool/run_python/excluded"] == 0.0
    assert shares["tool/look/excluded"] == pytest.approx(sum(kind_of(str(n)) in OURS for n in range(size)) / sum(
        kind_of(str(n)) in (*OURS, "well", "slow") for n in range(size)))
    assert rollout_metrics(groups)["tool/look/excluded"] == shares["tool/look/excluded"]


def one(store, renderer, tools, text, **settings):
    engine = Replay(texts=[text, "4"])
    groups = run_rollouts(
        [question()], tool_loop(), store=store, engine=engine, renderer=renderer, tools=tools, **settings
    )
    return groups[0].trajectories[0]


class Fallen:
    """A sandbox whose sessions cannot be opened any more."""

    name, limits = "fallen", Room()

    def open(self):
        raise SandboxDied("gone")


def test_a_dead_sandbox_is_left_out(store, renderer):
    made = one(store, renderer, [run_python(sandbox=Fallen())], call("run_python", code="1"))
    assert made.stop is Stop.ERROR and made.events[0].infrastructure and "gone" in made.error


def test_a_model_cannot_excuse_itself_by_breaking_what_takes_its_pictures(store, renderer, box):
    """What our own lines in its session need, its code may have destroyed: it answers for that."""
    broken = call("run_python", code="del _take; images = None; show(np.zeros((9, 9)))")
    engine = Replay(texts=[broken, call("run_python", code="1"), "4"])
    made = run_rollouts([question()], tool_loop(), store=store, engine=engine, renderer=renderer,
                        tools=[run_python(sandbox=box)])[0].trajectories[0]
    assert made.stop is Stop.DONE and made.error is None
    assert "started anew" in made.events[1].error and not made.events[1].infrastructure


def late(canary):
    @tool(name="late", timeout_s=0.05, pure=False)
    async def late() -> str:
        """Come late."""
        await asyncio.sleep(30)
        return ""

    return replace(late, canary=canary)


def test_the_canary_tells_whose_delay_it_was(store, renderer):
    def well() -> None:
        return

    def ill() -> None:
        raise ConnectionError("no route")

    assert one(store, renderer, [late(well)], call("late")).stop is Stop.DONE
    made = one(store, renderer, [late(ill)], call("late"))
    assert made.stop is Stop.ERROR and "no route" in made.error


def test_an_attempt_whose_seconds_end_in_a_dead_tool_is_left_out(store, renderer):
    def ill() -> None:
        raise ConnectionError("no route")

    slow = replace(late(ill), timeout_s=30.0)
    made = one(store, renderer, [slow], call("late"), limits=Limits(seconds=0.3))
    assert made.stop is Stop.ERROR and made.events[0].infrastructure


def test_a_pure_service_is_asked_again_after_a_hiccup(store, renderer):
    tries = []

    @tool(name="flicker", timeout_s=0.05)
    async def flicker() -> str:
        """Come late once."""
        tries.append(1)
        await asyncio.sleep(30 if len(tries) == 1 else 0)
        return "seen"

    made = one(store, renderer, [replace(flicker, canary=lambda: None)], call("flicker"))
    assert made.events[0].error is None and len(tries) == 2


def many(store, renderer, tools, texts, number, turns=1):
    """Trajectories and the seconds of waiting until the last has ended. No pictures: reading them would take a thread."""
    engine = Replay(say=lambda prompt, turn: "4" if turn >= turns else texts(number_in(prompt)))
    samples = [Sample(id=str(each), prompt=(user(f"<<{each}>>"),), target="4") for each in range(number)]
    work = rollout(samples, tool_loop(), store=store, engine=engine, renderer=renderer, tools=tools)
    groups, waited_s = run_virtually(work)
    return [group.trajectories[0] for group in groups], waited_s


def test_no_more_calls_than_a_tool_takes_at_once(store, renderer):
    inside, most = [], []

    @tool(concurrency=3)
    async def narrow() -> str:
        """Take three at a time."""
        inside.append(1)
        most.append(len(inside))
        await asyncio.sleep(0.02)
        inside.pop()
        return "seen"

    made, _ = many(store, renderer, [narrow], lambda number: call("narrow"), 20)
    assert max(most) == 3 and all(each.stop is Stop.DONE and each.events[0].error is None for each in made)


def test_a_dead_tool_delays_only_who_asks_for_it(store, renderer):
    ends = {}

    @tool(concurrency=1, timeout_s=1.0)
    async def dead() -> str:
        """Never answer."""
        await asyncio.sleep(30)
        return ""

    @tool
    async def live(context) -> str:  # type: ignore[no-untyped-def]
        """Answer."""
        ends[context.sample.id] = asyncio.get_running_loop().time()
        return "seen"

    made, took = many(store, renderer, [dead, live], lambda number: call("dead" if int(number) < 2 else "live"), 20)
    assert len(ends) == 18 and max(ends.values()) == 0.0
    assert all(each.stop is Stop.DONE for each in made) and took == pytest.approx(2.0)


def test_waiting_for_tools_shrinks_at_least_tenfold(store, renderer):
    """16 trajectories, two turns with a tool of 0.2 s: one after another they wait 6.4 s, together 0.4 s."""
    spent = []

    @tool
    async def slow() -> str:
        """Take a fifth of a second."""
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(0.2)
        spent.append(asyncio.get_running_loop().time() - began)
        return "seen"

    made, took = many(store, renderer, [slow], lambda number: call("slow"), 16, turns=2)
    assert len(spent) == 32 and sum(spent) == pytest.approx(6.4) and all(len(each.events) == 2 for each in made)
    assert took <= sum(spent) / 10


def test_tools_are_closed_with_their_attempt(store, renderer):
    closed = []

    @tool
    def held() -> str:
        """Hold something."""
        return "seen"

    def refuse() -> None:
        raise OSError("cannot be closed")

    one(store, renderer, [replace(held, close=lambda: closed.append(1))], call("held"))
    assert closed == [1]
    made = one(store, renderer, [replace(held, close=refuse)], call("held"))
    assert made.stop is Stop.ERROR and "cannot be closed" in made.error


def test_an_error_of_the_model_is_no_reason_to_leave_out(store, renderer):
    @tool
    def strict() -> str:
        """Refuse."""
        raise ToolError("not so")

    made = one(store, renderer, [strict], call("strict"))
    assert excluded_metrics([made]) == {"tool/strict/excluded": 0.0, "tools/starved": 0.0}
