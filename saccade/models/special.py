"""Find a family's special tokens in a tokenizer, or say which are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def token_ids(tokenizer: Any, names: Sequence[str]) -> tuple[int, ...]:
    """Ids of tokens that must each be one token. Raises ValueError naming those that the tokenizer lacks."""
    vocabulary = tokenizer.get_vocab()
    missing = [name for name in names if name not in vocabulary]
    if missing:
        raise ValueError(
            f"the tokenizer in {tokenizer.name_or_path} has no {', '.join(missing)}: it is not the tokenizer this family "
            "of models was trained with; copy tokenizer.json and tokenizer_config.json from the original checkpoint"
        )
    return tuple(vocabulary[name] for name in names)
