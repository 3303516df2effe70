"""A small byte-level tokenizer with the special tokens of a family.

Merges are learned on a few lines written here, enough that words and punctuation with line breaks merge as they do in
real checkpoints: a renderer that cuts text at the wrong place gets other ids.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

WORDS = (
    "You are a helpful assistant. What is the number in the picture? Look at the image and answer with one word.\n\n"
    "system\nuser\nassistant\nmodel\nUser: Assistant: System:\n\n\nThe answer is <answer>7</answer>.\nred green blue\n"
    '{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [10, 20, 30, 40]}}\n{"type": "function", "function": '
    '{"name": "crop", "description": "Zoom in.", "parameters": {"type": "object", "properties": {}, "required": []}}}'
)
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)
GRID = tuple(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7))
SPECIAL = {
    "qwen2_5_vl": QWEN,
    "qwen3_vl": QWEN,
    "smolvlm": ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<fake_token_around_image>", "<global-img>", "<image>",
                "<end_of_utterance>", *GRID),
    "idefics3": ("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<fake_token_around_image>", "<global-img>",
                 "<image>", "<end_of_utterance>", *GRID),
    "internvl": ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<IMG_CONTEXT>", "<video>"),
    "gemma3": ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>",
               "<end_of_image>", "<image_soft_token>"),
}
PLAIN = {
    "qwen2_5_vl": ("<tool_call>", "</tool_call>"),
    "qwen3_vl": ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>"),
}
NAMED = {
    "qwen2_5_vl": {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    "qwen3_vl": {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    "smolvlm": {"bos_token": "<|im_start|>", "eos_token": "<end_of_utterance>", "pad_token": "<|im_end|>"},
    "idefics3": {"bos_token": "<|begin_of_text|>", "eos_token": "<end_of_utterance>", "pad_token": "<|eot_id|>"},
    "internvl": {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    "gemma3": {"bos_token": "<bos>", "eos_token": "<end_of_turn>", "pad_token": "<pad>", "unk_token": "<unk>"},
}
EXTRA = {
    "smolvlm": {"image_token": "<image>", "fake_image_token": "<fake_token_around_image>",
                "global_image_token": "<global-img>", "end_of_utterance_token": "<end_of_utterance>"},
    "internvl": {"start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>",
                 "video_token": "<video>"},
    "gemma3": {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"},
}


@lru_cache(maxsize=1)
def merged() -> str:
    """A BPE over bytes learned on `WORDS`, as JSON."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, min_frequency=1, initial_alphabet=alphabet, show_progress=False)
    bpe.train_from_iterator([WORDS], trainer)
    return bpe.to_str()


def tiny_tokenizer(family_name: str) -> Any:
    """A `PreTrainedTokenizerFast` of about 450 tokens with the family's special tokens and chat template."""
    from tokenizers import AddedToken, Tokenizer
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer.from_str(merged())
    bpe.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL[family_name]])
    bpe.add_tokens([AddedToken(token, special=False, normalized=False) for token in PLAIN.get(family_name, ())])
    template = Path(__file__).with_name("templates") / f"{family_name}.jinja"
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, chat_template=template.read_text(), clean_up_tokenization_spaces=False,
        padding_side="left", extra_special_tokens=EXTRA.get(family_name, {}), **NAMED[family_name],
    )
