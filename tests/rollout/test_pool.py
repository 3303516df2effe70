"""Many at once: order independence, the engines' barrier, deadlines, and one bad sample among good ones."""

import asyncio
import time
import warnings

import numpy as np
import pytest

from saccade.core import Completion, Group, Image, Independent, Limits, Sample, Stop, assistant, user
from saccade.core.record import plain
from saccade.core.seed import generator
from saccade.episodes import single, tool_loop
from saccade.rollout.pool import rollout, run_rollouts, run_sync
from saccade.rollout.speak import Speaker
from saccade.testing.replay import Replay
from saccade.tools import crop

from .conftest import call, question
from .test_failures import Judge

ZOOM = call("image_zoom_in_tool", bbox_2d=[0, 0, 64, 64])


def timeless(value):
    """A record without wall-clock fields."""
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key not in ("started_s", "ended_s", "seconds")}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def samples(count):
    return [question(id=f"s{index}") for index in range(count)]


class Barrier:
    """Batches when every live trajectory waits, like the local engine; logs the batches it formed."""

    version = 0

    def __init__(self, texts, jitter=0):
        self.inner, self.alive, self.waiting, self.batches, self.jitter = Replay(texts=texts), 0, [], [], jitter

    def live(self, change):
        self.alive += change
        assert self.alive >= 0
        self.wake()

    async def generate(self, prompt, sampling):
        for _ in range(int(generator(self.jitter, sampling.seed).integers(0, 9)) if self.jitter else 0):
            await asyncio.sleep(0)
        future = asyncio.get_running_loop().create_future()
        self.waiting.append((prompt, sampling, future))
        self.wake()
        return await future

    def wake(self):
        asyncio.get_running_loop().call_soon(self.run)

    def run(self):
        if not self.waiting or len(self.waiting) < self.alive:
            return
        batch, self.waiting = sorted(self.waiting, key=lambda each: each[1].seed), []
        self.batches.append([sampling.seed for _, sampling, _ in batch])
        for prompt, _, future in batch:
            text = "x" if "quick" in bytes(t for t in prompt.tokens.tolist() if t < 256).decode() else None
            turn = int((prompt.tokens == 257).sum()) // 2
            text = text or self.inner.texts[min(turn, len(self.inner.texts) - 1)]
            tokens = np.asarray([*text.encode(), 257], np.int32)
            if not future.done():
                future.set_result(Completion(tokens=tokens, logp=np.zeros(len(tokens), np.float32), finish="stop"))


@pytest.mark.parametrize("concurrency", [1, 3, 64])
def test_results_do_not_depend_on_who_finishes_first(store, renderer, concurrency):
    def run(delay):
        engine = Replay(texts=[ZOOM, ZOOM, "4"], delay_s=lambda prompt: float(delay.random()) / 200)
        groups = run_rollouts(
            samples(4), tool_loop(), engine=engine, renderer=renderer, store=store, tools=[crop()],
            explore=Independent(n=3), seed=7, concurrency=concurrency)
        return timeless(plain(groups))

    assert run(np.random.default_rng(0)) == run(np.random.default_rng(1))


def test_groups_come_in_order_and_every_attempt_is_its_own(store, renderer):
    groups = run_rollouts(samples(3), single(), engine=Replay(texts=["4"]), renderer=renderer, store=store,
                          explore=Independent(n=4))
    assert [group.sample.id for group in groups] == ["s0", "s1", "s2"]
    assert [[each.attempt for each in group.trajectories] for group in groups] == [[0, 1, 2, 3]] * 3
    drawn = {tuple(each.steps[-1].logp.tolist()) for group in groups for each in group.trajectories}
    assert len(drawn) == 12


