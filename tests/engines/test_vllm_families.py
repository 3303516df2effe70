"""The real vLLM with families other than that of glimpse: random checkpoints, the same tokens and log-probabilities."""

import asyncio

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForImageTextToText

from saccade.core.run import PolicySpec
from saccade.engines import vllm
from saccade.engines.local import LocalEngine
from saccade.media import open_store
from saccade.models.policy import load_policy
from saccade.testing.talks import talks
from saccade.testing.tiny import tiny

pytestmark = [pytest.mark.vllm, pytest.mark.slow]


def wider(folder):
    """The tiny checkpoint with heads of 32, the smallest that vLLM's attention on CPUs has."""
    config = AutoConfig.from_pretrained(folder)
    text = config.text_config
    text.num_attention_heads, text.num_key_value_heads, text.head_dim = 2, 1, 32
    text.rope_parameters["mrope_section"] = [4, 6, 6]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        AutoModelForImageTextToText.from_config(config).eval().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("name", ["qwen3_vl", "qwen2_5_vl"])
def test_greedy_talks_before_and_after_an_update_are_those_of_the_local_engine(name, tmp_path):
    policy, store = load_policy(PolicySpec(model=str(wider(tiny(name, tmp_path / "model"))))), open_store()
    with vllm.vllm(policy, store, folder=tmp_path / "run") as engine:
        for version in range(2):
            ours = talks(LocalEngine(policy, store), policy.renderer, store, range(8), temperature=0.0)
            theirs = talks(engine, policy.renderer, store, range(8), temperature=0.0)
            for one, other in zip(ours, theirs, strict=True):
                assert len(other.prompt.media) == 3
                assert np.array_equal(one.prompt.tokens, other.prompt.tokens)
                assert np.abs(one.logp - other.logp).max() <= 1e-5
                assert {turn[2].version for turn in other.turns} == {version}
            with torch.no_grad():
                for weight in policy.model.parameters():
                    weight.add_(0.02 * torch.randn_like(weight))
            policy.updated()
        assert asyncio.run(engine.status())["running"] == 0
