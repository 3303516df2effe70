"""Fixed rounds and rounds that a verifier ends."""

from __future__ import annotations

import asyncio

import pytest

from saccade import episodes
from saccade.core import Stop, assistant
from saccade.media import open_store
from saccade.rollout.run import attempt
from saccade.testing.replay import ByteRenderer, Replay
from saccade.tools import crop
from tests.episodes.test_forced_modes import SAMPLE

CALL = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 9, 9]}}</tool_call>'


class Verifier:
    """Says these numbers in turn and remembers what it was shown."""

    name = "verifier"

    def __init__(self, *numbers):
        self.numbers, self.shown = list(numbers), []

    async def reply(self, messages, tools, sampling):
        self.shown.append(messages)
        return assistant(str(self.numbers.pop(0)))


def play(episode, replies, **clients):
    return asyncio.run(attempt(SAMPLE, episode, store=open_store(), engine=Replay(texts=replies), renderer=ByteRenderer(),
                               tools=(crop(),), clients=clients))


def test_the_second_round_sees_the_mark_and_offers_no_tool():
    made = play(episodes.think_twice(again="Now answer."), [CALL, CALL])
    assert made.stop is Stop.DONE and len(made.events) == 1
    assert [message.role for message in made.messages] == ["user", "assistant", "tool", "user", "assistant"]
    assert made.messages[2].images and made.messages[3].text == "Now answer."


@pytest.mark.parametrize(("numbers", "looks"), [
    ((0.1, 0.5, 0.52, 0.9), 3), ((0.1, 0.11), 2), (("no idea", 0.3, "none", 0.31), 4), ((0.1, 0.5, 0.9, 0.1), 4),
])
def test_a_verifier_ends_the_search_where_nothing_is_gained(numbers, looks):
    verifier = Verifier(*numbers)
    made = play(episodes.verified(verifier="verifier", most=4), [CALL] * looks + ["<answer>4</answer>"], verifier=verifier)
    assert made.stop is Stop.DONE and len(made.events) == looks and made.answer == "<answer>4</answer>"
    assert [sum(each.role == "tool" for each in shown) for shown in verifier.shown] == list(range(1, looks + 1))


def test_a_verifier_may_not_stop_before_its_time_and_is_not_trained_on():
    patient = episodes.verified(verifier="verifier", least=3, most=9)
    made = play(patient, [CALL] * 3 + ["4"], verifier=Verifier(0.1, 0.1, 0.1))
    assert len(made.events) == 3
    assert all(step.tokens is None for step in made.steps if step.speaker == "verifier")