@pytest.mark.parametrize("concurrency", [2, 5, 64])
def test_batches_are_the_same_whoever_arrives_first(store, renderer, concurrency):
    def run(jitter):
        engine = Barrier([ZOOM, ZOOM, "4"], jitter)
        mixed = [question(id=f"s{index}", text="quick" if index % 2 else "slow") for index in range(6)]
        run_rollouts(mixed, tool_loop(), engine=engine, renderer=renderer, store=store, tools=[crop()],
                     explore=Independent(n=2), concurrency=concurrency)
        assert engine.alive == 0
        return engine.batches

    first = run(1)
    assert first == run(2) == run(0)
    assert max(len(batch) for batch in first) == min(concurrency, 12)
    assert sum(len(batch) for batch in first) == 6 * 1 + 6 * 3


def test_a_search_that_tries_one_after_another_keeps_its_place(store, renderer):
    async def until_right(sample, attempt):
        made = [await attempt(0)]
        while len(made) < 3:
            made.append(await attempt(len(made)))
        return Group(sample=sample, trajectories=tuple(made))

    engine = Barrier(["4"])
    groups = run_rollouts(samples(5), single(), engine=engine, renderer=renderer, store=store, explore=until_right)
    assert [len(batch) for batch in engine.batches] == [5, 5, 5] and all(len(each.trajectories) == 3 for each in groups)


def test_two_batching_engines_do_not_wait_for_each_other_for_ever(store, renderer):
    from saccade.core import episode, show

    @episode
    async def asked_twice(sample, context):
        said = yield show(sample.prompt)
        yield show(said.text, speaker="critic")

    first, second = Barrier(["4"]), Barrier(["yes"])
    groups = run_rollouts(
        samples(3), asked_twice(), engine=first, renderer=renderer, store=store, seconds=5.0,
        clients={"critic": Speaker(engine=second, renderer=renderer)}, explore=Independent(n=2))
    assert all(each.stop is Stop.DONE for group in groups for each in group.trajectories)
    assert first.alive == second.alive == 0


def test_one_bad_sample_fails_alone(store, renderer, tmp_path):
    broken = tmp_path / "cut.jpg"
    broken.write_bytes(b"\xff\xd8\xff and no more")

    class Source:
        def __len__(self):
            return 4

        def __getitem__(self, index):
            if index == 1:
                raise ValueError("rows.jsonl:2: column 'problem' is missing")
            if index == 2:
                return Sample(id="cut", prompt=(user(Image(ref=f"file:{broken}"), "?"),))
            return question(id=f"s{index}")

    seen = []
    groups = run_rollouts(Source(), single(), engine=Replay(texts=["4"]), renderer=renderer, store=store,
                          finished=seen.append)
    stops = [group.trajectories[0].stop for group in groups]
    assert stops == [Stop.DONE, Stop.ERROR, Stop.ERROR, Stop.DONE]
    assert "rows.jsonl:2" in groups[1].trajectories[0].error and groups[1].sample.id == "row 1"
    assert "cut.jpg" in groups[2].trajectories[0].error
    assert groups[1].members == () and len(seen) == 4


def test_an_explorer_that_crashes_fails_its_own_group(store, renderer):
    async def odd(sample, attempt):
        if sample.id == "s1":
            raise RuntimeError("a bug in the search")
        return Group(sample=sample, trajectories=(await attempt(0),))

    groups = run_rollouts(samples(3), single(), engine=Barrier(["4"]), renderer=renderer, store=store, explore=odd)
    assert [group.trajectories[0].stop for group in groups] == [Stop.DONE, Stop.ERROR, Stop.DONE]
    assert "a bug in the search" in groups[1].trajectories[0].error


def test_what_finished_is_handed_over_before_the_rest_is_done(store, renderer):
    seen = []

    def delay(prompt):
        return 2.0 if b"slow" in bytes(t for t in prompt.tokens.tolist() if t < 256) else 0.0

    async def run():
        work = asyncio.create_task(rollout(
            [question(id="a", text="slow"), question(id="b")], single(), engine=Replay(texts=["4"], delay_s=delay),
            renderer=renderer, store=store, finished=seen.append))
        while not seen and not work.done():
            await asyncio.sleep(0.01)
        early, pending = [each.sample.id for each in seen], not work.done()
        await work
        return early, pending

    assert asyncio.run(run()) == (["b"], True) and len(seen) == 2


