"""A run whose attempts a real vLLM samples: the same rewards as with the local engine, and a server that dies costs nothing.

Run by `make test-vllm`. Greedy attempts at the same sample are equal, so credit is given against a fixed bar, not within
the group.
"""

import os
import signal
from contextlib import contextmanager
from dataclasses import replace

import pytest

import saccade.core as sc
from saccade.core.record import read_trajectories
from saccade.core.signals import per_group
from saccade.engines.vllm import vllm
from saccade.learn.loop import train
from saccade.recipes import deepeyes

pytestmark = [pytest.mark.vllm, pytest.mark.slow]
UPDATES = 4


@per_group
def above_the_bar(group):
    return group.totals() - 0.5


def recipe():
    made = deepeyes.miniature("conditional", 1)
    policy = replace(made.policy, sampling=replace(made.policy.sampling, temperature=0.0))
    return replace(
        made, policy=policy, credit=above_the_bar, explore=sc.Independent(n=2), evals=(),
        schedule=replace(made.schedule, updates=UPDATES, prompts=8, tokens=0, save_every=2),
    )


def attempts(folder, update):
    found = read_trajectories(folder / "trajectories" / f"update_{update:06d}.jsonl")
    return sorted(found, key=lambda each: (each.sample.id, each.attempt))


def written(trajectory):
    return [step.tokens[step.sampled].tolist() for step in trajectory.steps if step.speaker == "policy"]


def test_the_first_updates_earn_what_they_earn_with_the_local_engine_and_a_killed_server_loses_nothing(tmp_path):
    opened, asked = [], []

    @contextmanager
    def watched(policy, store, **settings):
        with vllm(policy, store, **settings) as made:
            opened.append(made)
            yield made

    def kill_before_the_last_update(metrics):
        asked.append(metrics)
        if len(asked) == UPDATES - 1:
            os.killpg(opened[0].server.pid, signal.SIGKILL)
        return False

    train(recipe(), tmp_path / "local", progress=False, export=False)
    train(recipe(), tmp_path / "vllm", progress=False, export=False, engine=watched, until=kill_before_the_last_update)
    for update in range(1, UPDATES + 1):
        ours, theirs = (attempts(tmp_path / name, update) for name in ("local", "vllm"))
        assert len(ours) == len(theirs) == 16
        assert not any(each.stop.failed for each in theirs)
        assert {step.version for each in theirs for step in each.steps if step.speaker == "policy"} == {update - 1}
        if update < UPDATES:
            assert [written(each) for each in ours] == [written(each) for each in theirs]
            assert [each.rewards for each in ours] == [each.rewards for each in theirs]
    assert any(each.calls for each in ours), "nobody looked"
    paid = {each.rewards["answer_match"].value for each in attempts(tmp_path / "local", 1)}
    assert len(paid) > 1, "rewards that never differ show nothing"
    assert opened[0].server.replaced == 1
    assert opened[0].pushed == UPDATES
