"""A random Qwen-VL checkpoint that is wide enough for matrix products to dominate: four layers of 256.

The vision tower has about a fifth of the language layers' parameters, as in Qwen2.5-VL-3B, and an image of 448 pixels takes
256 tokens, as there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HIDDEN, LAYERS = 256, 4
TEXT = {"hidden_size": HIDDEN, "intermediate_size": 1024, "num_hidden_layers": LAYERS, "num_attention_heads": 4,
        "num_key_value_heads": 2, "initializer_range": 0.05, "max_position_embeddings": 8192,
        "layer_types": ["full_attention"] * LAYERS,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [8, 12, 12]}}
VISION = {"depth": 4, "hidden_size": 128, "intermediate_size": 344, "num_heads": 2, "initializer_range": 0.05}


def build(folder: Path, family: str = "qwen2_5_vl") -> Path:
    """Write the checkpoint of a family (`qwen2_5_vl`, `qwen3_vl`) into `folder`, once; equal folders hold equal weights."""
    if (folder / "model.safetensors").exists():
        return folder
    import torch
    from transformers import AutoModelForImageTextToText

    from saccade.testing.tiny import CONFIGS, tiny

    tiny(family, folder)  # tokenizer, chat template, processor settings
    from transformers import AutoTokenizer

    small, _, _ = CONFIGS[family](AutoTokenizer.from_pretrained(folder))
    text, vision = small.text_config.to_dict(), small.vision_config.to_dict()
    rope = {**text["rope_parameters"], **TEXT["rope_parameters"]}
    wide = {**vision, **VISION, "window_size": 112, "fullatt_block_indexes": [1, 3], "deepstack_visual_indexes": [0],
            "out_hidden_size": HIDDEN}
    config = type(small)(**{
        **small.to_dict(), "text_config": {**text, **TEXT, "rope_parameters": rope, "head_dim": 64},
        "vision_config": {key: value for key, value in wide.items() if key in vision or key in VISION},
    })
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_config(config).float()
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = _ends(folder)
    model.save_pretrained(folder)
    return folder


def _ends(folder: Path) -> tuple[int, int]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    return tokenizer.eos_token_id, tokenizer.pad_token_id


def described(folder: Path) -> dict[str, Any]:
    """What the limits are computed from: parameters of one language layer and of the tower, widths, vocabulary."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    text, vision = config["text_config"], config["vision_config"]
    width, inner = text["hidden_size"], text["intermediate_size"]
    kv = text["num_key_value_heads"] * (width // text["num_attention_heads"])
    tower = vision["depth"] * (4 * vision["hidden_size"] ** 2 + 3 * vision["hidden_size"] * vision["intermediate_size"])
    return {"layer": 2 * width * width + 2 * width * kv + 3 * width * inner, "layers": text["num_hidden_layers"],
            "width": width, "vocabulary": text["vocab_size"], "tower": tower}