def test_a_callback_that_fails_ends_the_rollout(store, renderer):
    def full(made):
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        run_rollouts(samples(3), single(), engine=Barrier(["4"]), renderer=renderer, store=store, finished=full)


def test_the_deadline_of_a_rollout_names_who_waited_for_what(store, renderer):
    def delay(prompt):
        return 30.0 if b"slow" in bytes(t for t in prompt.tokens.tolist() if t < 256) else 0.0

    started = time.monotonic()
    groups = run_rollouts(
        [question(id="a", text="slow"), question(id="b")], single(), engine=Replay(texts=["4"], delay_s=delay),
        renderer=renderer, store=store, seconds=1.0)
    assert time.monotonic() - started < 9
    late, done = (group.trajectories[0] for group in groups)
    assert done.stop is Stop.DONE and late.stop is Stop.ABORT and late.stop.failed
    assert "waiting for engine of policy" in late.error and late.steps[0].message.role == "user"


def test_the_watchdog_names_the_trajectory(store, renderer):
    told = []
    run_rollouts(samples(1), single(), engine=Replay(texts=["4"], delay_s=lambda prompt: 0.35), renderer=renderer,
                 store=store, stall_s=0.1, stalled=told.append)
    assert 1 <= len(told) <= 4 and "s0 attempt 0 waits for engine of policy" in told[0]
    with pytest.warns(RuntimeWarning, match="s0 attempt 0 waits for engine of policy"):
        run_rollouts(samples(1), single(), engine=Replay(texts=["4"], delay_s=lambda prompt: 0.3), renderer=renderer,
                     store=store, stall_s=0.1)


def test_a_client_may_be_the_policy_and_settings_are_checked(store, renderer):
    groups = run_rollouts(samples(1), single(), store=store, clients={"policy": Judge(assistant("4"))})
    assert groups[0].trajectories[0].answer == "4"
    with pytest.raises(ValueError, match="an engine with its renderer"):
        run_rollouts(samples(1), single(), store=store)
    with pytest.raises(ValueError, match="concurrency is 0"):
        run_rollouts(samples(1), single(), store=store, engine=Replay(texts=["4"]), renderer=renderer, concurrency=0)
    assert run_rollouts([], single(), store=store, engine=Replay(texts=["4"]), renderer=renderer) == []


def test_it_works_where_a_loop_is_already_running(store, renderer):
    async def notebook():
        return run_rollouts(samples(1), single(), engine=Replay(texts=["4"]), renderer=renderer, store=store)

    assert asyncio.run(notebook())[0].trajectories[0].answer == "4"

    async def broken():
        raise KeyError("inside")

    async def outer():
        run_sync(broken())

    with pytest.raises(KeyError):
        asyncio.run(outer())


def test_ending_a_rollout_early_releases_everything(store, renderer):
    async def run():
        engine = Barrier(["4"])
        engine.run = lambda: None
        work = asyncio.create_task(rollout(samples(2), single(), engine=engine, renderer=renderer, store=store))
        await asyncio.sleep(0.05)
        assert engine.alive == 2
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert engine.alive == 0 and len(asyncio.all_tasks()) == 1

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(run())


def test_a_failed_attempt_does_not_hold_up_the_barrier(store, renderer, tmp_path):
    bad = Sample(id="bad", prompt=(user(Image(ref=f"file:{tmp_path / 'none.png'}"), "?"),))
    engine = Barrier([ZOOM, "4"])
    groups = run_rollouts([question(id="a"), bad, question(id="b")], tool_loop(), engine=engine, renderer=renderer,
                          store=store, tools=[crop()], limits=Limits(seconds=5))
    assert [group.trajectories[0].stop for group in groups] == [Stop.DONE, Stop.ERROR, Stop.DONE]
    assert [len(batch) for batch in engine.batches] == [2, 2]
