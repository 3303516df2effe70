"""Random tiny checkpoints of every supported family, in Hugging Face format, built offline in well under a second.

They are real `transformers` models of about 0.2 million parameters with a tokenizer, a chat template and a processor
configuration of the family's own form, so that a test of anything above them is a test of the real code path.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from saccade.core.seed import seed_of
from saccade.testing.tiny_tokenizer import tiny_tokenizer

TEXT = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 8192, "initializer_range": 0.1}

Described = tuple[Any, dict[str, Any], dict[str, Any]]
"""A model configuration, and what stands in preprocessor_config.json and processor_config.json."""


def tiny(family_name: str, folder: str | Path, seed: int = 0) -> Path:
    """Write a random checkpoint of `family_name` into `folder` and return it.

    Equal seeds give equal weights. Weights are drawn with a standard deviation of 0.1, so that images change what comes
    out by more than rounding. Raises ValueError for an unknown family.
    """
    if family_name not in CONFIGS:
        raise ValueError(f"no tiny checkpoint of {family_name!r}; there are {', '.join(sorted(CONFIGS))}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _built(family_name, seed):
        (folder / name).write_bytes(content)
    return folder


@lru_cache(maxsize=32)
def _built(family_name: str, seed: int) -> tuple[tuple[str, bytes], ...]:
    """Names and contents of the files, kept for the life of the process."""
    import torch
    from transformers import AutoModelForImageTextToText

    tokenizer = tiny_tokenizer(family_name)
    config, images, processor = CONFIGS[family_name](tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("tiny", family_name, seed))
        model = AutoModelForImageTextToText.from_config(config)
        for weight in model.parameters():
            if weight.ndim > 1 and not weight.any():  # Gemma's projector starts at zero: such a model is blind
                torch.nn.init.normal_(weight, std=0.1)
        model.eval()
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    with tempfile.TemporaryDirectory(prefix="saccade-tiny-") as made:
        model.save_pretrained(made)
        tokenizer.save_pretrained(made)
        files = {path.name: path.read_bytes() for path in sorted(Path(made).iterdir())}
    files["preprocessor_config.json"] = json.dumps(images, indent=1).encode()
    if processor:
        files["processor_config.json"] = json.dumps(processor, indent=1).encode()
    return tuple(files.items())


def _ids(tokenizer: Any) -> dict[str, int]:
    return {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id}


def _qwen_processor(patch_size: int, mean: float) -> dict[str, Any]:
    return {"image_processor_type": "Qwen2VLImageProcessor", "patch_size": patch_size, "temporal_patch_size": 2,
            "merge_size": 2, "do_resize": True, "do_rescale": True, "do_normalize": True, "do_convert_rgb": True,
            "rescale_factor": 1 / 255, "resample": 3, "image_mean": [mean] * 3, "image_std": [0.5] * 3,
            "size": {"shortest_edge": (2 * patch_size) ** 2 * 4, "longest_edge": (2 * patch_size) ** 2 * 256}}


def _qwen2_5_vl(tokenizer: Any) -> Described:
    from transformers import Qwen2_5_VLConfig

    token = tokenizer.convert_tokens_to_ids
    config = Qwen2_5_VLConfig(
        text_config={**TEXT, **_ids(tokenizer), "vocab_size": len(tokenizer), "rope_parameters":
                     {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}},
        vision_config={"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 14,
                       "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 56, "out_hidden_size": 64,
                       "fullatt_block_indexes": [1], "initializer_range": 0.1},
        image_token_id=token("<|image_pad|>"), video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token("<|vision_start|>"), vision_end_token_id=token("<|vision_end|>"),
        tie_word_embeddings=True,
    )
    return config, _qwen_processor(14, 0.48), {}


def _qwen3_vl(tokenizer: Any) -> Described:
    from transformers import Qwen3VLConfig

    token = tokenizer.convert_tokens_to_ids
    config = Qwen3VLConfig(
        text_config={**TEXT, **_ids(tokenizer), "vocab_size": len(tokenizer), "head_dim": 16, "rope_parameters":
                     {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3], "mrope_interleaved": True}},
        vision_config={"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 16,
                       "spatial_merge_size": 2, "temporal_patch_size": 2, "out_hidden_size": 64,
                       "num_position_embeddings": 64, "deepstack_visual_indexes": [0], "initializer_range": 0.1},
        image_token_id=token("<|image_pad|>"), video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token("<|vision_start|>"), vision_end_token_id=token("<|vision_end|>"),
        tie_word_embeddings=True,
    )
    return config, _qwen_processor(16, 0.5), {}


def _tiled(tokenizer: Any, kind: type, processor: str) -> Described:
    """Idefics3 and SmolVLM: tiles of 56 pixels, four tokens each, at most 2 x 2 of them and an overview."""
    config = kind(
        text_config={"model_type": "llama", **TEXT, **_ids(tokenizer), "vocab_size": len(tokenizer), "head_dim": 16},
        vision_config={"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
                       "image_size": 56, "patch_size": 14, "initializer_range": 0.1},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"), scale_factor=2, tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_token_id,
    )
    settings = {"image_processor_type": processor, "do_convert_rgb": True, "do_resize": True, "do_rescale": True,
                "do_normalize": True, "do_pad": True, "do_image_splitting": True, "size": {"longest_edge": 112},
                "max_image_size": {"longest_edge": 56}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
                "rescale_factor": 1 / 255, "resample": 1}
    return config, settings, {"processor_class": kind.__name__.replace("Config", "Processor"), "image_seq_len": 4}


def _idefics3(tokenizer: Any) -> Described:
    from transformers import Idefics3Config

    return _tiled(tokenizer, Idefics3Config, "Idefics3ImageProcessor")


def _smolvlm(tokenizer: Any) -> Described:
    from transformers import SmolVLMConfig

    return _tiled(tokenizer, SmolVLMConfig, "SmolVLMImageProcessor")


def _internvl(tokenizer: Any) -> Described:
    from transformers import InternVLConfig

    config = InternVLConfig(
        text_config={"model_type": "qwen2", **TEXT, **_ids(tokenizer), "vocab_size": len(tokenizer)},
        vision_config={"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
                       "image_size": [56, 56], "patch_size": [14, 14], "initializer_range": 0.1, "attention_bias": True},
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"), image_seq_length=4, downsample_ratio=0.5,
    )
    settings = {"image_processor_type": "GotOcr2ImageProcessor", "crop_to_patches": True, "min_patches": 1, "max_patches": 4,
                "size": {"height": 56, "width": 56}, "do_convert_rgb": True, "do_resize": True, "do_rescale": True,
                "do_normalize": True, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
                "rescale_factor": 1 / 255, "resample": 3}
    return config, settings, {"processor_class": "InternVLProcessor", "image_seq_length": 4}


def _gemma3(tokenizer: Any) -> Described:
    from transformers import Gemma3Config

    token = tokenizer.convert_tokens_to_ids
    config = Gemma3Config(
        text_config={**TEXT, **_ids(tokenizer), "vocab_size": len(tokenizer), "head_dim": 16, "sliding_window": 24,
                     "query_pre_attn_scalar": 16, "layer_types": ["sliding_attention", "full_attention"]},
        vision_config={"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
                       "image_size": 56, "patch_size": 14, "vision_use_head": False},
        mm_tokens_per_image=4, boi_token_index=token("<start_of_image>"), eoi_token_index=token("<end_of_image>"),
        image_token_index=token("<image_soft_token>"), initializer_range=0.1,
    )
    settings = {"image_processor_type": "Gemma3ImageProcessor", "do_convert_rgb": None, "do_resize": True,
                "do_rescale": True, "do_normalize": True, "do_pan_and_scan": None, "size": {"height": 56, "width": 56},
                "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "rescale_factor": 1 / 255, "resample": 2,
                "image_seq_length": 4}
    return config, settings, {"processor_class": "Gemma3Processor", "image_seq_length": 4}


CONFIGS: dict[str, Callable[[Any], Described]] = {
    "qwen2_5_vl": _qwen2_5_vl, "qwen3_vl": _qwen3_vl, "smolvlm": _smolvlm, "idefics3": _idefics3, "internvl": _internvl,
    "gemma3": _gemma3,
}
