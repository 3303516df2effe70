"""Batches, barriers, seeds and truncation of the local engine."""

import asyncio

import numpy as np
import pytest
import torch

from saccade.core.engine import EMPTY_PROMPT, Sampling
from saccade.core.message import user
from saccade.core.run import PolicySpec
from saccade.engines.local import LocalEngine
from saccade.engines.local_batch import Decoder, run_batch
from saccade.engines.local_cache import PrefixStore
from saccade.media import open_store
from saccade.models.policy import load_policy
from saccade.testing.talks import append, picture, talks
from saccade.testing.tiny import tiny


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    return load_policy(PolicySpec(model=str(tiny("qwen2_5_vl", tmp_path_factory.mktemp("q")))))


@pytest.fixture(scope="module")
def store():
    return open_store()


@pytest.fixture(scope="module")
def prompts(policy, store):
    return [
        append(EMPTY_PROMPT, policy.renderer.encode([user(picture(store, n), "Look. " * (1 + 7 * n))], (), store))
        for n in range(5)
    ]


def ask(policy, store, prompts, samplings, **options):
    return run_batch(policy, store, PrefixStore(0), prompts, samplings, **options)


def test_same_seed_same_tokens_alone_or_in_a_batch(policy, store, prompts):
    samplings = [Sampling(seed=n, max_tokens=3 + 5 * n, temperature=1.3, top_p=0.9, top_k=50) for n in range(5)]
    together = ask(policy, store, prompts, samplings)
    for prompt, sampling, expected in zip(prompts, samplings, together, strict=True):
        (alone,) = ask(policy, store, [prompt], [sampling])
        assert np.array_equal(alone.tokens, expected.tokens)
        assert np.allclose(alone.logp, expected.logp, atol=1e-5)
    backwards = ask(policy, store, prompts[::-1], samplings[::-1])[::-1]
    assert all(np.array_equal(a.tokens, b.tokens) for a, b in zip(together, backwards, strict=True))
    other = ask(policy, store, prompts[:1], [Sampling(seed=99, max_tokens=30)])
    assert not np.array_equal(other[0].tokens[:3], together[0].tokens[:3])


def test_finish_stop_and_length(policy, store, prompts):
    (free,) = ask(policy, store, prompts[:1], [Sampling(seed=1, max_tokens=20)])
    stop = int(free.tokens[4])
    first = int(np.flatnonzero(free.tokens == stop)[0])
    ways = [Sampling(seed=1, max_tokens=20, stop=(stop,)), Sampling(seed=1, max_tokens=7)]
    cut, whole = ask(policy, store, [prompts[0]] * 2, ways)
    assert cut.finish == "stop" and np.array_equal(cut.tokens, free.tokens[: first + 1])
    assert whole.finish == "length" and np.array_equal(whole.tokens, free.tokens[:7])


def test_greedy_and_truncation(policy, store, prompts):
    greedy, top1, tiny_p = ask(
        policy, store, [prompts[1]] * 3,
        [Sampling(temperature=0, seed=1, max_tokens=9), Sampling(top_k=1, seed=2, max_tokens=9),
         Sampling(top_p=1e-9, seed=3, max_tokens=9)],
    )
    assert np.array_equal(greedy.tokens, top1.tokens) and np.array_equal(greedy.tokens, tiny_p.tokens)
    assert np.allclose(greedy.logp, top1.logp, atol=1e-6)  # of the untruncated distribution
    assert (greedy.logp < -0.01).all()


def test_draws_follow_the_distribution(policy, store, prompts):
    count = 3000
    draws = ask(policy, store, [prompts[0]] * count, [Sampling(seed=n, max_tokens=1) for n in range(count)])
    tokens = np.array([each.tokens[0] for each in draws])
    best = np.bincount(tokens).argmax()
    expected = np.exp(next(each.logp[0] for each in draws if each.tokens[0] == best))
    assert abs((tokens == best).mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / count)


def test_watched_tokens_and_rules(policy, store, prompts):
    watch = (7, 11)

    def rule(tokens, logits):
        return logits.masked_fill(torch.arange(len(logits)) != watch[len(tokens) % 2], -torch.inf)

    forced = Sampling(max_tokens=3, seed=1, watch=watch, logit_rules=(rule,))
    (out,) = ask(policy, store, prompts[:1], [forced])
    assert out.tokens.tolist() == [7, 11, 7]
    assert out.watched.shape == (3, 2)
    assert np.allclose(out.logp, out.watched[[0, 1, 2], [0, 1, 0]], atol=1e-6)


