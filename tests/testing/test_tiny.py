"""Tiny checkpoints are real ones: stock classes load them, they see, and a seed says what they are."""

import json
import time

import numpy as np
import pytest
import torch
from PIL import Image as PILImage
from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

from saccade.core.message import Image, user
from saccade.core.run import PolicySpec
from saccade.media import open_store
from saccade.models.policy import load_policy
from saccade.testing.tiny import CONFIGS, tiny


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_stock_classes_load_it(tmp_path, name):
    folder = tiny(name, tmp_path)
    model = AutoModelForImageTextToText.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert AutoConfig.from_pretrained(folder).model_type == name
    assert 100_000 < sum(each.numel() for each in model.parameters()) < 400_000
    assert model.get_input_embeddings().weight.shape[0] >= len(tokenizer)
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert "pixel_values" in AutoImageProcessor.from_pretrained(folder, backend="pil")(PILImage.new("RGB", (90, 60)))


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_it_sees(tmp_path, name):
    """Stock forward on our tokens: another picture, other logits."""
    folder = tiny(name, tmp_path)
    policy = load_policy(PolicySpec(model=str(folder)))
    store, logits = open_store(), []
    for seed in (0, 1):
        pixels = np.random.default_rng(seed).integers(0, 255, (84, 112, 3), np.uint8)
        image = store.adopt(Image(ref=f"lazy:{seed}", data=PILImage.fromarray(pixels)))
        (piece,) = policy.renderer.encode((user(image, "What?"),), (), store)
        processed = AutoImageProcessor.from_pretrained(folder, backend="pil")([store.get(image.ref)], return_tensors="pt")
        ids = torch.tensor(piece.tokens, dtype=torch.int64)[None]
        kept = ("pixel_values", "image_grid_thw", "pixel_attention_mask")
        inputs = {key: value for key, value in processed.items() if key in kept}
        kinds = (ids == policy.family.placeholder).int()
        if name == "gemma3":
            inputs["token_type_ids"] = kinds
        if name.startswith("qwen"):
            inputs["mm_token_type_ids"] = kinds
        with torch.no_grad():
            logits.append(policy.model(input_ids=ids, **inputs).logits[0, -1])
    assert (logits[0] - logits[1]).abs().max() > 1e-3


def test_a_seed_says_what_it_is(tmp_path):
    first, second, other = (tiny("qwen2_5_vl", tmp_path / str(at), seed=seed) for at, seed in enumerate((3, 3, 4)))
    assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()
    assert (first / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_building_leaves_the_global_seed_alone(tmp_path):
    torch.manual_seed(0)
    wanted = torch.rand(3)
    torch.manual_seed(0)
    tiny("qwen3_vl", tmp_path, seed=12345)
    assert torch.equal(torch.rand(3), wanted)


def test_the_second_time_is_free(tmp_path):
    tiny("gemma3", tmp_path / "a")
    start = time.perf_counter()
    tiny("gemma3", tmp_path / "b")
    assert time.perf_counter() - start < 0.5
    assert json.loads((tmp_path / "b" / "preprocessor_config.json").read_text())["size"] == {"height": 56, "width": 56}


def test_families_there_are_not(tmp_path):
    with pytest.raises(ValueError, match="qwen3_vl"):
        tiny("llava", tmp_path)
