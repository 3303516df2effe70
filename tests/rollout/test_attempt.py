"""One attempt: what is recorded, what the model reads when it errs, and which stop follows from what."""

import json

import numpy as np
import pytest

from saccade.core import Limits, Sampling, Stop, Trajectory, episode, show, user
from saccade.core.record import finite, plain, trajectory_from
from saccade.episodes import single, tool_loop
from saccade.rollout.pool import run_sync
from saccade.rollout.run import attempt
from saccade.testing.replay import END, Replay
from saccade.tools import crop

from .conftest import call, question

ZOOM = "image_zoom_in_tool"


def go(sample, protocol, store, renderer, say, **settings) -> Trajectory:
    engine = say if say is None or hasattr(say, "generate") else Replay(texts=say)
    return run_sync(attempt(sample, protocol, engine=engine, renderer=renderer, store=store, **settings))


def test_a_crop_is_cut_shown_and_recorded(store, renderer):
    engine = Replay(texts=[call(ZOOM, bbox_2d=[64, 32, 128, 96]), "<answer>4</answer>"], version=3)
    made = go(question(), tool_loop(), store, renderer, engine, tools=[crop()])
    assert made.stop is Stop.DONE and made.error is None
    assert [step.message.role for step in made.steps] == ["user", "assistant", "tool", "assistant"]
    assert made.answer == "<answer>4</answer>"
    root, cut = made.steps[0].message.images[0], made.steps[2].message.images[0]
    assert store.size(cut.ref) == (64, 64) and cut.root == root.ref and cut.to_root == (1.0, 1.0, 64.0, 32.0)
    assert store.get(cut.ref).tobytes() == store.get(root.ref).crop((64, 32, 128, 96)).tobytes()
    (event,) = made.events
    assert (event.step, event.image, event.result) == (1, root.ref, cut.ref)
    assert event.box_xyxy == (64.0, 32.0, 128.0, 96.0) and event.error is None
    assert made.steps[1].version == 3 and made.version == 3


def test_the_path_is_what_the_engine_saw_and_marks_fit(store, renderer):
    engine = Replay(texts=[call(ZOOM, bbox_2d=[64, 32, 128, 96]), "<answer>4</answer>"])
    made = go(question(), tool_loop(), store, renderer, engine, tools=[crop()])
    for (seen, _), leaf in zip(engine.seen, (0, 2), strict=True):
        path = made.prompt(leaf)
        assert np.array_equal(path.tokens, seen.tokens) and path.media == seen.media
    assert [int(step.sampled.sum()) for step in made.steps] == [0, len(made.steps[1].tokens), 0, len(made.steps[3].tokens)]
    assert all(step.logp is None or len(step.logp) == step.sampled.sum() for step in made.steps)
    whole = made.prompt()
    for span in whole.media:
        assert (whole.tokens[span.start : span.start + span.length] == 258).all()


def test_a_record_survives_json(store, renderer):
    made = go(question(), tool_loop(), store, renderer, [call(ZOOM, bbox_2d=[64, 32, 128, 96]), "4"], tools=[crop()])
    again = trajectory_from(json.loads(json.dumps(finite(plain(made)))))
    assert plain(again) == plain(made)
    assert np.array_equal(again.prompt().tokens, made.prompt().tokens) and again.events == made.events


@pytest.mark.parametrize(("written", "told"), [
    (call(ZOOM, bbox_2d=[900, 900, 950, 950]), "outside the image"),
    (call(ZOOM, bbox_2d=[9, 9, 3, 3]), "is empty"),
    (call(ZOOM, bbox_2d="here"), "four finite numbers"),
    (call(ZOOM, bbox_2d=[float("nan"), 0, 3, 3]), "four finite numbers"),
    (call(ZOOM), "missing"),
    (call(ZOOM, bbox_2d=[0, 0, 9, 9], turbo=True), "unknown"),
    (call("enhance", bbox_2d=[0, 0, 9, 9]), "there is no tool 'enhance'"),
    ("<tool_call>{oops</tool_call>", "could not be read"),
])
def test_mistakes_of_the_model_come_back_as_text(store, renderer, written, told):
    made = go(question(), tool_loop(), store, renderer, [written, "<answer>4</answer>"], tools=[crop()])
    assert made.stop is Stop.DONE and made.steps[2].message.role == "tool"
    assert told in made.steps[2].message.text and made.steps[2].message.text.startswith("Error: ")
    assert made.events[0].error and not made.events[0].infrastructure


