"""Only the last results stay in view: what the policy is shown, what it is trained on, what is left as it is."""

import json

import numpy as np
import pytest

from saccade import episodes
from saccade.core import Limits, Sample, Stop, tool, user
from saccade.core.engine import Prompt
from saccade.episodes.windowed import LEFT_OUT
from saccade.learn.rows import trajectory_rows
from saccade.media import open_store
from saccade.rollout.pool import run_rollouts
from saccade.testing.replay import ByteRenderer, Replay


@tool
def look(what: str) -> str:
    """Look something up.

    Args:
        what: what
    """
    return f"result of {what}"


def asked(number):
    return f'<tool_call>{json.dumps({"name": "look", "arguments": {"what": str(number)}})}</tool_call>'


def played(turns, keep, **limits):
    shown = []

    def say(prompt: Prompt, turn: int) -> str:
        shown.append(bytes(int(each) for each in prompt.tokens if each < 256).decode())
        return asked(turn) if turn < turns else "the end"

    sample = Sample(id="s", prompt=(user("Find it."),), target="4")
    engine = Replay(say=say)
    made = run_rollouts([sample], episodes.windowed(keep=keep), store=open_store(), engine=engine, renderer=ByteRenderer(),
                        tools=(look,), limits=Limits(**{"steps": 50, "tokens": 100_000, "sampled": 10_000, **limits}))
    return made[0].trajectories[0], shown


def test_old_results_leave_the_context_and_new_ones_stay():
    made, shown = played(6, keep=2)
    assert made.stop is Stop.DONE and made.answer == "the end" and len(made.events) == 6
    assert all(f"result of {number}" in shown[-1] for number in (4, 5))
    assert not any(f"result of {number}" in shown[-1] for number in range(4)) and shown[-1].count(LEFT_OUT) == 4
    assert shown[2].count(LEFT_OUT) == 0  # two results are all in view: the conversation just goes on


def test_a_long_window_is_the_plain_loop():
    made, _ = played(5, keep=9)
    plain = run_rollouts([made.sample], episodes.tool_loop(), store=open_store(), renderer=ByteRenderer(), tools=(look,),
                         engine=Replay(say=lambda prompt, turn: asked(turn) if turn < 5 else "the end"),
                         limits=Limits(steps=50, tokens=100_000, sampled=10_000))[0].trajectories[0]
    assert [step.message for step in made.steps] == [step.message for step in plain.steps]
    assert all(np.array_equal(one.tokens, other.tokens) for one, other in zip(made.steps, plain.steps, strict=True))


def test_every_message_is_trained_on_once_and_in_the_context_it_was_written_in():
    made, shown = played(7, keep=1)
    rows = trajectory_rows(made, 1.0, group=0)
    written = sum(int(step.sampled.sum()) for step in made.steps if step.sampled is not None)
    assert sum(row.num_trainable for row in rows) == written == made.num_sampled
    seen = {bytes(int(each) for each in row.prompt.tokens if each < 256).decode() for row in rows}
    assert any(text.startswith(shown[-1]) for text in seen)
    assert made.metrics["num_steps"] == 8  # messages shown again are not written again


def test_a_hundred_turns_fit_where_the_plain_loop_overflows():
    small = {"tokens": 3500, "steps": 120}
    made, _ = played(40, keep=2, **small)
    assert made.stop is Stop.DONE and len(made.events) == 40
    everything, _ = played(40, keep=100, **small)
    assert everything.stop is not Stop.DONE


def test_a_window_of_nothing_is_refused():
    made, _ = played(1, keep=0)
    assert made.stop is Stop.ERROR and "keep is 0" in made.error
    with pytest.raises(TypeError):
        episodes.windowed(3)


def test_a_call_that_cannot_be_written_again_does_not_end_the_attempt(tmp_path):
    """Templates refuse calls that could not be read; a fresh context shows their text without them."""
    from saccade.core.message import ToolCall, assistant
    from saccade.episodes.windowed import writable

    broken = assistant("hm", calls=(ToolCall(name="", error="no JSON"), ToolCall(name="look", arguments={"what": "x"})))
    assert [each.name for each in writable(broken).calls] == ["look"] and writable(broken).text == "hm"
