"""Whose failure is it: what hangs or crashes, on whose side, and what the record says about it."""

import asyncio
import time

import pytest

from saccade.core import Limits, Sampling, Stop, ToolError, assistant, episode, show, tool, user
from saccade.core.episode import End
from saccade.episodes import single, tool_loop
from saccade.rollout.waiting import Clock, Stopped
from saccade.testing.replay import Replay
from saccade.tools import crop

from .conftest import call, question
from .test_attempt import go


def tools_that_go_wrong():
    tries = []

    @tool(timeout_s=0.05)
    def hang() -> str:
        """Never return."""
        time.sleep(3)
        return "late"

    @tool(timeout_s=0.05)
    async def drift() -> str:
        """Never return, politely."""
        await asyncio.sleep(3)
        return "late"

    @tool
    def crash() -> str:
        """Fail."""
        tries.append("crash")
        raise KeyError("no such thing")

    @tool
    def leave() -> str:
        """Try to end the process."""
        raise SystemExit(3)

    @tool
    def exhaust() -> str:
        """Raise what futures cannot hold."""
        raise StopIteration

    @tool
    def flicker() -> str:
        """Fail the first time."""
        tries.append("flicker")
        if tries.count("flicker") == 1:
            raise OSError("connection reset")
        return "mended"

    @tool
    def nothing() -> str:
        """Return what no message can hold."""
        return None  # type: ignore[return-value]

    @tool
    def refuse() -> str:
        """Refuse."""
        raise ToolError("not today")

    return tries, {each.name: each for each in (hang, drift, crash, leave, exhaust, flicker, nothing, refuse)}


def run_tool(name, store, renderer, **settings):
    tries, tools = tools_that_go_wrong()
    made = go(question(), tool_loop(), store, renderer, [call(name), "4"], tools=[tools[name]], **settings)
    return tries, made


@pytest.mark.parametrize("name", ["hang", "drift"])
def test_a_tool_that_hangs_is_the_models_mistake(store, renderer, name):
    started = time.monotonic()
    _, made = run_tool(name, store, renderer)
    assert time.monotonic() - started < 2
    assert made.stop is Stop.DONE and f"{name} was stopped" in made.steps[2].message.text
    assert not made.events[0].infrastructure


@pytest.mark.parametrize("name", ["crash", "leave", "exhaust", "nothing"])
def test_a_tool_that_crashes_is_ours(store, renderer, name):
    tries, made = run_tool(name, store, renderer)
    assert made.stop is Stop.ERROR and made.stop.failed and made.events[0].infrastructure
    assert "Traceback" in made.error and len(made.steps) == 2
    assert tries == (["crash", "crash"] if name == "crash" else [])


def test_a_pure_tool_is_tried_again_and_may_mend(store, renderer):
    tries, made = run_tool("flicker", store, renderer)
    assert made.stop is Stop.DONE and made.steps[2].message.text == "mended" and len(tries) == 2


def test_refusals_are_read_by_the_model(store, renderer):
    _, made = run_tool("refuse", store, renderer)
    assert made.steps[2].message.text == "Error: not today" and made.stop is Stop.DONE


def test_hundreds_of_calls_in_one_message_run_a_few_at_a_time(store, renderer):
    running, most = [], []

    @tool
    async def count() -> str:
        """Count who is here."""
        running.append(1)
        most.append(len(running))
        await asyncio.sleep(0.001)
        running.pop()
        return str(len(most))

    say = [call("count") * 90, "4"]
    made = go(
        question(), tool_loop(), store, renderer, say, tools=[count], sampling=Sampling(max_tokens=9000),
        limits=Limits(tokens=90_000, sampled=90_000))
    assert made.stop is Stop.DONE and len(made.events) == 90 and max(most) == 16


def test_names_and_arguments_that_are_no_names_and_arguments(store, renderer):
    odd = ["[1]", "4", "null", "{}"]
    say = ["".join(f'<tool_call>{{"name": {name}, "arguments": {name}}}</tool_call>' for name in odd), "4"]
    made = go(question(), tool_loop(), store, renderer, say, tools=[crop()])
    assert made.stop is Stop.DONE and all("no tool" in event.error for event in made.events) and len(made.events) == 4


def test_a_picture_whose_original_is_not_here_can_still_be_cut(store, renderer):
    from dataclasses import replace

    sample = question()
    stray = replace(sample.images[0], root="px:" + "0" * 32, to_root=(1.0, 1.0, 5.0, 5.0))
    sample = replace(sample, prompt=(user(stray, "?"),))
    say = [call("image_zoom_in_tool", bbox_2d=[0, 0, 64, 64]), "4"]
    made = go(sample, tool_loop(), store, renderer, say, tools=[crop()])
    assert made.stop is Stop.DONE and made.events[0].box_xyxy is None and made.events[0].result