def test_budgets_end_with_their_stop(store, renderer):
    zoom = call(ZOOM, bbox_2d=[0, 0, 64, 64])
    free = go(question(), tool_loop(), store, renderer, [zoom], tools=[crop()])
    asked, wrote, _ = (len(step.tokens) for step in free.steps[:3])
    cases = [
        (Limits(steps=3), Stop.MAX_STEPS, 3),
        (Limits(pixels=64 * 64 * 2 + 1), Stop.MAX_PIXELS, 3),
        (Limits(sampled=3 * len(zoom)), Stop.MAX_TOKENS, 3),
        (Limits(tokens=asked + wrote + 1), Stop.OVERFLOW, 1),
        (Limits(tokens=asked + wrote - 9), Stop.MAX_TOKENS, 1),
        (Limits(tokens=asked), Stop.OVERFLOW, 0),
        (Limits(seconds=0.0), Stop.TIMEOUT, 0),
    ]
    for limits, stop, count in cases:
        made = go(question(), tool_loop(), store, renderer, [zoom], tools=[crop()], limits=limits)
        assert made.stop is stop, (limits, made.stop, made.error)
        assert not made.stop.failed and made.stop.cut_off
        assert sum(step.message.role == "assistant" for step in made.steps) == count
        assert sum(len(step.tokens) for step in made.steps) <= limits.tokens


def test_a_cut_off_answer_is_not_done(store, renderer):
    made = go(question(), single(), store, renderer, ["a long answer"], sampling=Sampling(max_tokens=5))
    assert made.stop is Stop.MAX_TOKENS and made.answer == "a lon" and made.steps[-1].tokens[-1] != END


def test_unreadable_calls_end_an_attempt_only_where_the_policy_says_so(store, renderer):
    bad = "<tool_call>{oops</tool_call>"
    say = [bad, bad, bad, "4"]
    assert go(question(), tool_loop(), store, renderer, say, tools=[crop()]).stop is Stop.DONE
    made = go(question(), tool_loop(), store, renderer, say, tools=[crop()], limits=Limits(malformed=1))
    assert made.stop is Stop.PARSE and made.metrics["num_malformed"] == 2


def test_randomness_has_names(store, renderer):
    drawn = []

    @episode
    async def chancy(sample, context):
        drawn.append(float(context.rng.random()))
        yield show(sample.prompt)

    def seeds(**settings):
        engine = Replay(texts=["x"])
        go(question(), chancy(), store, renderer, engine, **settings)
        return engine.seen[0][1].seed

    assert seeds(seed=1) == seeds(seed=1) != seeds(seed=2)
    assert len({seeds(seed=1), seeds(seed=1, index=1), seeds(seed=1, branch="blank")}) == 3
    assert drawn[0] == drawn[1] and len(set(drawn)) == 4


def test_images_are_found_by_number_and_by_ref(store, renderer):
    from saccade.core import Image, ToolError, tool

    found = {}

    @tool
    def look(at: Image, context) -> str:
        """Look.

        Args:
            at: Which image.
        """
        for which in (0, 1, 2, "2", at.ref):
            found[which] = context.image(which).ref
        for which in (3, -1, "px:none", "nine", "9" * 5000):
            with pytest.raises(ToolError, match="there is no image"):
                context.image(which)
        return "seen"

    say = [call(ZOOM, bbox_2d=[0, 0, 64, 64]), call("look", at=2), call("look", at=7), "4"]
    made = go(question(), tool_loop(), store, renderer, say, tools=[crop(), look])
    first, second = made.steps[0].message.images[0].ref, made.steps[2].message.images[0].ref
    assert found == {0: first, 1: first, 2: second, "2": second, second: second}
    assert made.steps[4].message.text == "seen" and "there is no image 7" in made.steps[6].message.text


def test_a_bad_picture_fails_its_own_attempt_with_a_clear_error(store, renderer, tmp_path):
    from saccade.core import Image, Sample

    path = tmp_path / "broken.png"
    path.write_bytes(b"\x89PNG and nothing else")
    sample = Sample(id="bad", prompt=(user(Image(ref=f"file:{path}"), "?"),))
    made = go(sample, single(), store, renderer, ["x"])
    assert made.stop is Stop.ERROR and "broken.png" in made.error and made.steps == ()
