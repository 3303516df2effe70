"""Random tiny checkpoints of the models that look for tools, in Hugging Face format, built offline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from saccade.core.seed import seed_of
from saccade.models.sight.vocabulary import word_tokenizer

WORDS = ("a", "the", "of", "in", "is", "red", "green", "blue", "yellow", "card", "circle", "square", "page", "table",
         "chart", "how", "many", "what", "colour")

TOWER: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
SEES: dict[str, Any] = {**TOWER, "image_size": 32, "patch_size": 8}


def tiny_sight(kind: str, folder: str | Path) -> Path:
    """Write a random checkpoint into `folder` and return it. Raises ValueError for an unknown kind."""
    import torch

    if kind not in MAKERS:
        raise ValueError(f"no tiny checkpoint of {kind!r}; there are {', '.join(sorted(MAKERS))}")
    folder = Path(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("tiny sight", kind))
        for part in MAKERS[kind]():
            part.save_pretrained(str(folder))
    return folder


def _text(**more: Any) -> dict[str, Any]:
    return {**TOWER, "vocab_size": len(WORDS) + 4, "max_position_embeddings": 16, "pad_token_id": 0, "bos_token_id": 2,
            "eos_token_id": 3, **more}


def _clip() -> list[Any]:
    from transformers import CLIPConfig, CLIPModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    config = CLIPConfig(text_config=_text(), vision_config=SEES, projection_dim=16)
    size = {"height": 32, "width": 32}
    return [CLIPModel(config), CLIPImageProcessorPil(size=size, crop_size=size), word_tokenizer(WORDS)]


def _owlvit() -> list[Any]:
    from transformers import OwlViTConfig, OwlViTForObjectDetection, OwlViTProcessor
    from transformers.models.owlvit.image_processing_pil_owlvit import OwlViTImageProcessorPil

    config = OwlViTConfig(text_config=_text(), vision_config=SEES, projection_dim=32)
    size = {"height": 32, "width": 32}
    processor = OwlViTProcessor(image_processor=OwlViTImageProcessorPil(size=size), tokenizer=word_tokenizer(WORDS))
    return [OwlViTForObjectDetection(config), processor]


def _detr() -> list[Any]:
    from transformers import YolosConfig, YolosForObjectDetection
    from transformers.models.yolos.image_processing_pil_yolos import YolosImageProcessorPil

    config = YolosConfig(**{**SEES, "image_size": [32, 32]}, num_detection_tokens=5, num_labels=3)
    return [YolosForObjectDetection(config), YolosImageProcessorPil(size={"height": 32, "width": 32})]


def _sam() -> list[Any]:
    from transformers import SamConfig, SamModel, SamProcessor
    from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil

    config = SamConfig(
        vision_config={"hidden_size": 16, "output_channels": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                       "image_size": 64, "patch_size": 16, "window_size": 2, "global_attn_indexes": [0], "mlp_dim": 32,
                       "num_pos_feats": 8},
        prompt_encoder_config={"hidden_size": 16, "image_size": 64, "patch_size": 16, "mask_input_channels": 4},
        mask_decoder_config={"hidden_size": 16, "mlp_dim": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
                             "iou_head_hidden_dim": 16},
    )
    images = SamImageProcessorPil(size={"longest_edge": 64}, pad_size={"height": 64, "width": 64})
    return [SamModel(config), SamProcessor(image_processor=images)]


def _dpt() -> list[Any]:
    from transformers import DPTConfig, DPTForDepthEstimation
    from transformers.models.dpt.image_processing_pil_dpt import DPTImageProcessorPil

    config = DPTConfig(**{**SEES, "num_hidden_layers": 4}, backbone_out_indices=[0, 1, 2, 3],
                       neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8, is_hybrid=False)
    return [DPTForDepthEstimation(config), DPTImageProcessorPil(size={"height": 32, "width": 32})]


def _blip(question: bool = False) -> list[Any]:
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipForQuestionAnswering, BlipProcessor
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    config = BlipConfig(text_config=_text(encoder_hidden_size=32, sep_token_id=3, projection_dim=16),
                        vision_config=SEES, projection_dim=16)
    model = (BlipForQuestionAnswering if question else BlipForConditionalGeneration)(config)
    images = BlipImageProcessorPil(size={"height": 32, "width": 32})
    return [model, BlipProcessor(image_processor=images, tokenizer=word_tokenizer(WORDS))]


def _trocr() -> list[Any]:
    from transformers import TrOCRConfig, TrOCRForCausalLM, VisionEncoderDecoderModel, ViTConfig, ViTModel
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    decoder = TrOCRForCausalLM(TrOCRConfig(
        vocab_size=len(WORDS) + 4, d_model=32, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=48,
        max_position_embeddings=64, cross_attention_hidden_size=32, pad_token_id=0, bos_token_id=2, eos_token_id=3,
        decoder_start_token_id=2))
    model = VisionEncoderDecoderModel(encoder=ViTModel(ViTConfig(**SEES)), decoder=decoder)
    for config in (model.config, model.generation_config):
        config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 2, 0, 3
    return [model, ViTImageProcessorPil(size={"height": 32, "width": 32}), word_tokenizer(WORDS)]


MAKERS: dict[str, Callable[[], list[Any]]] = {
    "blip": _blip, "blip_vqa": lambda: _blip(question=True), "clip": _clip, "detr": _detr, "dpt": _dpt, "owlvit": _owlvit,
    "sam": _sam, "trocr": _trocr,
}
