"""An exported checkpoint is complete: stock `transformers` loads it and computes the same log-probabilities."""

import numpy as np
import pytest
import torch

from saccade.core.engine import EMPTY_PROMPT
from saccade.core.message import assistant, user
from saccade.core.run import PolicySpec
from saccade.media import open_store
from saccade.models.export import write_model
from saccade.models.forward import score
from saccade.models.policy import load_policy
from saccade.testing.talks import append, picture
from saccade.testing.tiny import tiny


@pytest.mark.parametrize("name", ["qwen2_5_vl", "qwen3_vl", "smolvlm", "internvl", "gemma3"])
@pytest.mark.parametrize("lora", [None, 4])
def test_stock_transformers_loads_it_with_equal_log_probabilities(name, lora, tmp_path):
    from transformers import AutoModelForImageTextToText

    store = open_store()
    policy = load_policy(PolicySpec(model=str(tiny(name, tmp_path / "model")), lora=lora))
    with torch.no_grad():
        for weight in policy.model.parameters():
            if weight.requires_grad:
                weight.add_(torch.full_like(weight, 0.02))
    policy.updated()
    talk = [user(picture(store, "x"), "What is the number?"), assistant("The answer is 7.")]
    prompt = append(EMPTY_PROMPT, policy.renderer.encode(talk, (), store))
    marks = np.arange(len(prompt.tokens)) >= len(prompt.tokens) - 6
    with torch.no_grad():
        expected = score(policy, [prompt], store, wanted=[marks]).logp_N
        folder = write_model(policy, tmp_path / "out")
        again = load_policy(PolicySpec(model=str(folder)))
        assert (score(again, [prompt], store, wanted=[marks]).logp_N - expected).abs().max() <= 1e-5
        assert (score(policy, [prompt], store, wanted=[marks]).logp_N - expected).abs().max() == 0  # it can go on learning
        stock = AutoModelForImageTextToText.from_pretrained(folder, local_files_only=True)
    mine = again.model.state_dict()
    assert set(stock.state_dict()) == set(mine)
    assert all(torch.equal(tensor, mine[key]) for key, tensor in stock.state_dict().items())
    assert not list(folder.glob("*.bin")) and not list(folder.glob("adapter*"))