def test_a_batch_is_formed_when_all_live_trajectories_wait(policy, store, prompts, monkeypatch):
    sizes = []
    admit = Decoder.admit

    def counted(self, prompts, samplings):
        sizes.append(len(prompts))
        return admit(self, prompts, samplings)

    monkeypatch.setattr(Decoder, "admit", counted)
    engine = LocalEngine(policy, store)

    async def one(number, turns, pause):
        for _ in range(turns):
            for _ in range(pause):
                await asyncio.sleep(0)
            await engine.generate(prompts[number], Sampling(seed=number, max_tokens=2))
        engine.live(-1)

    async def run():
        engine.live(+4)
        await asyncio.gather(one(0, 3, 0), one(1, 2, 9), one(2, 2, 3), one(3, 1, 20))

    asyncio.run(run())
    assert sizes == [4, 3, 1]
    sizes.clear()

    async def outside():
        await asyncio.gather(*(engine.generate(each, Sampling(max_tokens=1)) for each in prompts))

    asyncio.run(outside())
    assert sizes == [5]


def test_equal_runs_are_bit_identical_whatever_the_order_of_arrival(policy, store):
    first = talks(LocalEngine(policy, store), policy.renderer, store, [0, 1, 2, 3])
    again = talks(LocalEngine(policy, store), policy.renderer, store, [3, 1, 0, 2])
    for one, number in zip(first, (2, 1, 3, 0), strict=True):
        assert np.array_equal(one.prompt.tokens, again[number].prompt.tokens)
        assert one.logp.tobytes() == again[number].logp.tobytes()


def test_the_threaded_mode_gives_the_same_tokens(policy, store):
    first = talks(LocalEngine(policy, store), policy.renderer, store, [0, 1, 2])
    free = talks(LocalEngine(policy, store, deterministic=False), policy.renderer, store, [0, 1, 2])
    for one, other in zip(first, free, strict=True):
        assert np.array_equal(one.prompt.tokens, other.prompt.tokens) and np.allclose(one.logp, other.logp, atol=1e-5)


@pytest.mark.parametrize("refill", [0.1, 0.5, 1.0])
def test_rows_that_join_others_get_the_tokens_they_get_alone(policy, store, refill):
    first = talks(LocalEngine(policy, store, refill=1.0), policy.renderer, store, range(6))
    other = talks(LocalEngine(policy, store, refill=refill, max_batch_tokens=600), policy.renderer, store, range(6))
    for one, two in zip(first, other, strict=True):
        assert np.array_equal(one.prompt.tokens, two.prompt.tokens) and np.allclose(one.logp, two.logp, atol=1e-5)


async def answers(engine, prompts, turns, lengths, pause):
    """Attempts of several turns with tools that take `pause(attempt, turn)` seconds; who answered when, in order."""
    order = []

    async def one(number):
        with engine.session():
            prompt, logps = prompts[number], []
            for turn in range(turns):
                sampling = Sampling(seed=100 * number + turn, max_tokens=lengths[number])
                completion = await engine.generate(prompt, sampling)
                order.append((number, turn))
                logps.append(completion.logp)
                await asyncio.sleep(pause(number, turn))
                prompt = prompt.extend(completion.tokens).extend(np.array([5, 6, 7]))
            return np.concatenate(logps).tobytes()

    return order, await asyncio.gather(*(one(number) for number in range(len(prompts))))


@pytest.mark.parametrize("deterministic", [True, False])
def test_a_straggler_holds_nobody(policy, store, prompts, deterministic):
    engine = LocalEngine(policy, store, deterministic=deterministic)
    order, _ = asyncio.run(answers(engine, prompts, 3, [4, 4, 4, 4, 60], lambda number, turn: 0.0))
    first_of_straggler = order.index((4, 0))
    assert {(number, 2) for number in range(4)} <= set(order[:first_of_straggler])


def test_who_is_in_a_batch_does_not_follow_from_the_clock(policy, store, prompts):
    lengths = [3, 9, 5, 14, 7]
    quick = asyncio.run(answers(LocalEngine(policy, store), prompts, 3, lengths, lambda number, turn: 0.0))
    slow = asyncio.run(
        answers(LocalEngine(policy, store), prompts, 3, lengths, lambda number, turn: 0.01 * ((number * 7 + turn * 3) % 5))
    )
    assert quick[1] == slow[1]


