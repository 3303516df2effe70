"""The shape of glimpse and its initialisation: a genuine Qwen2.5-VL of about two million parameters.

With the stock initialisation (standard deviation 0.02) a model this small stays blind: its visual tokens are too faint
for attention to find them. Fan-in scale, with the outputs of every residual branch at 0.4 of it, lets it see within
minutes. Images are 64 px (up to the aspect ratio): patches of 8 merged 2 x 2 give 16 visual tokens.
"""

from __future__ import annotations

from typing import Any

PATCH, MERGE, PIXELS = 8, 2, 64 * 64
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
RESIDUAL_SCALE, VISUAL_SCALE = 0.4, 0.15
ROTARY_BASE, SECTIONS = 300.0, [2, 4, 18]
"""With the stock base and sections the columns of a grid of 4 x 4 visual tokens turn by less than 0.01 radians, unseen.
Here time, rows and columns turn fast enough, and the slow end of the columns is left to match content at any distance.
"""
RESIDUAL_OUTPUTS = ("o_proj.weight", "down_proj.weight", "attn.proj.weight")


def config(tokenizer: Any) -> Any:
    """The `Qwen2_5_VLConfig`: text 3 layers of 192, vision 3 of 96, tied embeddings, three-dimensional rotary positions."""
    from transformers import Qwen2_5_VLConfig

    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in tokenizer.get_added_vocab()}
    return Qwen2_5_VLConfig(
        text_config=dict(
            vocab_size=len(tokenizer), hidden_size=192, intermediate_size=512, num_hidden_layers=3,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=4096, use_sliding_window=False,
            tie_word_embeddings=True, bos_token_id=None, eos_token_id=ids["<|im_end|>"],
            pad_token_id=ids["<|endoftext|>"],
            rope_parameters={"rope_type": "default", "rope_theta": ROTARY_BASE, "mrope_section": SECTIONS},
        ),
        vision_config=dict(
            depth=3, hidden_size=96, intermediate_size=256, num_heads=4, patch_size=PATCH, spatial_merge_size=MERGE,
            temporal_patch_size=2, window_size=256, out_hidden_size=192, fullatt_block_indexes=[0, 1, 2],
            tokens_per_second=2, rope_parameters={"rope_type": "axial", "rope_theta": 100.0},
        ),
        image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )


def image_processor() -> Any:
    """Qwen's processor at 64 x 64 pixels; needs no torchvision."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    return Qwen2VLImageProcessorPil(
        min_pixels=PIXELS, max_pixels=PIXELS, patch_size=PATCH, merge_size=MERGE, temporal_patch_size=2
    )


def fresh(tokenizer: Any, *, seed: int) -> Any:
    """An untrained `Qwen2_5_VLForConditionalGeneration` in fp32 that can learn to see. A function of (vocabulary, seed)."""
    import torch
    from transformers import GenerationConfig, Qwen2_5_VLForConditionalGeneration

    settings = config(tokenizer)
    settings._attn_implementation = "sdpa"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen2_5_VLForConditionalGeneration(settings).float()
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                fan_in_(name, weight, generator)
    text = settings.text_config
    model.generation_config = GenerationConfig(eos_token_id=text.eos_token_id, pad_token_id=text.pad_token_id)
    return model


def fan_in_(name: str, weight: Any, generator: Any) -> None:
    """Initialise one parameter in place: ones for norms, zeros for biases, normal with std fan_in^-0.5 for the rest.

    Biases of the text tower's queries and keys are drawn too: under rotary positions they make every head look at some
    offsets more than at others from the start. Visual tokens start as loud as words, so that what attention adds about
    their place is not drowned by what they show.
    """
    if weight.ndim == 1:
        weight.fill_(0.0 if name.endswith("bias") else 1.0)
        if name.endswith(("q_proj.bias", "k_proj.bias")):
            weight.normal_(0.0, 1.0, generator=generator)
        return
    fan_in = weight.shape[1] if "embed_tokens" in name else weight[0].numel()
    scale = RESIDUAL_SCALE if name.endswith(RESIDUAL_OUTPUTS) else VISUAL_SCALE if "merger.mlp.2" in name else 1.0
    weight.normal_(0.0, scale * fan_in**-0.5, generator=generator)


def whiten_(model: Any, patches_NF: Any, *, seed: int, floor: float = 1e-2) -> None:
    """Initialise the patch embedding so that edges are as loud as plain areas: whitened patches, randomly turned.

    Plain paper gives every patch nearly the same vector, in which the strokes of a glyph would be a faint difference.
    patches_NF: uint8 patches (N, 3 * 8 * 8) of training pictures. `floor` is added to the variances.
    """
    import torch

    scale_F, shift_F = (torch.tensor(each).repeat_interleave(PATCH * PATCH) for each in (STD, MEAN))
    x_NF = ((patches_NF.float() / 255 - shift_F) / scale_F).double()
    variance_F, basis_FF = torch.linalg.eigh(x_NF.T @ x_NF / len(x_NF))
    weight = model.model.visual.patch_embed.proj.weight
    kept = weight.shape[0]
    filters_DF = (variance_F[-kept:] + floor).rsqrt()[:, None] * basis_FF.T[-kept:]
    noise_DD = torch.randn(kept, kept, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    turned_DF = torch.linalg.qr(noise_DD).Q @ filters_DF
    with torch.no_grad():  # both frames of a still picture are the same: each gets half
        weight.copy_((turned_DF / 2).view(kept, 3, 1, PATCH, PATCH).expand_as(weight))


def package(folder: Any, model: Any, tokenizer: Any) -> None:
    """Write a folder that stock `from_pretrained` loads: weights, configuration, tokenizer, template, processor."""
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    image_processor().save_pretrained(folder)
