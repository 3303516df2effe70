"""The sizes of a model that capacity follows from, read from its configuration. No weights, no torch.

A configuration is what `transformers` writes into config.json: `text_config`, `vision_config`, and what joins them. Sizes
that a file leaves out are the class's own defaults, so a folder is read through `AutoConfig`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

TextKind = Literal["qwen2", "qwen3", "llama", "gemma3"]
VisionKind = Literal["qwen2_5_vl", "qwen3_vl", "siglip", "internvl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A decoder. `window`: keys a sliding layer sees; `sliding`: how many of the layers slide."""

    kind: TextKind
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool
    window: int | None = None
    sliding: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vision:
    """A tower over patches of `patch` pixels a side, `side` pixels a tile (0: any size). `merge`² patches become one token
    of the language model; `taps` layers hand features to its first layers as well."""

    kind: VisionKind
    layers: int
    hidden: int
    intermediate: int
    heads: int
    patch: int
    merge: int
    side: int = 0
    positions: int = 0
    taps: int = 0
    biased: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """family: a `model_type`; tokens: those an image (or a tile) takes where that is fixed, else 0."""

    name: str
    family: str
    text: Text
    vision: Vision
    tokens: int = 0


def shape_of(config: Mapping[str, Any], name: str) -> Shape:
    """The shape a configuration describes. Raises ValueError naming the family or the key that is not understood."""
    family = str(config.get("model_type"))
    if family not in READ:
        raise ValueError(f"{name}: model type {family!r} is not known here; {', '.join(sorted(READ))} are")
    try:
        text = text_of(config["text_config"], tied=tied(config), family=family)
        vision, tokens = READ[family](config)
    except KeyError as missing:
        raise ValueError(f"{name}: its configuration lacks {missing.args[0]!r}") from None
    return Shape(name=name, family=family, text=text, vision=vision, tokens=tokens)


def from_folder(folder: Path) -> Shape:
    """The shape of a checkpoint folder, from its config.json alone. Raises ValueError where there is none."""
    from transformers import AutoConfig

    if not (folder / "config.json").is_file():
        raise ValueError(f"{folder} has no config.json")
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return shape_of(config.to_dict(), str(folder))


def tied(config: Mapping[str, Any]) -> bool:
    """Whether head and embedding are one matrix; a top-level value wins, as it does in `transformers`."""
    inner = config["text_config"].get("tie_word_embeddings", False)
    return bool(config.get("tie_word_embeddings", inner))


def text_of(text: Mapping[str, Any], *, tied: bool, family: str) -> Text:
    kinds = {"qwen2_5_vl": "qwen2", "qwen3_vl": "qwen3", "gemma3": "gemma3"}
    kind = kinds.get(family) or str(text["model_type"])
    if kind not in ("qwen2", "qwen3", "llama", "gemma3"):
        raise ValueError(f"the text model {kind!r} of {family} is not known here")
    heads = int(text["num_attention_heads"])
    slides = [each for each in text.get("layer_types") or () if each == "sliding_attention"]
    return Text(
        kind=kind, layers=int(text["num_hidden_layers"]), hidden=int(text["hidden_size"]),  # type: ignore[arg-type]
        intermediate=int(text["intermediate_size"]), heads=heads, kv_heads=int(text["num_key_value_heads"]),
        head_dim=int(text.get("head_dim") or text["hidden_size"] // heads), vocabulary=int(text["vocab_size"]), tied=tied,
        window=text.get("sliding_window") if slides else None, sliding=len(slides),
    )


def _qwen(config: Mapping[str, Any]) -> tuple[Vision, int]:
    each = config["vision_config"]
    newer = config["model_type"] == "qwen3_vl"
    return Vision(
        kind=config["model_type"], layers=each["depth"], hidden=each["hidden_size"], intermediate=each["intermediate_size"],
        heads=each["num_heads"], patch=each["patch_size"], merge=each["spatial_merge_size"],
        positions=each["num_position_embeddings"] if newer else 0,
        taps=len(each["deepstack_visual_indexes"]) if newer else 0,
    ), 0


def _tower(each: Mapping[str, Any], kind: VisionKind, **more: Any) -> Vision:
    def first(value: Any) -> int:
        return int(value[0] if isinstance(value, (list, tuple)) else value)

    side, patch = first(each["image_size"]), first(each["patch_size"])
    return Vision(
        kind=kind, layers=each["num_hidden_layers"], hidden=each["hidden_size"], intermediate=each["intermediate_size"],
        heads=each["num_attention_heads"], patch=patch, side=side, positions=(side // patch) ** 2, **more,
    )


def _tiled(config: Mapping[str, Any]) -> tuple[Vision, int]:
    vision = _tower(config["vision_config"], "siglip", merge=config["scale_factor"])
    return vision, vision.positions // vision.merge**2


def _internvl(config: Mapping[str, Any]) -> tuple[Vision, int]:
    each = config["vision_config"]
    vision = _tower(each, "internvl", merge=round(1 / config["downsample_ratio"]), biased=bool(each["attention_bias"]))
    return vision, config["image_seq_length"]


def _gemma(config: Mapping[str, Any]) -> tuple[Vision, int]:
    tokens = config["mm_tokens_per_image"]
    each = config["vision_config"]
    return _tower(each, "siglip", merge=round((each["image_size"] // each["patch_size"]) / tokens**0.5)), tokens


READ = {"qwen2_5_vl": _qwen, "qwen3_vl": _qwen, "smolvlm": _tiled, "idefics3": _tiled, "internvl": _internvl,
        "gemma3": _gemma}
"""How each family's vision part is read."""
