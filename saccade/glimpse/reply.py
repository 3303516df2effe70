"""Batched replies of glimpse to talks, by plain forward passes: for measuring the checkpoint while and after it trains.

No cache and no engine on purpose: what it says must not depend on code that is tested with this very checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from saccade.glimpse.forward import collate, hidden_states
from saccade.glimpse.talk import Row, Talk, ids_of, row_of
from saccade.glimpse.tokenizer import END_OF_TURN, IMAGE, PAD

OPENING = ("<|im_start|>", "assistant\n")


@torch.no_grad()
def replies(
    model: Any, tokenizer: Any, talks: Sequence[Talk], *, max_tokens: int = 24, temperature: float = 0.0, seed: int = 0,
    batch: int = 64,
) -> list[str]:
    """What the model says next in each talk (which must end with a user or tool message), with its end of turn.

    Temperature 0 is greedy. Control tokens are kept in the text, so that a malformed reply can be seen.
    """
    generator = torch.Generator().manual_seed(seed)
    pad, image, end = tokenizer.convert_tokens_to_ids([PAD, IMAGE, END_OF_TURN])
    opening = np.array([token for piece in OPENING for token in ids_of(tokenizer, piece)])
    out: list[str] = []
    for at in range(0, len(talks), batch):
        rows = [extended(row_of(talk, tokenizer), opening) for talk in talks[at:at + batch]]
        said: list[list[int]] = [[] for _ in rows]
        going = list(range(len(rows)))
        for _ in range(max_tokens):
            packed = collate([rows[which] for which in going], pad=pad, image_token=image)
            last = torch.tensor([len(rows[which].tokens_T) - 1 for which in going])
            hidden = hidden_states(model, packed)[torch.arange(len(going)), last]
            logits_BV = model.lm_head(hidden)
            logits_BV[:, image] = -torch.inf
            if temperature:
                picked = torch.multinomial((logits_BV / temperature).softmax(-1), 1, generator=generator)[:, 0]
            else:
                picked = logits_BV.argmax(-1)
            for which, token in zip(going, picked.tolist(), strict=True):
                said[which].append(token)
                rows[which] = extended(rows[which], np.array([token]))
            going = [which for which in going if said[which][-1] != end]
            if not going:
                break
        out += [tokenizer.decode(tokens, skip_special_tokens=False) for tokens in said]
    return out


def extended(row: Row, tokens: np.ndarray) -> Row:
    """The row with text tokens after it."""
    after = row.positions_3T[:, -1:] + 1 + np.arange(len(tokens))
    return replace(row, tokens_T=np.concatenate([row.tokens_T, tokens]),
                   loss_T=np.concatenate([row.loss_T, np.zeros(len(tokens), bool)]),
                   positions_3T=np.concatenate([row.positions_3T, after], axis=1))
