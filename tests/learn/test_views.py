"""Views and probes on a real policy: what a changed picture does to log-probabilities, credit and gradients."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from saccade import credit, objectives
from saccade.engines.local import LocalEngine
from saccade.learn.collect import attempted
from saccade.learn.learner import Learner
from saccade.learn.progress import Progress
from saccade.learn.update import update
from saccade.media import open_store, views
from saccade.models import probes
from saccade.models.policy import load_policy


@pytest.fixture(scope="module")
def batch(checkpoint):
    from tests.learn.conftest import small_run

    run = replace(small_run(checkpoint), credit=credit.group_mean())
    store = open_store()
    learner = Learner(load_policy(run.policy), store, run.optim)
    made = attempted(run, [run.data[0], run.data[2]], learner, LocalEngine(learner.policy, store), update=0, progress=0.0,
                     bar=Progress())
    return run, learner, made


def attempts_of(made):
    return [each for group in made.groups for each in group.trajectories]


SAME = replace(views.blank(), name="same", change=lambda pixels, rng: pixels)


@pytest.mark.parametrize("kind", ["kl", "symmetric", "jsd", "k3"])
def test_dependence_is_zero_for_the_same_picture_and_not_for_another(batch, kind):
    _, learner, made = batch
    attempts = attempts_of(made)
    for view, least, most in ((SAME, 0.0, 1e-5), (views.blank(), 1e-4, 10.0)):
        found = probes.dependence(view, estimator=kind, entropy=True).run(attempts, learner)
        assert [len(each["value"]) for each in found] == [each.num_sampled for each in attempts]
        flat = np.concatenate([each["value"] for each in found])
        assert least <= flat.max() <= most and flat.min() >= 0
        assert all((each["entropy"] > 0).all() for each in found)


def test_swapped_pictures_change_what_is_said(batch):
    _, learner, made = batch
    found = probes.dependence(views.swapped()).run(attempts_of(made), learner)
    assert max(each["value"].max() for each in found) > 0


def test_a_probe_reaches_credit_and_masks_tokens(batch):
    run, learner, _ = batch
    run = replace(run, probes=(probes.dependence(views.masked(), estimator="k3"),),
                  credit=credit.visual_dependence(keep=0.4))
    made = attempted(run, [run.data[0], run.data[2]], learner, LocalEngine(learner.policy, learner.store), update=0,
                     progress=0.0, bar=Progress())
    credited = [row for row in made.rows if np.abs(row.credit_S).max() > 0]
    assert credited
    for group in made.groups:
        for each in group.trajectories:
            assert len(each.steps) > 1
    sizes = [row.num_trainable for row in credited]
    assert [int((row.credit_S != 0).sum()) for row in credited] == [-(-4 * size // 10) for size in sizes]


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


@pytest.mark.parametrize("kind", ["", "kl", "jsd"])
@pytest.mark.parametrize("through", [False, True])
def test_divergence_is_in_the_loss_and_micro_batches_change_nothing(batch, kind, through):
    _, learner, made = batch
    rows = list(made.rows)
    view = views.masked(divergence=kind, gradient=through)
    objective = (objectives.clip(), objectives.view_divergence(view, coefficient=0.5))
    whole, left = gradients(learner, rows, objective, micro_tokens=10**6, seed=4)
    cut, right = gradients(learner, rows[::-1], objective, micro_tokens=max(row.size for row in rows), seed=4)
    assert whole["view_divergence/masked"] > 0
    assert whole["loss/view_divergence"] == pytest.approx(-whole["view_divergence/masked"], abs=1e-5)
    assert cut["loss"] == pytest.approx(whole["loss"], abs=5e-6)
    assert all(torch.allclose(left[name], right[name], atol=5e-6) for name in left)


def test_gradient_flows_through_the_view_only_where_it_is_told_to(batch):
    _, learner, made = batch
    rows = list(made.rows)

    def grown(through):
        view = views.masked(divergence="kl", gradient=through)
        return gradients(learner, rows, (objectives.view_divergence(view),), seed=4)[1]

    still, moving = grown(False), grown(True)
    assert max(float((still[name] - moving[name]).abs().max()) for name in still) > 1e-6


def test_entropy_of_a_view_moves_the_policy_only_through_the_view(batch):
    _, learner, made = batch
    rows = list(made.rows)
    open_view, shut = views.masked(gradient=True), views.masked()
    _, moved = gradients(learner, rows, (objectives.entropy(open_view, coefficient=-0.05),), seed=4)
    assert moved and max(float(each.abs().max()) for each in moved.values()) > 0
    metrics, none = gradients(learner, rows, (objectives.entropy(shut, coefficient=-0.05),), seed=4)
    assert not none and metrics["loss"] > 0


def test_two_views_of_one_name_are_refused(batch):
    _, learner, made = batch
    both = tuple(objectives.view_divergence(views.masked(share=share)) for share in (0.2, 0.6))
    with pytest.raises(ValueError, match="called 'masked' and differ"):
        update(learner, list(made.rows), both, lr=1e-3)
