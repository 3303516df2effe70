"""The tabular policy: an exact softmax whose samples, scores and gradients are those of arithmetic, through the real
code."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import saccade as sc
from saccade import credit, episodes, explore, objectives, rewards
from saccade.claims.measure import measure
from saccade.core.engine import Prompt
from saccade.learn.collect import attempted
from saccade.learn.learner import Learner
from saccade.learn.progress import Progress
from saccade.learn.tabular import exactly, play, trained
from saccade.learn.update import update
from saccade.media import open_store
from saccade.models.tabular import TabularEngine, tabular
from saccade.rollout.pool import run_sync


def item(number, target):
    return sc.Sample(
        id=f"q{number}", prompt=(sc.user(f"question {number}"),), target=target, meta={"answer_type": "exact"}
    )


ITEMS = [item(number, "abc"[number % 3]) for number in range(4)]


def small(**changes):
    run = sc.Run(
        name="table",
        data=sc.Rows(rows=ITEMS),
        episode=episodes.single(),
        policy=sc.policy("tabular:a b c d", freeze=(), sampling=sc.Sampling(max_tokens=2)),
        rewards=(rewards.answer_match(),),
        credit=credit.group_mean(),
        objective=(objectives.clip(),),
        explore=sc.Independent(n=8),
        optim=sc.Optim(lr=0.5, clip=0.0),
        schedule=sc.Schedule(updates=12, prompts=4),
        evals=(sc.Benchmark(name="same", data=sc.Rows(rows=ITEMS)),),
    )
    return replace(run, **changes)


def opened(run):
    policy = tabular(run.policy)
    return policy, Learner(policy, open_store(), run.optim), TabularEngine(policy=policy)


def gathered(run, learner, engine):
    return attempted(run, ITEMS, learner, engine, update=0, progress=0.0, bar=Progress())


def test_sampler_and_learner_agree_and_start_even():
    run = small()
    policy, learner, engine = opened(run)
    made = gathered(run, learner, engine)
    for row, own in zip(made.rows, learner.own(made.rows), strict=True):
        assert np.allclose(own, row.old_logp_S, atol=1e-6) and np.allclose(own, -np.log(5), atol=1e-6)
    assert np.allclose(exactly(policy, "question 0"), 0.2)


def test_one_update_is_the_policy_gradient():
    """Gradient of the loss at the even table: minus credit times (one at the drawn word minus the distribution)."""
    run = small()
    policy, learner, engine = opened(run)
    made = gathered(run, learner, engine)
    kept = {}

    def step(*, lr, clip):
        kept["gradient"] = policy.model.logits_KV.grad.clone()
        learner.zero()
        return 1.0

    learner.step = step
    update(learner, made.rows, (objectives.clip(normaliser="tokens"),), lr=0.1)
    expected = torch.zeros_like(kept["gradient"])
    count = sum(row.num_trainable for row in made.rows)
    for row in made.rows:
        for place, value in zip(np.flatnonzero(row.trainable_T), row.credit_S, strict=True):
            key = policy.row([int(token) for token in row.prompt.tokens[:place]])
            drawn = torch.full((5,), -0.2)
            drawn[int(row.prompt.tokens[place])] += 1
            expected[key] -= float(value) / count * drawn
    assert torch.allclose(kept["gradient"], expected, atol=1e-6) and expected.abs().max() > 0


def test_words_are_drawn_as_often_as_the_table_says():
    run = small()
    policy, _, engine = opened(run)
    shown = policy.renderer.encode((sc.user("question 0"),), (), None)[0].tokens
    with torch.no_grad():
        policy.model.logits_KV[policy.row(list(shown))] = torch.log(torch.tensor([0.1, 0.4, 0.3, 0.15, 0.05]))
    engine.drawn_at = -1

    async def many():
        return [await engine.generate(Prompt(tokens=shown), sc.Sampling(max_tokens=1, seed=seed)) for seed in range(4000)]

    drawn = run_sync(many())
    shares = np.bincount([int(each.tokens[0]) for each in drawn], minlength=5) / 4000
    assert np.allclose(shares, [0.1, 0.4, 0.3, 0.15, 0.05], atol=0.025)
    assert {each.finish for each in drawn} == {"stop", "length"}


def test_reinforcement_finds_the_answers_and_imitation_takes_them(tmp_path):
    found = measure(small(), tmp_path)
    assert found["accuracy"] == 1.0 and found["n"] == 4 and found["num_sampled"] > 0
    lessons = small(mode="sft", credit=None, rewards=(), objective=(objectives.sft(),))
    assert play((sc.Stage(name="imitate", run=lessons),))["accuracy"] == 1.0
    assert play((sc.Stage(name="start", run=small(schedule=sc.Schedule(updates=0))),))["updates"] == 0


def test_versions_count_from_zero_in_every_stage():
    """A share of hints that is 1 at the first update and 0 two updates later is not used up by the stage before."""
    first = small(mode="sft", credit=None, rewards=(), objective=(objectives.sft(),), schedule=sc.Schedule(updates=5))
    hints = explore.hinted(n=4, share=(1.0, 0.0), updates=2)
    told = episodes.by_branch(prompts={"hint": lambda sample: (sc.user("a hint"),)})
    seen = []

    def score(trajectory):
        seen.append((trajectory.version, trajectory.origin))
        return 0.0

    second = small(
        explore=hints, episode=told, rewards=(sc.Reward(name="seen", function=score),), schedule=sc.Schedule(updates=3)
    )
    policy, history = tabular(first.policy), []
    for number, run in enumerate((first, second)):
        trained(sc.Stage(name=f"stage {number}", run=run), policy, history)
    share = {version: np.mean([origin == "hinted" for at, origin in seen if at == version]) for version in (0, 1, 2)}
    assert share[0] == 0.75 and 0 < share[1] < 0.75 and share[2] == 0 and policy.version == 3


def test_a_run_is_a_function_of_its_seed():
    first, again, other = (
        play((sc.Stage(name="x", run=small(seed=seed, schedule=sc.Schedule(updates=3, prompts=4))),))
        for seed in (1, 1, 2)
    )
    assert first["mean/reward"] == again["mean/reward"] != other["mean/reward"]


def test_a_reference_is_the_table_as_it_was():
    run = small()
    policy = tabular(run.policy)
    learner = Learner(policy, open_store(), run.optim, reference=True)
    made = gathered(run, learner, TabularEngine(policy=policy))
    before = learner.own(made.rows)
    update(learner, made.rows, run.objective, lr=0.5)
    assert all(np.array_equal(a, b) for a, b in zip(learner.reference(made.rows), before, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(learner.own(made.rows), before, strict=True))


def test_what_a_table_cannot_do_is_said():
    with pytest.raises(ValueError, match="different words"):
        tabular(sc.policy("tabular:a a"))
    with pytest.raises(ValueError, match="'z' is not in the vocabulary"):
        tabular(sc.policy("tabular:a b")).renderer.write("z")
