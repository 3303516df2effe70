"""What a user gets to read when a checkpoint folder is not what it should be."""

import json

import pytest

from saccade.core.run import PolicySpec
from saccade.models.policy import load_policy
from saccade.testing.tiny import tiny


@pytest.fixture
def folder(tmp_path):
    return tiny("qwen2_5_vl", tmp_path / "model")


def load(folder, **settings):
    return load_policy(PolicySpec(model=str(folder), **settings))


@pytest.mark.parametrize(
    ("missing", "said"),
    [("config.json", "config.json"), ("tokenizer.json", "tokenizer"), ("preprocessor_config.json", "image processor"),
     ("model.safetensors", "safetensors")],
)
def test_a_missing_file_is_named(folder, missing, said):
    (folder / missing).unlink()
    for also in ("tokenizer_config.json", "processor_config.json"):
        if missing.split("_")[0] in also or missing == "tokenizer.json" or missing == "preprocessor_config.json":
            (folder / also).unlink(missing_ok=True)
    with pytest.raises(ValueError, match=said) as raised:
        load(folder)
    assert str(folder) in str(raised.value)


def test_a_pickled_checkpoint_is_not_read(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match="pickled"):
        load(folder)


def test_a_damaged_checkpoint_says_so(folder):
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ValueError, match="damaged"):
        load(folder)


def test_missing_tensors_are_an_error_not_random_numbers(folder):
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    name = next(key for key in tensors if "layers.1" in key and "o_proj" in key)
    del tensors[name]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="o_proj"):
        load(folder)


def test_missing_shards_are_named(folder):
    (folder / "model.safetensors").unlink()
    index = {"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match="model-00001-of-00002"):
        load(folder)


def test_an_unsupported_model_type_lists_the_supported(folder):
    config = json.loads((folder / "config.json").read_text()) | {"model_type": "mystery_vl"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"mystery_vl.*gemma3.*qwen2_5_vl"):
        load(folder)


def test_a_config_that_is_no_json_is_named(folder):
    (folder / "config.json").write_text("{not json")
    with pytest.raises(ValueError, match=r"config\.json"):
        load(folder)


def test_a_tokenizer_of_another_family_is_refused(folder, tmp_path):
    other = tiny("gemma3", tmp_path / "other")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((other / name).read_bytes())
    with pytest.raises(ValueError, match=r"<\|vision_start\|>"):
        load(folder)


def test_no_folder_no_adapter_no_flash(folder, tmp_path):
    with pytest.raises(ValueError, match="no checkpoint folder"):
        load(tmp_path / "nowhere")
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    with pytest.raises(ValueError, match="adapter"):
        load(tmp_path / "adapter")
    with pytest.raises(ValueError, match="sdpa"):
        load(folder, attention="flash_attention_2")
    with pytest.raises(ValueError, match="min_pixels"):
        load(folder, min_pixels=10_000, max_pixels=5_000)


def test_pixel_bounds_change_grids_and_cache_keys(folder):
    few, many = load(folder, max_pixels=56 * 56, min_pixels=28 * 28), load(folder)
    assert sum(few.family.expand((400, 400)).feature_mask) <= 4 < sum(many.family.expand((400, 400)).feature_mask)
    assert few.family.processor_key != many.family.processor_key
    assert few.features_key("px:x") != many.features_key("px:x")


def test_rows_of_the_head_that_no_token_has_are_never_sampled(folder):
    policy = load(folder)
    assert set(policy.family.banned) <= set(policy.banned.tolist())
    rows, known = policy.model.get_output_embeddings().weight.shape[0], policy.renderer.encoder.tokenizer.get_vocab_size()
    assert set(range(known, rows)) <= set(policy.banned.tolist())
