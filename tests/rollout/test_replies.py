"""Every feature of a reply: branches, fresh contexts, forced beginnings, open messages, other speakers, scores."""

import numpy as np
import pytest

from saccade.core import Sampling, Score, Stop, assistant, episode, show, tool, user
from saccade.core.trajectory import concatenate
from saccade.rollout.speak import Speaker
from saccade.testing.replay import END, Replay

from .conftest import call, picture, question
from .test_attempt import go
from .test_failures import Judge


def texts(prompt):
    return bytes(int(token) for token in prompt.tokens if token < 256).decode()


def test_a_branch_leaves_what_came_after_out_of_the_context(store, renderer):
    @episode
    async def branching(sample, context):
        yield show(sample.prompt)
        yield show("one", after="last")
        yield show("two", after=1)

    engine = Replay(say=lambda prompt, turn: f"answer {turn}")
    made = go(question(), branching(), store, renderer, engine)
    assert [step.parent for step in made.steps] == [None, 0, 1, 2, 1, 4]
    seen = texts(engine.seen[2][0])
    assert "two" in seen and "one" not in seen and "answer 0" in seen
    assert made.leaves() == (3, 5)
    for (prompt, _), leaf in zip(engine.seen, (0, 2, 4), strict=True):
        assert np.array_equal(made.prompt(leaf).tokens, prompt.tokens)


def test_the_same_prompt_once_more_and_a_fresh_context(store, renderer):
    @episode
    async def again(sample, context):
        yield show(sample.prompt)
        yield show(after=0)
        yield show("new question", after="new")

    engine = Replay(texts=["x"])
    made = go(question(), again(), store, renderer, engine)
    assert [step.parent for step in made.steps] == [None, 0, 0, None, 3]
    assert np.array_equal(engine.seen[0][0].tokens, engine.seen[1][0].tokens)
    assert engine.seen[0][1].seed != engine.seen[1][1].seed
    assert engine.seen[2][0].media == () and "new question" in texts(engine.seen[2][0])


@pytest.mark.parametrize(("reply", "why"), [
    (show("x", after=7), "follows step 7"),
    (show("x", after=0), "answered by nobody"),
    (show(), "nothing was shown after step 1"),
    (show(assistant("I say")), "nothing to answer"),
    (show("x", open=True), "ended its message"),
])
def test_replies_that_cannot_be_shown_say_why(store, renderer, reply, why):
    @episode
    async def odd(sample, context):
        yield show(sample.prompt)
        yield reply

    made = go(question(), odd(), store, renderer, ["x"])
    assert made.stop is Stop.ERROR and why in made.error


def test_a_forced_beginning_is_in_the_message_but_not_trained(store, renderer):
    @episode
    async def forced(sample, context):
        yield show(sample.prompt, prefix="I see ")

    engine = Replay(texts=["four"])
    made = go(question(), forced(), store, renderer, engine)
    step = made.steps[-1]
    assert made.answer == "I see four" and step.sampled.tolist() == [False] * 6 + [True] * 5
    assert len(step.logp) == 5 and texts(engine.seen[0][0]).endswith("I see ")
    assert np.array_equal(concatenate(made.path()).tokens, [*engine.seen[0][0].tokens, *b"four", END])


def test_an_observation_inside_an_open_message(store, renderer):
    @episode
    async def interleaved(sample, context):
        yield show(sample.prompt)
        yield show("[seen]", open=True)

    engine = Replay(say=lambda prompt, turn: "a" * 9)
    made = go(question(), interleaved(), store, renderer, engine, sampling=Sampling(max_tokens=4))
    assert [step.message.text for step in made.steps[1:]] == ["aaaa", "[seen]", "aaaa"]
    assert texts(made.prompt()).endswith("aaaauser:[seen]aaaa") and END not in made.prompt().tokens[-10:]


def test_speakers_have_conversations_of_their_own(store, renderer):
    @episode
    async def debate(sample, context):
        said = yield show(sample.prompt)
        other = yield show(user(f"Is this right: {said.text}"), speaker="critic")
        verdict = yield show(user(f"{said.text} against {other.text}"), speaker="judge")
        yield show(verdict.text)

    engine, critics = Replay(texts=["four"], version=3), Replay(texts=["five"], version=9)
    judge = Judge(assistant("the first"))
    made = go(question(), debate(), store, renderer, engine, clients={
        "critic": Speaker(engine=critics, renderer=renderer), "judge": judge})
    assert made.stop is Stop.DONE
    assert [step.speaker for step in made.steps] == [
        "user", "policy", "user", "critic", "user", "judge", "user", "policy"]
    assert [step.parent for step in made.steps] == [None, 0, None, 2, None, 4, 1, 6]
    assert "the first" in texts(engine.seen[1][0]) and "five" not in texts(engine.seen[1][0])
    assert made.steps[3].version == 9 and made.steps[1].version == 3
    assert made.steps[5].tokens is None and judge.seen[0][0].text == "four against five"
    with pytest.raises(ValueError, match="made by a client"):
        made.prompt(5)


