"""The real vLLM, in its own process and environment: it samples what the local engine samples and the learner scores.

Run by `make test-vllm`, which builds the environment; on a machine without a GPU that is vLLM's build for CPUs.
"""

import asyncio
import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from saccade.core.engine import EMPTY_PROMPT, Sampling
from saccade.core.message import user
from saccade.core.run import PolicySpec
from saccade.engines import served, vllm
from saccade.engines.local import LocalEngine
from saccade.media import open_store
from saccade.models.forward import score
from saccade.models.policy import load_policy
from saccade.testing.talks import append, picture, talks

pytestmark = pytest.mark.vllm


@pytest.fixture(scope="module")
def policy():
    return load_policy(PolicySpec(model="glimpse"))


@pytest.fixture(scope="module")
def store():
    return open_store()


@pytest.fixture(scope="module")
def engine(policy, store, tmp_path_factory):
    with vllm.vllm(policy, store, folder=tmp_path_factory.mktemp("run")) as made:
        yield made


def question(policy, store, *names, text="What is the number in the picture?"):
    return append(EMPTY_PROMPT, policy.renderer.encode([user(picture(store, *names), text)], (), store))


def rewritten(policy, scale=1.05):
    with torch.no_grad():
        for weight in policy.model.parameters():
            if weight.ndim > 1:
                weight.mul_(scale)
    policy.updated()


def test_greedy_tokens_and_log_probabilities_equal_the_local_engine_over_three_turns_with_images(policy, store, engine):
    ours = talks(LocalEngine(policy, store), policy.renderer, store, range(5), temperature=0.0)
    theirs = talks(engine, policy.renderer, store, range(5), temperature=0.0)
    for one, other in zip(ours, theirs, strict=True):
        assert len(other.prompt.media) == 3
        assert np.array_equal(one.prompt.tokens, other.prompt.tokens)
        assert np.abs(one.logp - other.logp).max() <= 1e-5


@pytest.mark.parametrize("temperature, top_p, top_k", [(1.0, 1.0, 0), (0.6, 0.9, 20)])
def test_the_learner_scores_what_was_sampled(policy, store, engine, temperature, top_p, top_k):
    prompt = question(policy, store, "scored")
    samplings = [Sampling(seed=seed, max_tokens=12, temperature=temperature, top_p=top_p, top_k=top_k) for seed in range(8)]
    answers = together(engine, [(prompt, each) for each in samplings])
    whole = [prompt.extend(each.tokens) for each in answers]
    sampled = [np.arange(len(each.tokens)) >= len(prompt.tokens) for each in whole]
    found = score(policy, whole, store, wanted=sampled).logp_N.detach().numpy()
    assert len({each.tokens.tobytes() for each in answers}) > 1
    assert np.abs(found - np.concatenate([each.logp for each in answers])).max() <= 1e-5
    again = together(engine, [(prompt, samplings[0])])[0]
    assert np.array_equal(again.tokens, answers[0].tokens)


def test_watched_tokens_have_their_log_probabilities(policy, store, engine):
    prompt, watch = question(policy, store, "watched"), (5, 9)
    sampling = Sampling(max_tokens=4, temperature=0.0, watch=watch)
    (ours,), (theirs,) = together(LocalEngine(policy, store), [(prompt, sampling)]), together(engine, [(prompt, sampling)])
    assert np.allclose(ours.watched, theirs.watched, rtol=1e-6, atol=1e-5)  # at -24 nats a float32 has steps of 2e-6


def test_placeholders_that_are_expanded_already_are_noticed(policy, store, engine, monkeypatch):
    prompt = question(policy, store, "twice")
    monkeypatch.setattr(served, "marked", lambda family, prompt: prompt.tokens.tolist())
    with pytest.raises(ValueError, match=r"the record holds|status 400"):
        together(engine, [(prompt, Sampling(max_tokens=2))])


def test_sixty_four_trajectories_at_once(policy, store, engine):
    before = time.perf_counter()
    played = talks(engine, policy.renderer, store, range(64))
    print(f"64 talks of three turns with three images: {time.perf_counter() - before:.2f} s")
    scores = score(policy, [each.prompt for each in played], store, wanted=[each.sampled for each in played])
    assert np.abs(scores.logp_N.detach().numpy() - np.concatenate([each.logp for each in played])).max() <= 1e-5


def test_a_cancelled_request_stops_running(policy, store, engine, monkeypatch):
    monkeypatch.setattr(engine, "stop", ())
    async def cancelled():
        task = asyncio.create_task(engine.generate(question(policy, store, "c"), LONG))
        await until(lambda: running(engine), lambda count: count == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: running(engine), lambda count: count == 0)

    asyncio.run(cancelled())


def test_new_weights_answer_the_next_request_and_those_in_flight_keep_the_old(policy, store, engine, monkeypatch):
    monkeypatch.setattr(engine, "stop", ())
    prompt = question(policy, store, "weights")
    short = Sampling(max_tokens=6, temperature=0.0)

    async def update_in_flight():
        first = asyncio.create_task(engine.generate(prompt, replace(LONG, max_tokens=400)))
        await until(lambda: running(engine), lambda count: count == 1)
        rewritten(policy)
        second = await engine.generate(prompt, short)
        return await first, second

    before = policy.version
    old, new = asyncio.run(update_in_flight())
    assert (old.version, new.version) == (before, before + 1)
    assert len(old.tokens) == 400
    (ours,) = together(LocalEngine(policy, store), [(prompt, short)])
    shared = min(len(ours.tokens), 6)  # the local engine stops at the policy's own stop ids
    assert np.array_equal(ours.tokens, new.tokens[:shared])
    assert np.abs(ours.logp - new.logp[:shared]).max() <= 1e-5


def test_a_killed_server_is_replaced_and_nothing_is_lost(policy, store, engine):
    ours = talks(LocalEngine(policy, store), policy.renderer, store, range(100, 116), temperature=0.0)

    async def killed():
        from saccade.testing.talks import talk

        tasks = [asyncio.create_task(talk(engine, policy.renderer, store, number, temperature=0.0))
                 for number in range(100, 116)]
        await until(lambda: running(engine), lambda count: count > 0)
        os.killpg(engine.server.pid, signal.SIGKILL)
        return await asyncio.gather(*tasks)

    replaced = engine.server.replaced
    theirs = asyncio.run(killed())
    assert engine.server.replaced == replaced + 1
    for one, other in zip(ours, theirs, strict=True):
        assert np.array_equal(one.prompt.tokens, other.prompt.tokens)
        assert np.abs(one.logp - other.logp).max() <= 1e-5
        assert {turn[2].version for turn in other.turns} == {policy.version}


def together(engine, asked):
    async def all_of_them():
        return await asyncio.gather(*(engine.generate(prompt, sampling) for prompt, sampling in asked))

    return asyncio.run(all_of_them())


LONG = Sampling(max_tokens=3000, seed=1)


async def running(engine):
    return (await engine.status())["running"]


async def until(value, holds, *, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not holds(await value()):
        assert time.monotonic() < deadline, "it did not come to pass in time"
        await asyncio.sleep(0.01)
