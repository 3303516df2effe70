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


def present_ids(tokenizer: Any, names: Sequence[str]) -> tuple[int, ...]:
    """Ids of those of the tokens that the tokenizer has."""
    vocabulary = tokenizer.get_vocab()
    return tuple(vocabulary[name] for name in names if name in vocabulary)


def check_image_id(config_id: int, token: str, token_id: int) -> None:
    """Raise ValueError when config and tokenizer disagree on the image placeholder."""
    if config_id != token_id:
        raise ValueError(
            f"config.json says the image token is {config_id}, the tokenizer writes {token} as {token_id}: the tokenizer "
            "is not this checkpoint's own"
        )


def no_pixel_bounds(family: str, min_pixels: int | None, max_pixels: int | None) -> None:
    """Raise ValueError for a family whose image size is fixed by its checkpoint."""
    if min_pixels is not None or max_pixels is not None:
        raise ValueError(f"min_pixels and max_pixels are for the Qwen families; the files of {family} fix its image size")
