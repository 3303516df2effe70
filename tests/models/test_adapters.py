"""What learns, what stays, and the reference as adapter-off."""

import numpy as np
import pytest
import torch

from saccade.core.engine import EMPTY_PROMPT
from saccade.core.message import assistant, user
from saccade.core.run import PolicySpec
from saccade.media import open_store
from saccade.models import adapters
from saccade.models.forward import score
from saccade.models.policy import load_policy
from saccade.testing.talks import append, picture
from saccade.testing.tiny import tiny

NAMES = ("qwen2_5_vl", "qwen3_vl", "smolvlm", "internvl", "gemma3")


def logp(policy, store):
    talk = [user(picture(store, "x"), "What is the number?"), assistant("The answer is 7.")]
    prompt = append(EMPTY_PROMPT, policy.renderer.encode(talk, (), store))
    marks = np.arange(len(prompt.tokens)) >= len(prompt.tokens) - 6
    return score(policy, [prompt], store, wanted=[marks]).logp_N


@pytest.fixture(params=NAMES)
def folder(request, tmp_path):
    return tiny(request.param, tmp_path / "model")


def test_adapter_off_is_the_base_model_and_merged_is_the_adapted(folder):
    store = open_store()
    base = load_policy(PolicySpec(model=str(folder)))
    adapted = load_policy(PolicySpec(model=str(folder), lora=4, freeze=()))
    with torch.no_grad():
        expected = logp(base, store)
        assert (logp(adapted, store) - expected).abs().max() <= 1e-6  # a fresh adapter changes nothing
        for name, weight in adapted.model.named_parameters():
            if weight.requires_grad and "lora_B" in name:
                weight.normal_(std=0.2)
        adapted.updated()
        moved = logp(adapted, store)
        assert (moved - expected).abs().max() > 1e-2
        with adapters.reference(adapted) as still:
            assert (logp(still, store) - expected).abs().max() <= 1e-6
        assert torch.equal(logp(adapted, store), moved)
        assert all(name.find("lora") > 0 for name, each in adapted.model.named_parameters() if each.requires_grad)
        adapters.merge(adapted.model)
        assert not adapters.adapter_layers(adapted.model)
        assert (logp(adapted, store) - moved).abs().max() <= 1e-4


def test_freezing_holds_parts(folder):
    for freeze in ((), ("vision",), ("vision", "connector"), ("language",)):
        policy = load_policy(PolicySpec(model=str(folder), freeze=freeze))
        parts = policy.family.parts(policy.model)
        for name in adapters.PARTS:
            weights = [each for part in parts[name] for each in part.parameters()]
            assert weights and all(each.requires_grad == (name not in freeze) for each in weights), (freeze, name)
        assert policy.tower_trains == (not {"vision", "connector"} <= set(freeze))


def test_every_parameter_belongs_to_a_part(folder):
    policy = load_policy(PolicySpec(model=str(folder)))
    held = {id(each) for part in policy.family.parts(policy.model).values() for m in part for each in m.parameters()}
    assert [name for name, each in policy.model.named_parameters() if id(each) not in held] == []


def test_a_frozen_tower_is_encoded_once_for_all_updates(folder):
    store = open_store()
    policy = load_policy(PolicySpec(model=str(folder), freeze=("vision", "connector")))
    logp(policy, store)
    before = policy.tower_version
    policy.updated()
    assert policy.version == 1 and policy.tower_version == before


def test_errors(tmp_path):
    folder = tiny("qwen2_5_vl", tmp_path / "model")
    with pytest.raises(ValueError, match="cannot freeze"):
        load_policy(PolicySpec(model=str(folder), freeze=("eyes",)))
    with pytest.raises(ValueError, match="targets"):
        load_policy(PolicySpec(model=str(folder), lora=4, lora_targets=("nothing",)))
    with pytest.raises(ValueError, match="no adapter"), adapters.reference(load_policy(PolicySpec(model=str(folder)))):
        pass
