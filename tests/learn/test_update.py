"""One update: independent of micro-batches, equal to arithmetic, and never moved by a gradient that is not finite."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import saccade.core as sc
from saccade import credit, objectives
from saccade.core.signals import TermOut, View
from saccade.engines.local import LocalEngine
from saccade.learn.collect import attempted
from saccade.learn.learner import Learner
from saccade.learn.progress import Progress
from saccade.learn.rows import with_extra
from saccade.learn.update import update
from saccade.media import open_store
from saccade.models.policy import load_policy


@pytest.fixture
def batch(run):
    """A learner and the rows of eight real attempts at two prompts."""
    run = replace(run, credit=credit.group_mean())
    store = open_store()
    learner = Learner(load_policy(run.policy), store, run.optim)
    engine = LocalEngine(learner.policy, store)
    samples = [run.data[0], run.data[1]]
    made = attempted(run, samples, learner, engine, update=0, progress=0.0, bar=Progress())
    return learner, list(made.rows)


def gradients(learner, rows, objective, **settings):
    kept = {}

    def step(*, lr, clip):
        kept.update({name: each.grad.clone() for name, each in learner.parameters.items() if each.grad is not None})
        learner.zero()
        return 1.0

    learner.step = step
    metrics = update(learner, rows, objective, lr=1e-3, **settings)
    del learner.step
    return metrics, kept


def test_mismatch_with_the_sampler_has_a_closed_form(batch):
    learner, rows = batch
    own = learner.own(rows)
    shifted = [replace(row, old_logp_S=each + np.float32(0.5)) for row, each in zip(rows, own, strict=True)]
    metrics, _ = gradients(learner, shifted, (objectives.clip(),))
    assert metrics["mismatch"] == pytest.approx(0.5, abs=1e-4)
    assert metrics["mismatch/kl"] == pytest.approx(np.exp(-0.5) + 0.5 - 1, abs=1e-4)


@pytest.mark.parametrize("normaliser", ["tokens", "rows", "steps", "groups", 20.0])
def test_micro_batches_change_nothing(batch, normaliser):
    learner, rows = batch
    rows = [with_extra(row, "reference", row.old_logp_S - 0.1) for row in rows]
    clip, entropy = objectives.clip(normaliser=normaliser), objectives.entropy(coefficient=0.01)
    objective = (clip, objectives.kl(coefficient=0.1), entropy)
    whole, left = gradients(learner, rows, objective, micro_tokens=10**6)
    cut, right = gradients(learner, rows[::-1], objective, micro_tokens=max(row.size for row in rows))
    assert cut["num_micro_batches"] == len(rows) > whole["num_micro_batches"] == 1
    for name in ("loss", "loss/clip", "loss/kl", "loss/entropy", "entropy", "kl/kl", "mismatch"):
        assert cut[name] == pytest.approx(whole[name], abs=2e-6), name
    assert left.keys() == right.keys()
    for name in left:
        assert torch.allclose(left[name], right[name], atol=2e-6), name


def test_loss_is_what_it_says(batch):
    learner, rows = batch
    metrics, _ = gradients(learner, rows, (objectives.sft(coefficient=0.5, normaliser="rows"),))
    own = learner.own(rows)
    expected = 0.5 * np.mean([-each.mean() for each in own])
    assert metrics["loss"] == pytest.approx(expected, abs=1e-5)
    assert metrics["loss/sft"] == pytest.approx(2 * expected, abs=1e-5)
    assert metrics["num_trainable_tokens"] == sum(row.num_trainable for row in rows)


def test_an_update_moves_the_policy_towards_credit(batch):
    learner, rows = batch
    before = learner.own(rows)
    metrics = update(learner, rows, (objectives.clip(),), lr=1e-3)
    assert metrics["skipped"] == 0 and metrics["grad_norm"] > 0
    after = learner.own(rows)
    assert sum(float((new - old).sum() * row.credit_S[0]) for new, old, row in zip(after, before, rows, strict=True)) > 0
    assert learner.policy.version == 1


def test_a_gradient_that_is_not_finite_is_skipped(batch):
    learner, rows = batch

    @sc.term()
    def broken():
        return lambda s: TermOut(value=s.logp_T * float("inf"), member=s.trainable_T)

    before = {name: each.detach().clone() for name, each in learner.parameters.items()}
    metrics = update(learner, rows, (broken(),), lr=1e-3)
    assert metrics["skipped"] == 1 and np.isnan(metrics["grad_norm"])
    assert all(torch.equal(before[name], each) for name, each in learner.parameters.items())
    assert learner.policy.version == 0 and not learner.optimiser.state
    assert update(learner, rows, (objectives.clip(),), lr=1e-3)["skipped"] == 0


def test_nothing_to_learn_from(batch):
    learner, _ = batch
    assert update(learner, [], (objectives.clip(),), lr=1e-3)["skipped"] == 1


def test_members_must_follow_from_the_record(batch):
    learner, rows = batch

    @sc.term()
    def fickle():
        return lambda s: TermOut(value=s.logp_T, member=s.logp_T.detach() != s.old_logp_T)

    with pytest.raises(ValueError, match="'fickle': its members depend"):
        update(learner, rows, (fickle(),), lr=1e-3)


def test_a_view_is_scored_beside_the_row(batch):
    learner, rows = batch
    dark = View(name="dark", change=lambda pixels, rng: pixels.point(lambda value: value // 8), gradient=True)

    @sc.term(views=(dark,))
    def apart():
        return lambda s: TermOut(value=(s.logp_T - s.view["dark"].logp_T).square(), member=s.trainable_T)

    metrics, kept = gradients(learner, rows, (apart(),))
    assert metrics["loss"] > 1e-6
    assert any(each.abs().max() > 0 for each in kept.values())


def test_a_view_that_changes_the_size_is_refused(batch):
    learner, rows = batch
    view = View(name="half", change=lambda pixels, rng: pixels.resize((28, 28)))

    @sc.term(views=(view,))
    def apart():
        return lambda s: TermOut(value=s.logp_T, member=s.trainable_T)

    with pytest.raises(ValueError, match=r"'half'.*keep the size"):
        update(learner, rows, (apart(),), lr=1e-3)


@pytest.mark.parametrize("lora", [None, 4])
def test_the_reference_stays_where_it_was(run, lora):
    spec = replace(run.policy, lora=lora)
    store = open_store()
    learner = Learner(load_policy(spec), store, run.optim, reference=True)
    engine = LocalEngine(learner.policy, store)
    rows = list(attempted(run, [run.data[0]], learner, engine, update=0, progress=0.0, bar=Progress()).rows)
    first = learner.reference(rows)
    for one, other in zip(first, learner.own(rows), strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    for _ in range(3):
        update(learner, rows, (objectives.clip(),), lr=1e-2)
    for one, again in zip(first, learner.reference(rows), strict=True):
        assert one == pytest.approx(again, abs=1e-5)
    moved = max(float(np.abs(one - own).max()) for one, own in zip(first, learner.own(rows), strict=True))
    assert moved > 1e-3
    trained = set(learner.parameters)
    assert all("lora" in name for name in trained) if lora else len(trained) > 20


def test_no_reference_unless_asked_for(batch):
    learner, rows = batch
    with pytest.raises(ValueError, match="no reference policy"):
        learner.reference(rows)


def test_nothing_to_train_is_said_at_once(run):
    spec = replace(run.policy, freeze=("vision", "connector", "language"))
    with pytest.raises(ValueError, match="nothing to train"):
        Learner(load_policy(spec), open_store(), run.optim)
