"""The tokenizer of glimpse: byte-level BPE of about a thousand merges, learned on its own corpus.

Length of text decides the speed of a small model (a tool schema in raw bytes is 754 tokens), so the constant scaffold of
a conversation is learned whole: merges may cross words and punctuation there. So are the phrases of questions, but what
varies in them (colours, shapes, single letters, digits) stays apart: `<answer>7</answer>` always has the digit as a token
of its own. Qwen's control tokens, the tags and the coordinates ``<0>``..``<16>`` (edges of sixteen bins) are added tokens:
nothing merges across them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

BINS = 16
PAD, END_OF_TURN, IMAGE = "<|endoftext|>", "<|im_end|>", "<|image_pad|>"
CONTROL = (
    PAD, "<|im_start|>", END_OF_TURN, "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
    "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", IMAGE, "<|video_pad|>",
)
TAGS = (
    "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>", "<answer>", "</answer>",
)
GRID = tuple(f"<{edge}>" for edge in range(BINS + 1))
ADDED = (*CONTROL, *TAGS, *GRID)
TEMPLATE = Path(__file__).with_name("chat_template.jinja")
NUM_MERGES = 1150

PREAMBLE_HEAD = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
)
PREAMBLE_TAIL = (
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    "<tool_call></tool_call> XML tags:\n<tool_call>\n"
    '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
)
SCAFFOLD = ("system\n", "user\n", "assistant\n", "\n")
_SPLIT = re.compile("(" + "|".join(re.escape(token) for token in ADDED) + ")")


def between_added(text: str) -> list[str]:
    """The pieces of a text that BPE sees: what lies between added tokens."""
    return [piece for index, piece in enumerate(_SPLIT.split(text)) if index % 2 == 0 and piece]


def preamble(schemas: Iterable[dict[str, Any]]) -> str:
    """What the system turn says about tools, exactly as the chat template renders it. `schemas` in OpenAI form."""
    return PREAMBLE_HEAD + "\n".join(json.dumps(schema, ensure_ascii=False) for schema in schemas) + PREAMBLE_TAIL


def call_text(name: str, arguments: dict[str, Any]) -> str:
    """A tool call as the assistant writes it."""
    body = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
    return f"<tool_call>\n{body}\n</tool_call>"


def phrases(text: str, names: Iterable[str]) -> list[str]:
    """What merges may not cross in a content: names, single letters and digits apart from the words around them."""
    apart = re.compile(r"( ?\b(?:" + "|".join(sorted(names, reverse=True)) + r"|[A-Z])\b|\d|\s(?=\d))")
    return [part for piece in between_added(text) for part in apart.split(piece) if part]


def learn(
    texts: Iterable[str], constants: Iterable[str], *, names: Iterable[str] = (), num_merges: int = NUM_MERGES
) -> Any:
    """Learn a `PreTrainedTokenizerFast`.

    texts:     the content (questions and answers), counted phrase by phrase
    constants: the scaffold (preamble, calls), learned whole once the phrases are
    names:     words that are tokens of their own wherever they stand
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    bpe.decoder = decoders.ByteLevel()
    names = tuple(names)
    counts = Counter(phrase for text in texts for phrase in phrases(text, names))
    pieces = [phrase for phrase, count in sorted(counts.items()) if count > 1 for _ in range(min(20 + count, 200))]
    pieces += [f"{space}{name}" for name in names for space in ("", " ") for _ in range(100)]
    pieces += [piece for text in constants for piece in between_added(text)] * 4
    pieces += [*SCAFFOLD] * 400
    trainer = trainers.BpeTrainer(
        vocab_size=256 + num_merges, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False, special_tokens=[],
    )
    bpe.train_from_iterator(pieces, trainer)
    bpe.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in CONTROL])
    bpe.add_tokens([AddedToken(token, special=False, normalized=False) for token in (*TAGS, *GRID)])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, pad_token=PAD, eos_token=END_OF_TURN, clean_up_tokenization_spaces=False,
        chat_template=TEMPLATE.read_text(), model_max_length=4096, padding_side="left",
    )
