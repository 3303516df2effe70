"""The common prefix is computed once: rows that begin alike share one pass over their beginning, gradients included.

The members of a group differ only after their prompt, and a prompt holds the images, so it is most of the work. The
prefix runs first and leaves its keys and values, with their graph, in a cache; the rows then run only what is their own.
A prefix ends before the token that predicts the first wanted one, so that every wanted token is predicted in a row.

R rows, U distinct prefixes, P padded tokens of the longest, H key heads, D head size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from saccade.core.engine import Prompt
from saccade.models.family import Features
from saccade.models.inputs import FAR, masks, rows_of
from saccade.models.policy import Policy

SHORTEST = 16
"""Prefixes of fewer tokens are not worth a pass of their own."""


def prefix_lengths(policy: Policy, prompts: Sequence[Prompt], wanted: Sequence[np.ndarray]) -> list[int]:
    """How many first tokens of each row to run apart: 0 where no other row begins alike.

    With gradient checkpointing nothing is shared, for the stock layers refuse a cache then.
    """
    language = policy.family.language(policy.model)
    if language.training and any(layer.gradient_checkpointing for layer in language.layers):
        return [0] * len(prompts)
    lengths = [_own_start(prompt, marks) for prompt, marks in zip(prompts, wanted, strict=True)]
    keys = [_key(prompt, length) for prompt, length in zip(prompts, lengths, strict=True)]
    counts = Counter(keys)
    return [length if counts[key] > 1 else 0 for length, key in zip(lengths, keys, strict=True)]


def _own_start(prompt: Prompt, marks: np.ndarray) -> int:
    first = int(np.argmax(marks)) - 1 if marks.any() else 0
    cut = any(span.start < first < span.start + span.length for span in prompt.media)
    return 0 if cut or first < SHORTEST else first


def _key(prompt: Prompt, length: int) -> tuple[bytes, tuple[tuple[str, int], ...]]:
    return prompt.tokens[:length].tobytes(), tuple((s.ref, s.start) for s in prompt.media if s.start < length)


@dataclass(slots=True, kw_only=True)
class SharedCache:
    """What the stock layers see as a cache: first it takes the prefixes' keys and values, then each row gets its own's.

    owner_R: the prefix of a row. order_RP: which token of the sequence a prefix column holds for a row; FAR for none.
    """

    owner_R: Tensor
    order_RP: Tensor
    filled: bool = False
    layers: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)

    def update(self, keys: Tensor, values: Tensor, layer: int, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        if not self.filled:
            self.layers[layer] = keys, values
            return keys, values
        before_keys, before_values = (each.index_select(0, self.owner_R) for each in self.layers[layer])
        return torch.cat([before_keys, keys], 2), torch.cat([before_values, values], 2)


def run_prefixes(
    policy: Policy, prompts: Sequence[Prompt], lengths: Sequence[int], features: Mapping[str, Features]
) -> SharedCache | None:
    """Run each distinct prefix once. None when no row has one."""
    if not any(lengths):
        return None
    places: dict[tuple[bytes, tuple[tuple[str, int], ...]], int] = {}
    heads: list[Prompt] = []
    owner_R = []
    for prompt, length in zip(prompts, lengths, strict=True):
        key = _key(prompt, length)
        if length and key not in places:
            places[key] = len(heads)
            media = tuple(span for span in prompt.media if span.start < length)
            heads.append(replace(prompt, tokens=prompt.tokens[:length], media=media))
        owner_R.append(places.get(key, 0) if length else 0)
    rows = rows_of(policy, heads, features)
    owner = torch.tensor(owner_R, device=policy.device)
    has_R1 = torch.tensor([length > 0 for length in lengths], device=policy.device)[:, None]
    cache = SharedCache(owner_R=owner, order_RP=rows.key_order_RT[owner].where(has_R1, FAR))
    seen, near = masks(
        policy, rows.order_RT, rows.key_order_RT, together_RT=rows.together_RT, dtype=rows.embeds_RTD.dtype
    )
    policy.family.text(
        policy.model, rows.embeds_RTD, rows.positions_ART, seen, window_mask_B1TS=near, cache=cache, levels=rows.levels,
        visual_BT=rows.visual_RT,
    )
    cache.filled = True
    return cache
