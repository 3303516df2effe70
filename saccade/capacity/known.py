"""Shapes of published checkpoints: the sizes in their config.json, as facts. `transformers` builds its classes from them.

Each entry names the repository on huggingface.co whose config.json it was taken from and the number of parameters its
model card states, in billions. A test builds every one on the meta device and counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from saccade.capacity.shapes import Shape, shape_of

Config = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """billions: parameters the source states; config: of its config.json, what decides sizes."""

    source: str
    billions: float
    config: Config


def text(layers: int, hidden: int, intermediate: int, heads: int, kv_heads: int, vocabulary: int, **more: Any) -> Config:
    return {"num_hidden_layers": layers, "hidden_size": hidden, "intermediate_size": intermediate,
            "num_attention_heads": heads, "num_key_value_heads": kv_heads, "vocab_size": vocabulary, **more}


def qwen2_5(billions: float, size: str, words: Config, *, tied: bool = False, inner: int = 3420) -> Known:
    tower = {"depth": 32, "hidden_size": 1280, "intermediate_size": inner, "num_heads": 16, "patch_size": 14,
             "spatial_merge_size": 2, "temporal_patch_size": 2, "out_hidden_size": words["hidden_size"]}
    return Known(source=f"Qwen/Qwen2.5-VL-{size}-Instruct", billions=billions, config={
        "model_type": "qwen2_5_vl", "tie_word_embeddings": tied, "text_config": words, "vision_config": tower})


def qwen3(billions: float, size: str, words: Config, tower: Config, *, tied: bool = False) -> Known:
    common = {"num_heads": 16, "patch_size": 16, "spatial_merge_size": 2, "temporal_patch_size": 2,
              "num_position_embeddings": 2304, "out_hidden_size": words["hidden_size"]}
    return Known(source=f"Qwen/Qwen3-VL-{size}-Instruct", billions=billions, config={
        "model_type": "qwen3_vl", "tie_word_embeddings": tied, "text_config": words, "vision_config": {**common, **tower}})


def tower(layers: int, hidden: int, intermediate: int, heads: int, image: int, patch: int, **more: Any) -> Config:
    return {"num_hidden_layers": layers, "hidden_size": hidden, "intermediate_size": intermediate,
            "num_attention_heads": heads, "image_size": image, "patch_size": patch, **more}


def smol(family: str, source: str, billions: float, words: Config, sees: Config, scale: int, *, tied: bool = False) -> Known:
    return Known(source=source, billions=billions, config={
        "model_type": family, "scale_factor": scale, "tie_word_embeddings": tied,
        "text_config": {"model_type": "llama", **words}, "vision_config": sees})


def internvl(size: str, billions: float, words: Config, *, tied: bool = False) -> Known:
    sees = tower(24, 1024, 4096, 16, 448, 14, attention_bias=True)
    return Known(source=f"OpenGVLab/InternVL3-{size}-hf", billions=billions, config={
        "model_type": "internvl", "downsample_ratio": 0.5, "image_seq_length": 256, "tie_word_embeddings": tied,
        "text_config": {"model_type": "qwen2", **words}, "vision_config": sees})


def gemma(size: str, billions: float, words: Config) -> Known:
    sees = tower(27, 1152, 4304, 16, 896, 14, vision_use_head=False)
    return Known(source=f"google/gemma-3-{size}-it", billions=billions, config={
        "model_type": "gemma3", "mm_tokens_per_image": 256, "tie_word_embeddings": True,
        "text_config": {"sliding_window": 1024, **words}, "vision_config": sees})


SMALL_TOWER = {"depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "deepstack_visual_indexes": [5, 11, 17]}
LARGE_TOWER = {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "deepstack_visual_indexes": [8, 16, 24]}

KNOWN: tuple[Known, ...] = (
    qwen2_5(3.75, "3B", text(36, 2048, 11008, 16, 2, 151936), tied=True),
    qwen2_5(8.29, "7B", text(28, 3584, 18944, 28, 4, 152064)),
    qwen2_5(33.5, "32B", text(64, 5120, 27648, 40, 8, 152064), inner=3456),
    qwen2_5(73.4, "72B", text(80, 8192, 29568, 64, 8, 152064), inner=3456),
    qwen3(2.13, "2B", text(28, 2048, 6144, 16, 8, 151936, head_dim=128), SMALL_TOWER, tied=True),
    qwen3(4.44, "4B", text(36, 2560, 9728, 32, 8, 151936, head_dim=128), SMALL_TOWER, tied=True),
    qwen3(8.77, "8B", text(36, 4096, 12288, 32, 8, 151936, head_dim=128), LARGE_TOWER),
    qwen3(33.4, "32B", text(64, 5120, 25600, 64, 8, 151936, head_dim=128), LARGE_TOWER),
    smol("smolvlm", "HuggingFaceTB/SmolVLM2-2.2B-Instruct", 2.25, text(24, 2048, 8192, 32, 32, 49280),
         tower(27, 1152, 4304, 16, 384, 14), 3),
    smol("idefics3", "HuggingFaceTB/SmolVLM-256M-Instruct", 0.256, text(30, 576, 1536, 9, 3, 49280),
         tower(12, 768, 3072, 12, 512, 16), 4),
    smol("idefics3", "HuggingFaceM4/Idefics3-8B-Llama3", 8.46, text(32, 4096, 14336, 32, 8, 128259),
         tower(27, 1152, 4304, 16, 364, 14), 2),
    internvl("1B", 0.938, text(24, 896, 4864, 14, 2, 151674)),
    internvl("2B", 2.09, text(28, 1536, 8960, 12, 2, 151674)),
    internvl("8B", 7.94, text(28, 3584, 18944, 28, 4, 151674)),
    gemma("4b", 4.3, text(34, 2560, 10240, 8, 4, 262208, head_dim=256)),
    gemma("12b", 12.2, text(48, 3840, 15360, 16, 8, 262208, head_dim=256)),
    gemma("27b", 27.4, text(62, 5376, 21504, 32, 16, 262208, head_dim=128)),
)


@cache
def known(word: str) -> Shape:
    """The first published checkpoint whose name holds `word` (``7B``, ``qwen3-vl-8b``, a whole repository name).

    Raises ValueError with the names there are.
    """
    wanted = word.lower().strip("/")
    for each in KNOWN:
        name = each.source.lower()
        if wanted == name or wanted in name.split("/")[1].split("-") or (len(wanted) > 4 and wanted in name):
            return shape_of(filled(each.config), each.source)
    names = ", ".join(each.source.split("/")[1] for each in KNOWN)
    raise ValueError(f"no known model is called {word!r}; give a checkpoint folder or one of {names}")


def filled(config: Config) -> Config:
    """The configuration with Gemma's pattern of layers written out: five slide, every sixth sees everything."""
    words = config["text_config"]
    if config["model_type"] != "gemma3":
        return config
    layers = ["full_attention" if number % 6 == 0 else "sliding_attention"
              for number in range(1, words["num_hidden_layers"] + 1)]
    return {**config, "text_config": {**words, "layer_types": layers}}
