"""What an author of episodes writes: show, settings, the coroutine itself."""

import asyncio

import pytest

from saccade.core import Image, Limits, Sample, Text, episode, show, tool_result, user
from saccade.core.episode import End
from saccade.core.run import describe
from saccade.core.trajectory import Stop


def test_show_makes_one_user_message_of_loose_content():
    image = Image(ref="px:a")
    reply = show(image, "Which ", "one?")
    assert reply.messages == (user(image, "Which ", "one?"),) and reply.speaker == "policy" and reply.after == "last"


def test_show_keeps_messages_and_takes_sequences_of_them():
    results = (tool_result("a", name="x"), tool_result("b", name="y"))
    assert show(results).messages == results == show(list(results)).messages
    assert show(results[0], "and now?").messages == (results[0], user("and now?"))
    assert show().messages == ()


def test_settings_of_a_reply_pass_through():
    reply = show("x", tools=[], scores={"a": 1.0}, speaker="judge", after=3, prefix="So", open=True)
    assert (reply.tools, reply.scores, reply.speaker, reply.after, reply.prefix, reply.open) == (
        (), {"a": 1.0}, "judge", 3, "So", True)
    assert show("x").tools is None
    with pytest.raises(TypeError):
        show("x", colour="blue")


@episode
async def asking(sample, context, *, times: int = 1):
    """Ask again and again."""
    for _ in range(times):
        yield show(sample.prompt)


def test_an_episode_is_a_value_with_settings():
    made = asking(times=2)
    assert made.name == "asking" and made.settings == {"times": 2} and asking.__doc__ == "Ask again and again."
    assert made.having(times=3).settings == {"times": 3} and made.settings == {"times": 2}
    assert describe(made) != describe(asking(times=3)) and describe(made) == describe(asking(times=2))


def test_calling_it_opens_a_coroutine_of_its_own():
    async def drive():
        sample = Sample(id="s", prompt=(user("?"),))
        one, other = asking(times=2)(sample, None), asking(times=2)(sample, None)
        first = await one.asend(None)
        assert first.messages == sample.prompt and (await other.asend(None)).messages == sample.prompt
        await one.asend(user("a"))
        with pytest.raises(StopAsyncIteration):
            await one.asend(user("b"))
        await other.aclose()

    asyncio.run(drive())


def test_an_end_says_how():
    assert End(Stop.TOOL_STOP).stop is Stop.TOOL_STOP and str(End(Stop.DONE)) == "done"


def test_limits_are_values():
    assert Limits() == Limits() and Limits(steps=3) != Limits() and Limits().malformed is None
    assert user("a").parts == (Text(text="a"),)
