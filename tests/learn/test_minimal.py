"""The library against the yardstick: the same tokens, rewards and sampler's numbers give the same loss and gradients."""

import numpy as np
import pytest
import torch

import saccade.core as sc
from saccade import credit, minimal, objectives
from saccade.core.trajectory import Group, Step, Trajectory
from saccade.learn.learner import Learner
from saccade.learn.rows import group_rows
from saccade.learn.update import update
from saccade.media import open_store
from saccade.models.policy import load_policy


@pytest.fixture(scope="module")
def rollouts(checkpoint):
    """Three completions of different length to one question, with rewards and (noisy) log-probabilities of a sampler."""
    plain = minimal.load(checkpoint)
    picture, text, _ = minimal.question(np.random.default_rng(0))
    prompt_P, pixels, grid = minimal.encode(plain, picture, text)
    torch.manual_seed(0)
    completions = minimal.sample(plain, prompt_P, pixels, grid, group=3, max_tokens=7)
    completions[1] = completions[1][:4]
    with torch.no_grad():
        old_BC, real_BC = minimal.logp_of(plain, prompt_P, completions, pixels, grid)
    old_BC = old_BC + 0.3 * torch.randn(old_BC.shape)
    return plain, picture, text, (prompt_P, pixels, grid), completions, old_BC, real_BC, torch.tensor([1.0, 0.0, 0.25])


def test_equal_loss_and_gradients(rollouts, checkpoint):
    plain, picture, text, (prompt_P, pixels, grid), completions, old_BC, real_BC, reward_B = rollouts
    logp_BC, _ = minimal.logp_of(plain, prompt_P, completions, pixels, grid)
    loss = minimal.loss_of(logp_BC, old_BC, minimal.advantages(reward_B), real_BC)
    loss.backward()
    wanted = {name: each.grad for name, each in plain.model.named_parameters() if each.grad is not None}

    store = open_store()
    policy = load_policy(sc.policy(str(checkpoint), freeze=()))
    learner = Learner(policy, store, sc.Optim(), micro_tokens=4096)
    asked = sc.user(store.put(picture), text)
    (shown,) = policy.renderer.encode([asked], (), store)
    assert shown.tokens.tolist() == prompt_P.tolist()
    sample = sc.Sample(id="q", prompt=(asked,))
    prompt = Step(parent=None, speaker="user", message=asked, tokens=shown.tokens, sampled=np.zeros(len(shown.tokens), bool),
                  body=shown.body, media=shown.media)
    attempts = tuple(
        Trajectory(
            sample=sample,
            attempt=index,
            steps=(prompt, Step(
                parent=0, speaker="policy", message=sc.assistant("?"), tokens=tokens.numpy().astype(np.int32),
                sampled=np.ones(len(tokens), bool), body=np.ones(len(tokens), bool), logp=old[real].numpy(),
            )),
        )
        for index, (tokens, old, real) in enumerate(zip(completions, old_BC, real_BC, strict=True))
    )
    group = Group(sample=sample, trajectories=attempts, total=reward_B.double().numpy())
    rows = group_rows([group], credit.group_mean()([group]))
    kept = {}

    def step(*, lr, clip):
        kept.update({name: each.grad.clone() for name, each in learner.parameters.items() if each.grad is not None})
        return 1.0

    learner.step = step
    metrics = update(learner, rows, (objectives.clip(),), lr=0.0, micro_tokens=4096)
    assert metrics["loss"] == pytest.approx(loss.item(), abs=1e-6)
    assert metrics["clip/low"] + metrics["clip/high"] > 0  # the ratios are far enough from one to test the clip
    assert kept.keys() == wanted.keys()
    for name, gradient in wanted.items():
        assert torch.allclose(kept[name], gradient, atol=1e-6), (name, float((kept[name] - gradient).abs().max()))


def test_the_yardstick_trains(checkpoint, capsys):
    history = minimal.main(str(checkpoint), 2, prompts=2, group=2)
    assert len(history) == 2 and "update    2" in capsys.readouterr().out
