"""The formulas against small real models: parameters, gradients, moments, cache exactly; activations within 3 per cent."""

import numpy as np
import pytest
import torch

from saccade.capacity import formulas
from saccade.capacity.images import image_tokens
from saccade.capacity.parameters import adapter, count, learning
from saccade.capacity.shapes import from_folder
from saccade.core.run import Optim
from saccade.engines.local_cache import Block
from saccade.learn.learner import Learner
from saccade.media import open_store
from saccade.models.loading import load_family
from saccade.testing.tiny import CONFIGS, tiny
from tests.capacity.measured import LENGTH, ROWS, bytes_of, forward, opened

FAMILIES = sorted(CONFIGS)
ACTIVATIONS_WITHIN = 0.03
ADAPTER_IN_HALF_WITHIN = 0.04  # the formula asks for up to 3.2 % too much there (Qwen2.5-VL)


@pytest.fixture(params=FAMILIES)
def folder(request, tmp_path):
    return tiny(request.param, tmp_path / "model")


@pytest.mark.parametrize("freeze", [(), ("vision",), ("vision", "connector")], ids="-".join)
def test_parameters_are_counted_exactly(folder, freeze):
    shape = from_folder(folder)
    policy = opened(folder, freeze=freeze)
    assert count(shape).total == sum(each.numel() for each in policy.model.parameters())
    assert learning(shape, freeze) == sum(each.numel() for each in policy.model.parameters() if each.requires_grad)


@pytest.mark.parametrize("targets", [(), ("q_proj", "v_proj")], ids=["all", "two"])
@pytest.mark.parametrize("freeze", [(), ("vision",)], ids=["everywhere", "vision"])
def test_an_adapter_is_counted_exactly(folder, freeze, targets):
    policy = opened(folder, lora=4, freeze=freeze, lora_targets=targets)
    learns = sum(each.numel() for each in policy.model.parameters() if each.requires_grad)
    assert adapter(from_folder(folder), freeze, rank=4, targets=targets) == learns


@pytest.mark.parametrize(("dtype", "e"), [("float32", 4), ("bfloat16", 2)])
@pytest.mark.parametrize("lora", [None, 4], ids=["whole", "lora"])
def test_bytes_of_weights_gradients_moments_and_activations(folder, dtype, e, lora, tmp_path):
    shape, policy, store = from_folder(folder), opened(folder, dtype=dtype, lora=lora), open_store(tmp_path / "media")
    learner = Learner(policy, store, Optim())
    learns = learning(shape, ("vision",)) if lora is None else adapter(shape, ("vision",), rank=lora)
    held = count(shape).total + (learns if lora else 0)
    assert formulas.weights(held, kept=e) == bytes_of(policy.model.parameters())

    scores, kept, ran = forward(policy, store)
    assert ran == ROWS * (LENGTH - 1)
    masked = not policy.family.maskless
    planned = formulas.activations(shape, ran, LENGTH - 1, e=e, norms_learn=lora is None, masked=masked)
    head = scores.logp_N.numel() * shape.text.vocabulary * 4
    within = ADAPTER_IN_HALF_WITHIN if lora and e == 2 else ACTIVATIONS_WITHIN
    assert kept - head == pytest.approx(planned, rel=within)

    scores.logp_N.sum().backward()
    for each in learner.parameters.values():  # a picture was not shown: what only pictures touch has none yet
        each.grad = torch.zeros_like(each) if each.grad is None else each.grad
    assert formulas.gradients(learns, e=e) == bytes_of(each.grad for each in learner.parameters.values())
    learner.step(lr=1e-4, clip=1.0)
    moments = [state[name] for state in learner.optimiser.state.values() for name in ("exp_avg", "exp_avg_sq")]
    assert formulas.optimiser(learns, e=e) == bytes_of(moments)


def test_the_cache_of_the_sampler_is_counted_exactly(folder):
    policy = opened(folder)
    block = Block(policy, 3, 50)
    assert formulas.kv_bytes(from_folder(folder).text, e=4) * 3 * 50 == block.nbytes


@pytest.mark.parametrize("size", [(64, 64), (300, 200), (97, 641), (1000, 30)])
def test_tokens_of_pictures_are_those_of_the_family(folder, size):
    from saccade.core.run import PolicySpec

    family, _ = load_family(folder, PolicySpec(model=str(folder)))
    shape = from_folder(folder)
    around = len(family.expand(size).tokens) if family.name not in ("smolvlm", "idefics3") else None
    counted = image_tokens(shape, size, folder=folder)
    features = family.expand(size).span("x", 0).features
    assert counted == around if around is not None else features <= counted <= 2 * features + 40
    if family.name.startswith("qwen"):
        low, high = 28 * 28 * 4, 28 * 28 * 8
        bounded = load_family(folder, PolicySpec(model=str(folder), min_pixels=low, max_pixels=high))[0]
        assert image_tokens(shape, size, min_pixels=low, max_pixels=high, folder=folder) == len(bounded.expand(size).tokens)


def test_the_measure_itself_sees_what_is_kept(tmp_path):
    """The control: a pass without gradient keeps nothing."""
    policy = opened(tiny("qwen2_5_vl", tmp_path / "model"))
    with torch.no_grad():
        _, kept, _ = forward(policy, open_store(tmp_path / "media"))
    assert kept == 0 and np.isfinite(kept)