def test_a_policy_cannot_go_on_after_a_client(store, renderer):
    @episode
    async def mixed(sample, context):
        yield show(sample.prompt, speaker="judge")
        yield show("and you?", after=1)

    made = go(question(), mixed(), store, renderer, ["x"], clients={"judge": Judge(assistant("well"))})
    assert made.stop is Stop.ERROR and "has no tokens" in made.error


def test_scores_of_the_environment_and_of_tools_stand_in_the_step_that_shows_them(store, renderer):
    @tool
    def rate() -> Score:
        """Rate."""
        return Score(value=0.5, note="halfway")

    @episode
    async def scored(sample, context):
        message = yield show(sample.prompt, tools=context.tools, scores={"start": 1.0})
        results = await context.call_all(message.calls)
        yield show(results, scores={"world": 2.0})

    made = go(question(), scored(), store, renderer, [call("rate"), "4"], tools=[rate])
    assert made.steps[0].scores == {"start": 1.0} and made.steps[2].message.text == "halfway"
    assert made.steps[2].scores == {"rate/score": 0.5, "world": 2.0}


def test_tools_can_be_withdrawn_but_not_added_in_a_conversation(store, renderer):
    @tool
    def hint() -> str:
        """Give a hint."""
        return "look left"

    def with_second(tools):
        @episode
        async def two(sample, context):
            message = yield show(sample.prompt, tools=context.tools)
            message = yield show(await context.call_all(message.calls), tools=tools)
            yield show(await context.call_all(message.calls))

        return two()

    say = [call("hint"), call("hint"), "4"]
    made = go(question(), with_second(()), store, renderer, say, tools=[hint])
    results = [step.message.text for step in made.steps if step.message.role == "tool"]
    assert results[0] == "look left" and "there is no tool 'hint'" in results[1]

    @tool
    def other() -> str:
        """Something else."""
        return ""

    made = go(question(), with_second((other,)), store, renderer, say, tools=[hint])
    assert made.stop is Stop.ERROR and "were not declared" in made.error


def test_rows_may_name_their_tools(store, renderer):
    from saccade.episodes import tool_loop
    from saccade.tools import crop

    engine = Replay(texts=["4"])
    go(question(tools=()), tool_loop(), store, renderer, engine, tools=[crop()])
    assert "[tool" not in texts(engine.seen[0][0])
    made = go(question(tools=("ocr",)), tool_loop(), store, renderer, engine, tools=[crop()])
    assert made.stop is Stop.ERROR and "asks for tools ['ocr']" in made.error


def test_tools_with_state_are_fresh_in_every_attempt(store, renderer):
    from dataclasses import dataclass, field, replace

    from saccade.core import Tool
    from saccade.episodes import tool_loop

    @dataclass(frozen=True)
    class Counter:
        """Count calls."""

        seen: list = field(default_factory=list)

        def __call__(self) -> str:
            """Count calls."""
            self.seen.append(1)
            return str(len(self.seen))

    def fresh() -> Tool:
        return replace(tool(Counter(), name="count", pure=False), open=fresh)

    say = [call("count"), call("count"), "4"]
    for _ in range(2):
        made = go(question(), tool_loop(), store, renderer, say, tools=[fresh()])
        assert [step.message.text for step in made.steps if step.message.role == "tool"] == ["1", "2"]


def test_a_clip_is_shown_as_frames_with_times(store, renderer):
    from saccade.core import Limits, Sample, Video
    from saccade.episodes import single

    
    clip = Video(ref="frames:c", fps=2.0, data=[picture(64, 64, seed) for seed in range(8)])
    made = go(Sample(id="v", prompt=(user(clip, "What moves?"),)), single(), store, renderer, ["x"], limits=Limits(frames=4))
    first = made.steps[0].message
    assert made.stop is Stop.DONE and len(first.images) == 4 and "seconds>" in first.text
    assert [image.frame_index for image in first.images] == sorted(image.frame_index for image in first.images)