def test_an_impure_tool_is_not_called_twice(store, renderer):
    tries = []

    @tool(pure=False)
    def pay() -> str:
        """Spend money."""
        tries.append(1)
        raise OSError("the line went dead")

    made = go(question(), tool_loop(), store, renderer, [call("pay"), "4"], tools=[pay])
    assert made.stop is Stop.ERROR and tries == [1]


class Troubled:
    """Fails `times` times, then answers. `wait` makes it hang."""

    version = 0

    def __init__(self, times=0, error=None, wait=0.0):
        self.times, self.error, self.wait, self.asked = times, error or ConnectionError("500"), wait, 0
        self.inner = Replay(texts=["4"])

    async def generate(self, prompt, sampling):
        self.asked += 1
        await asyncio.sleep(self.wait)
        if self.asked <= self.times:
            raise self.error
        return await self.inner.generate(prompt, sampling)


def test_an_engine_that_fails_once_is_asked_again_with_the_same_seed(store, renderer):
    engine = Troubled(times=1)
    made = go(question(), single(), store, renderer, engine)
    assert made.stop is Stop.DONE and engine.asked == 2


def test_an_engine_that_keeps_failing_fails_the_attempt(store, renderer):
    engine = Troubled(times=9)
    made = go(question(), single(), store, renderer, engine, retries=2)
    assert made.stop is Stop.ERROR and "ConnectionError: 500" in made.error and engine.asked == 3
    assert made.steps[0].message.role == "user"


def test_a_wrong_request_is_not_repeated(store, renderer):
    engine = Troubled(times=9, error=ValueError("1 placeholder, 4 features"))
    made = go(question(), single(), store, renderer, engine, retries=5)
    assert made.stop is Stop.ERROR and engine.asked == 1 and "4 features" in made.error


def test_an_engine_that_hangs_is_ours_and_named(store, renderer):
    engine = Troubled(wait=5)
    made = go(question(), single(), store, renderer, engine, limits=Limits(engine_s=0.05))
    assert made.stop is Stop.ERROR and "engine of policy gave nothing within 0.05 s" in made.error


def test_waiting_for_a_busy_engine_is_not_the_models_doing():
    async def wait():
        now = asyncio.get_running_loop().time()
        clock = Clock(until=now + 60)
        await clock.wait(asyncio.sleep(0.05), "engine", paused=True)
        assert clock.until >= now + 60.04
        clock.until = now - 1
        assert await clock.wait(asyncio.sleep(0.01, "answer"), "engine", paused=True) == "answer"
        with pytest.raises(Stopped, match="waiting for tool"):
            await clock.wait(asyncio.sleep(5), "tool crop")
        clock.abort = now - 1
        with pytest.raises(Stopped, match="the rollout's deadline"):
            await clock.wait(asyncio.sleep(5), "engine", paused=True)

    asyncio.run(wait())


def test_time_spent_in_tools_is(store, renderer):
    @tool
    def dawdle() -> str:
        """Take a while."""
        time.sleep(0.5)
        return "done"

    made = go(question(), tool_loop(), store, renderer, [call("dawdle")], tools=[dawdle], limits=Limits(seconds=1.2))
    assert made.stop is Stop.TIMEOUT and made.error is None and 1 <= len(made.events) <= 3


def test_a_tool_that_outlasts_the_attempt_is_recorded(store, renderer):
    _, tools = tools_that_go_wrong()
    from dataclasses import replace

    slow = replace(tools["hang"], timeout_s=9.0)
    made = go(question(), tool_loop(), store, renderer, [call("hang"), "4"], tools=[slow], limits=Limits(seconds=0.7))
    assert made.stop is Stop.TIMEOUT and "waiting for tool hang" in made.events[0].error


@pytest.mark.parametrize("completion", ["banned", "logp", "long"])
def test_impossible_completions_are_refused(store, renderer, completion):
    import numpy as np

    from saccade.core import Completion

    class Odd:
        version = 0

        async def generate(self, prompt, sampling):
            size = sampling.max_tokens + 1 if completion == "long" else 3
            tokens = np.full(size, 258 if completion == "banned" else 65, np.int32)
            return Completion(tokens=tokens, logp=np.zeros(2 if completion == "logp" else size, np.float32), finish="stop")

    made = go(question(), single(), store, renderer, Odd())
    assert made.stop is Stop.ERROR and "ValueError" in made.error


