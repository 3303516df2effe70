"""Random tiny checkpoints of every supported family, in Hugging Face format, built offline in well under a second.

They are real `transformers` models of about 0.2 million parameters with a tokenizer, a chat template and a processor
configuration of the family's own form, so that a test of anything above them is a test of the real code path.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from saccade.core.seed import seed_of
from saccade.testing.tiny_tokenizer import tiny_tokenizer

TEXT = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 8192, "initializer_range": 0.1}


def tiny(family_name: str, folder: str | Path, seed: int = 0) -> Path:
    """Write a random checkpoint of `family_name` into `folder` and return it.

    Equal seeds give equal weights. Weights are drawn with a standard deviation of 0.1, so that images change what comes
    out by more than rounding. Raises ValueError for an unknown family.
    """
    if family_name not in CONFIGS:
        raise ValueError(f"no tiny checkpoint of {family_name!r}; there are {', '.join(sorted(CONFIGS))}")
    return Path(shutil.copytree(_built(family_name, seed), folder, dirs_exist_ok=True))


@lru_cache(maxsize=32)
def _built(family_name: str, seed: int) -> Path:
    import torch
    from transformers import AutoModelForImageTextToText

    kept = tempfile.TemporaryDirectory(prefix=f"saccade-{family_name}-")
    _KEPT.append(kept)
    folder = Path(kept.name)
    tokenizer = tiny_tokenizer(family_name)
    config, processor = CONFIGS[family_name](tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("tiny", family_name, seed))
        model = AutoModelForImageTextToText.from_config(config)
        model.eval()
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(processor, indent=1))
    return folder


_KEPT: list[tempfile.TemporaryDirectory[str]] = []
"""Folders live as long as the process and vanish with it."""


def _ids(tokenizer: Any) -> dict[str, int]:
    return {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id}


def _qwen_processor(patch_size: int, mean: float) -> dict[str, Any]:
    return {"image_processor_type": "Qwen2VLImageProcessor", "patch_size": patch_size, "temporal_patch_size": 2,
            "merge_size": 2, "do_resize": True, "do_rescale": True, "do_normalize": True, "do_convert_rgb": True,
            "rescale_factor": 1 / 255, "resample": 3, "image_mean": [mean] * 3, "image_std": [0.5] * 3,
            "size": {"shortest_edge": (2 * patch_size) ** 2 * 4, "longest_edge": (2 * patch_size) ** 2 * 256}}


def _qwen2_5_vl(tokenizer: Any) -> tuple[Any, dict[str, Any]]:
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
    return config, _qwen_processor(14, 0.48)


CONFIGS: dict[str, Callable[[Any], tuple[Any, dict[str, Any]]]] = {"qwen2_5_vl": _qwen2_5_vl}
