"""The same rollouts on a real renderer and the local engine, with a random tiny checkpoint."""

import numpy as np
import pytest

from saccade.core import Independent, PolicySpec, Sampling, Stop, episode, show
from saccade.core.record import plain
from saccade.episodes import tool_loop
from saccade.rollout.pool import run_rollouts
from saccade.tools import crop

from .conftest import question
from .test_attempt import ZOOM, go
from .test_pool import timeless

pytestmark = pytest.mark.slow  # imports torch
CALL = '<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [64, 32, 128, 96]}}\n</tool_call>'


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    from saccade.models.policy import load_policy
    from saccade.testing.tiny import tiny

    folder = tiny("qwen2_5_vl", tmp_path_factory.mktemp("tiny"))
    return load_policy(PolicySpec(model=str(folder), dialect="hermes", device="cpu", dtype="float32"))


@episode
async def two_looks(sample, context):
    """Make the model begin with a call, so that a random one looks twice."""
    message = yield show(sample.prompt, tools=context.tools, prefix=CALL)
    message = yield show(await context.call_all(message.calls[:1]), prefix=CALL)
    yield show(await context.call_all(message.calls[:1]))


def test_a_crop_through_the_real_renderer(policy, store):
    from saccade.engines.scripted import scripted

    engine = scripted(policy.renderer, CALL, "<tool_call>\n{oops\n</tool_call>", "<answer>4</answer>")
    made = go(question(), tool_loop(), store, policy.renderer, engine, tools=[crop()])
    assert made.stop is Stop.DONE, made.error
    assert [step.message.role for step in made.steps] == ["user", "assistant", "tool", "assistant", "tool", "assistant"]
    assert made.steps[1].message.calls[0].name == ZOOM and made.answer == "<answer>4</answer>"
    assert "Error:" in made.steps[4].message.text
    for prompt, leaf in zip(engine.prompts, (0, 2, 4), strict=True):
        assert np.array_equal(made.prompt(leaf).tokens, prompt.tokens)
    placeholders = int((made.prompt().tokens == policy.family.placeholder).sum())
    assert placeholders == sum(span.features for span in made.prompt().media) > 0 and len(made.prompt().media) == 2
    told = policy.renderer.decode(made.steps[2].tokens)
    assert "<tool_response>" in told


def test_the_local_engine_gives_the_same_record_twice_and_alone(policy, store):
    from saccade.engines.local import LocalEngine

    def run(count, concurrency, n):
        engine = LocalEngine(policy, store, cache_bytes=0)
        groups = run_rollouts(
            [question(id=f"s{index}") for index in range(count)], two_looks(), engine=engine, renderer=policy.renderer,
            store=store, tools=[crop()], sampling=Sampling(max_tokens=6), explore=Independent(n=n), seed=5,
            concurrency=concurrency)
        assert engine._live == 0
        return [each for group in groups for each in group.trajectories]

    first, second = run(3, 64, 2), run(3, 64, 2)
    assert all(not each.stop.failed for each in first), [each.error for each in first]
    assert timeless(plain(first)) == timeless(plain(second))
    assert all(len(each.prompt().media) == 3 and len(each.events) == 2 for each in first)
    assert len({tuple(each.prompt().tokens.tolist()) for each in first}) == 6
    alone = run(1, 1, 1)[0]
    same = next(each for each in first if each.sample.id == "s0" and each.attempt == 0)
    assert np.array_equal(alone.prompt().tokens, same.prompt().tokens)
    for one, other in zip(alone.steps, same.steps, strict=True):
        if one.logp is not None:
            np.testing.assert_allclose(one.logp, other.logp, atol=1e-5)


def test_a_bad_sample_does_not_hold_up_the_local_engine(policy, store, tmp_path):
    from saccade.core import Image, Sample, user
    from saccade.engines.local import LocalEngine

    bad = Sample(id="bad", prompt=(user(Image(ref=f"file:{tmp_path / 'none.png'}"), "?"),))
    groups = run_rollouts(
        [question(id="a"), bad, question(id="b")], two_looks(), engine=LocalEngine(policy, store), store=store,
        renderer=policy.renderer, tools=[crop()], sampling=Sampling(max_tokens=4), seconds=120.0)
    stops = [group.trajectories[0].stop for group in groups]
    assert stops[1] is Stop.ERROR and not stops[0].failed and not stops[2].failed
