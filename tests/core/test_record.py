"""Records on disk: lossless for what was recorded, strict about what is wrong, forgiving of a killed writer."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade.core import Box, Image, MediaSpan, Sample, Score, Step, Stop, ToolCall, ToolEvent, Trajectory, assistant
from saccade.core.message import user
from saccade.core.record import groups_of, plain, read_lines, read_trajectories, trajectory_from, write_lines

TEXTS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=20)


def full(text="über <|im_end|> \u2028 𝄞", logp=(-0.1, -2.5e-7)) -> Trajectory:
    cut = Image(ref="px:b", root="px:a", to_root=(0.5, 0.5, 3.0, 4.0), at_s=1.5, frame_index=2, source="tool", note="zoomed")
    call = ToolCall(name="look", arguments={"bbox_2d": [1, 2, 3.5, 4], "label": text}, id="7")
    sample = Sample(id="s/1", prompt=(user(Image(ref="px:a"), text),), target={"boxes": [[1.0, 2.0, 3.0, 4.0]]},
                    choices=("A", "B"), tools=("look",), meta={"evidence": [[1.0, 2.0, 3.0, 4.0]], "level": None})
    asked = Step(
        parent=None, speaker="user", message=sample.prompt[0], tokens=np.array([5, 6, 6], np.int32),
        sampled=np.zeros(3, bool), body=np.array([False, True, True]), scores={"world": 1.0},
        media=(MediaSpan(ref="px:a", start=1, length=2, inputs={"grid": [1, 2, 4]}, feature_mask=(True, False)),))
    said = Step(
        parent=0, speaker="policy", message=assistant(text, calls=(call,), thought="hm"),
        tokens=np.array([1, 2, 3], np.int32),
        sampled=np.array([False, True, True]), body=np.ones(3, bool), logp=np.array(logp, np.float32), version=4,
        started_s=1.25, ended_s=2.5)
    judged = Step(parent=1, speaker="judge", message=user(cut, Box(xyxy=(0.1, 0.2, 0.3, 0.4), frame="unit")))
    event = ToolEvent(
        step=1, name="look", arguments={"label": text}, image="px:a", box_xyxy=(1.0, 2.0, 3.0, 4.0), result="px:b")
    return Trajectory(
        sample=sample, attempt=3, steps=(asked, said, judged), stop=Stop.MAX_PIXELS, branch="blank", seed=2**62, version=4,
        rewards={"right": Score(value=0.5, per_step=(None, 0.5, None), extracted="4", note=text), "skip": Score(value=None)},
        aux={"blind": {"answer": "5"}}, metrics={"num_calls": 1.0}, events=(event,), error=None)


def test_a_record_survives_the_disk(tmp_path):
    path = tmp_path / "trajectories.jsonl"
    write_lines(path, [full(), Trajectory(sample=Sample(id="t", prompt=()))])
    again = list(read_trajectories(path))
    assert [plain(each) for each in again] == [plain(full()), plain(Trajectory(sample=Sample(id="t", prompt=())))]
    one, other = again[0].steps[1], full().steps[1]
    assert one.logp.dtype == np.float32 and one.tokens.dtype == np.int32 and one.sampled.dtype == bool
    assert np.array_equal(one.logp, other.logp) and one.message == other.message
    assert again[0].steps[0].media == full().steps[0].media and again[0].steps[2].message == full().steps[2].message
    assert again[0].events == full().events and again[0].rewards == full().rewards and again[0].sample == full().sample


@given(TEXTS, st.lists(st.floats(-40, 0, width=32), min_size=2, max_size=2))
def test_any_text_and_any_log_probability_survive(text, logp):
    made = full(text, logp)
    again = trajectory_from(json.loads(json.dumps(plain(made), allow_nan=False)))
    assert again.steps[1].message == made.steps[1].message
    assert np.array_equal(again.steps[1].logp, made.steps[1].logp)


def test_half_a_surrogate_pair_does_not_stop_the_writer(tmp_path):
    path = tmp_path / "t.jsonl"
    write_lines(path, [full("\ud83d"), full("whole 🙂")])
    assert [each.steps[1].message.text for each in read_trajectories(path)] == ["\ud83d", "whole 🙂"]
    assert "🙂" in path.read_text(encoding="utf-8"), "what can be read by people stays readable"


def test_numbers_that_are_not_json_become_null(tmp_path):
    path = tmp_path / "m.jsonl"
    write_lines(path, [{"a": float("nan"), "b": [float("inf"), 1.0], "c": np.float32(2.5), "d": np.arange(2)}])
    assert json.loads(path.read_text()) == {"a": None, "b": [None, 1.0], "c": 2.5, "d": [0, 1]}


def test_pixels_are_never_written():
    assert "data" not in json.dumps(plain(user(Image(ref="px:a", data=b"pixels"))))


def test_a_half_written_last_line_is_dropped_and_any_other_is_named(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1}\n\n{"a": 2}\n{"a": 3')
    assert [line["a"] for line in read_lines(path)] == [1, 2]
    path.write_text('{"a": 1}\n{"a": 2\n{"a": 3}\n')
    with pytest.raises(ValueError, match=r"t\.jsonl:2: not JSON"):
        list(read_lines(path))
    path.write_text('{"a": 1}\n{"a": 2\n')
    with pytest.raises(ValueError, match=r"t\.jsonl:2"):
        list(read_lines(path))


@pytest.mark.parametrize("change", [
    lambda data: data.pop("sample"), lambda data: data.update(steps=[{}]), lambda data: data.update(sample=4),
    lambda data: data["steps"][1].pop("speaker"), lambda data: data.update(events=[{"what": 1}])])
def test_what_is_no_record_says_so(change):
    data = json.loads(json.dumps(plain(full())))
    change(data)
    with pytest.raises(ValueError, match="not a trajectory record"):
        trajectory_from(data)


def test_what_a_later_version_adds_is_ignored():
    data = json.loads(json.dumps(plain(full())))
    data["colour"] = "blue"
    data["sample"]["weight"] = 3
    assert plain(trajectory_from(data)) == plain(full())


def test_attempts_are_gathered_by_sample_and_version():
    def made(id, version):
        return Trajectory(sample=Sample(id=id, prompt=()), version=version)

    groups = groups_of([made("a", 0), made("b", 0), made("a", 0), made("a", 1)])
    assert [(group.sample.id, len(group.trajectories)) for group in groups] == [("a", 2), ("b", 1), ("a", 1)]