def test_a_renderer_that_loses_an_image_is_caught(store, renderer):
    from dataclasses import replace

    class Lossy(type(renderer)):
        def extend(self, messages, store, *, finish="stop"):
            return tuple(replace(piece, media=()) for piece in super().extend(messages, store, finish=finish))

    say = [call("image_zoom_in_tool", bbox_2d=[0, 0, 64, 64]), "4"]
    made = go(question(), tool_loop(), store, Lossy(), say, tools=[crop()])
    assert made.stop is Stop.ERROR and "message 0 (tool) shows images" in made.error


def test_a_record_that_disagrees_with_the_engine_never_leaves(store, renderer, monkeypatch):
    from saccade.rollout.recorder import Recorder

    honest = Recorder.show

    def forgetful(self, strand, messages, rendered, reply):
        from dataclasses import replace

        out = honest(self, strand, messages, rendered, reply)
        self.steps[-1] = replace(self.steps[-1], tokens=self.steps[-1].tokens + 1)
        return out

    monkeypatch.setattr(Recorder, "show", forgetful)
    made = go(question(), single(), store, renderer, ["4"])
    assert made.stop is Stop.ERROR and "the engine saw" in made.error


def test_episodes_release_what_they_hold_and_their_bugs_are_ours(store, renderer):
    released = []

    @episode
    async def leaky(sample, context, *, how: str):
        try:
            message = yield show(sample.prompt, tools=context.tools)
            if how == "raise":
                raise RuntimeError("a bug")
            if how == "end":
                raise End(Stop.TOOL_STOP)
            if how == "odd":
                yield "just text"
            if how == "nobody":
                yield show("?", speaker="ghost")
            if how == "hang":
                await asyncio.sleep(60)
            while True:
                message = yield show(await context.call_all(message.calls) or "more")
        finally:
            released.append(how)

    wanted = {"raise": Stop.ERROR, "end": Stop.TOOL_STOP, "odd": Stop.ERROR, "nobody": Stop.ERROR, "loop": Stop.MAX_STEPS}
    for how, stop in wanted.items():
        made = go(question(), leaky(how=how), store, renderer, ["x"])
        assert made.stop is stop, (how, made.stop, made.error)
    assert released == list(wanted)
    made = go(question(), leaky(how="hang"), store, renderer, ["x"], limits=Limits(seconds=0.3))
    assert made.stop is Stop.TIMEOUT and released[-1] == "hang"


def test_swallowing_a_failure_does_not_hide_it(store, renderer):
    _, tools = tools_that_go_wrong()

    @episode
    async def stubborn(sample, context):
        message = yield show(sample.prompt, tools=context.tools)
        try:
            await context.call_all(message.calls)
        except Exception:
            yield show("never mind")

    made = go(question(), stubborn(), store, renderer, [call("crash"), "4"], tools=[tools["crash"]])
    assert made.stop is Stop.ERROR and "KeyError" in made.error


class Judge:
    name = "judge"

    def __init__(self, *answers):
        self.answers, self.seen = list(answers), []

    async def reply(self, messages, tools, sampling):
        self.seen.append(messages)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_client_that_fails_is_ours(store, renderer):
    broken = Judge(ConnectionError("502"), ConnectionError("502"))
    made = go(question(), single(), store, renderer, None, clients={"policy": broken})
    assert made.stop is Stop.ERROR and "502" in made.error
    mended = Judge(ConnectionError("502"), assistant("4"))
    made = go(question(), single(), store, renderer, None, clients={"policy": mended})
    assert made.stop is Stop.DONE and made.answer == "4" and made.steps[-1].tokens is None
    rubbish = Judge("not a message")
    made = go(question(), single(), store, renderer, None, clients={"policy": rubbish})
    assert made.stop is Stop.ERROR and "not a Message" in made.error


def test_calls_run_side_by_side_and_answer_in_order(store, renderer):
    met: list[int] = []

    @tool(pure=False)
    async def meet(place: int, context) -> str:
        """Wait until three have come, then leave in the reverse order.

        Args:
            place: Which one.
        """
        met.append(place)
        while len(met) < 3:
            await asyncio.sleep(0)
        await asyncio.sleep(0.02 * (3 - place))
        return f"{place} {context.call_number} {context.rng.random():.6f}"

    say = [call("meet", place=0) + call("meet", place=1) + call("meet", place=2), "4"]
    made = go(question(), tool_loop(), store, renderer, say, tools=[meet])
    said = [step.message.text.split() for step in made.steps if step.message.role == "tool"]
    assert [words[:2] for words in said] == [["0", "0"], ["1", "1"], ["2", "2"]]
    assert len({words[2] for words in said}) == 3
    assert [event.arguments["place"] for event in made.events] == [0, 1, 2]
    again = go(question(), tool_loop(), store, renderer, say, tools=[meet])
    assert [step.message for step in again.steps] == [step.message for step in made.steps]


