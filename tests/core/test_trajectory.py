"""The record: paths and branches, what a step refuses, groups without failed members, rebasing."""

import numpy as np
import pytest

from saccade.core import Group, MediaSpan, Message, Sample, Step, Stop, Trajectory, assistant, rebase, tool_result, user
from saccade.core.message import ToolCall
from saccade.core.trajectory import concatenate

SAMPLE = Sample(id="s", prompt=(user("?"),))


def step(message: Message, tokens, parent, *, sampled=False, media=()):
    size = len(tokens)
    return Step(
        parent=parent, speaker="policy" if sampled else message.role, message=message, tokens=np.asarray(tokens, np.int32),
        sampled=np.full(size, sampled), body=np.ones(size, bool), media=media,
        logp=np.full(size, -1.0, np.float32) if sampled else None)


def branched() -> Trajectory:
    """A question, an answer, and two ways on from it."""
    span = MediaSpan(ref="px:a", start=1, length=2)
    return Trajectory(sample=SAMPLE, steps=(
        step(user("?"), [1, 7, 7], None, media=(span,)),
        step(assistant("a", calls=(ToolCall(name="look"),)), [2, 3], 0, sampled=True),
        step(tool_result("r"), [4], 1),
        step(assistant("left"), [5], 2, sampled=True),
        step(tool_result("q"), [6, 7, 7], 1, media=(span,)),
        step(assistant("right"), [8, 9], 4, sampled=True),
    ))


def test_paths_go_from_the_root_to_a_leaf():
    made = branched()
    assert made.leaves() == (3, 5)
    assert made.prompt(3).tokens.tolist() == [1, 7, 7, 2, 3, 4, 5]
    assert made.prompt(5).tokens.tolist() == made.prompt().tokens.tolist() == [1, 7, 7, 2, 3, 6, 7, 7, 8, 9]
    assert [span.start for span in made.prompt(5).media] == [1, 6]
    assert [message.text for message in made.messages] == ["?", "a", "q", "right"]
    assert made.num_sampled == 5 and made.answer == "right" and [call.name for call in made.calls] == ["look"]


def test_an_empty_record_has_no_answer():
    made = Trajectory(sample=SAMPLE)
    assert made.answer == "" and made.messages == () and made.leaves() == () and len(made.prompt().tokens) == 0


@pytest.mark.parametrize(("changes", "why"), [
    ({"sampled": np.zeros(2, bool)}, "3 tokens, 2 sampled marks"), ({"body": np.zeros(4, bool)}, "4 body marks"),
    ({"logp": np.zeros(1, np.float32)}, "0 sampled tokens, 1 log-probabilities"),
    ({"media": (MediaSpan(ref="px:a", start=2, length=2),)}, "never cut"),
    ({"media": (MediaSpan(ref="px:a", start=-1, length=2),)}, "never cut")])
def test_a_step_that_does_not_add_up_is_refused(changes, why):
    fields = {"tokens": np.arange(3, dtype=np.int32), "sampled": np.zeros(3, bool), "body": np.zeros(3, bool), **changes}
    with pytest.raises(ValueError, match=why):
        Step(parent=None, speaker="user", message=user("x"), **fields)


def test_a_step_by_a_client_can_be_read_but_not_trained_on():
    said = Step(parent=None, speaker="judge", message=assistant("fine"))
    with pytest.raises(ValueError, match="'judge' has no tokens"):
        concatenate([said])


def test_failed_attempts_do_not_count():
    stops = [Stop.DONE, Stop.ERROR, Stop.MAX_TOKENS, Stop.ABORT, Stop.TIMEOUT, Stop.PARSE]
    group = Group(sample=SAMPLE, trajectories=tuple(Trajectory(sample=SAMPLE, stop=stop) for stop in stops))
    assert group.members == (0, 2, 4, 5)
    with pytest.raises(ValueError, match="not computed"):
        group.totals()
    from dataclasses import replace

    assert replace(group, total=np.arange(6.0)).totals().tolist() == [0, 2, 4, 5]


def test_stops_say_who_ended_it():
    assert {stop for stop in Stop if stop.failed} == {Stop.ERROR, Stop.ABORT}
    assert Stop.DONE.cut_off is Stop.PARSE.cut_off is Stop.TOOL_STOP.cut_off is Stop.ERROR.cut_off is False
    assert str(Stop.MAX_STEPS) == "max_steps" and Stop("done") is Stop.DONE


def test_rebasing_keeps_the_words_and_forgets_who_drew_them():
    made = branched()
    other = rebase(made, step(user("another"), [11, 12], None))
    assert other.prompt(3).tokens.tolist() == [11, 12, 2, 3, 4, 5]
    assert all(each.logp is None for each in other.steps) and made.steps[1].logp is not None
    assert other.num_sampled == made.num_sampled