def test_small_batches_and_no_cache_give_the_same_tokens(policy, store):
    first = talks(LocalEngine(policy, store), policy.renderer, store, [0, 1, 2])
    small = talks(LocalEngine(policy, store, cache_bytes=0, max_batch_tokens=100), policy.renderer, store, [0, 1, 2])
    for one, other in zip(first, small, strict=True):
        assert np.array_equal(one.prompt.tokens, other.prompt.tokens) and np.allclose(one.logp, other.logp, atol=1e-5)


def test_the_cache_keeps_its_budget_and_forgets_old_weights(policy, store, prompts):
    prefixes = PrefixStore(400_000)
    for _ in range(6):
        run_batch(policy, store, prefixes, prompts, [Sampling(seed=1, max_tokens=4)] * 5)
        assert 0 < prefixes.bytes <= 400_000
    assert prefixes.find(prompts[0]) is not None
    weight = policy.model.model.language_model.layers[0].self_attn.v_proj.weight
    (before,) = run_batch(policy, store, prefixes, prompts[:1], [Sampling(temperature=0, max_tokens=6)])
    version = policy.version, policy.tower_version
    with torch.no_grad():
        weight.mul_(-3.0)
        policy.updated()
        (after,) = run_batch(policy, store, prefixes, prompts[:1], [Sampling(temperature=0, max_tokens=6)])
        (fresh,) = ask(policy, store, prompts[:1], [Sampling(temperature=0, max_tokens=6)])
        weight.div_(-3.0)
    policy.version, policy.tower_version = version
    assert after.version == version[0] + 1
    assert np.array_equal(after.tokens, fresh.tokens) and np.allclose(after.logp, fresh.logp, atol=1e-5)
    assert not np.allclose(before.logp, after.logp, atol=1e-3)


def test_abort_ends_rows_and_keeps_what_they_have(policy, store, prompts):
    asked = []
    out = ask(
        policy, store, prompts, [Sampling(seed=n, max_tokens=50) for n in range(5)],
        aborted=lambda: asked.append(0) or len(asked) > 4,
    )
    assert {each.finish for each in out} <= {"abort", "stop"} and any(each.finish == "abort" for each in out)
    assert all(len(each.tokens) == len(each.logp) <= 4 for each in out)


def test_a_cancelled_request_does_not_hold_the_others(policy, store, prompts):
    engine = LocalEngine(policy, store)

    async def run():
        engine.live(+3)
        one = asyncio.create_task(engine.generate(prompts[0], Sampling(max_tokens=2)))
        two = asyncio.create_task(engine.generate(prompts[1], Sampling(max_tokens=2)))
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.sleep(0)
        engine.live(-1)
        three = asyncio.create_task(engine.generate(prompts[2], Sampling(max_tokens=2)))
        return await asyncio.wait_for(asyncio.gather(two, three), 20)

    assert len(asyncio.run(run())) == 2


def test_bad_requests_name_what_is_wrong(policy, store, prompts):
    engine = LocalEngine(policy, store)
    with pytest.raises(ValueError, match="nothing to sample"):
        asyncio.run(engine.generate(prompts[0], Sampling(max_tokens=0)))
    with pytest.raises(ValueError, match="top_p"):
        asyncio.run(engine.generate(prompts[0], Sampling(top_p=0.0)))
    with pytest.raises(ValueError, match="vocabulary"):
        asyncio.run(engine.generate(prompts[0], Sampling(stop=(10**6,))))
    with pytest.raises(ValueError, match="functions"):
        asyncio.run(engine.generate(prompts[0], Sampling(logit_rules=("no_repeat",))))


def test_weights_that_diverged_are_named(policy, store, prompts):
    norm = policy.model.model.language_model.norm.weight
    kept = norm.detach().clone()
    with torch.no_grad():
        norm.fill_(float("nan"))
    try:
        with pytest.raises(ValueError, match="diverged"):
            ask(policy, store, prompts[:2], [Sampling(max_tokens=3)] * 2)
    finally:
        with torch.no_grad():
            norm.copy_(kept)


def test_the_largest_uniform_number_draws_a_possible_token():
    from saccade.models.distribution import draw

    logits = torch.tensor([[0.0, 1.0, -torch.inf, 0.5, -torch.inf]]).repeat(4, 1)
    uniform = torch.tensor([0.0, 0.5, 1 - 2**-53, 1.0], dtype=torch.float64)
    options = {"temperature_N": torch.ones(4), "top_p_N": None, "top_k_N": None}
    drawn = draw(logits, uniform, **options)
    assert drawn.tolist() == [0, 1, 3, 3]
