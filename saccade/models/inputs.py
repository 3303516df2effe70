"""Media spans and tokens to tensors: image features (encoded once), padded rows, masks.

Features are cached under (pixels, processor settings, tower version), so an image that stands in the prompts of a whole
group, in the engine and in the learner is encoded once per version of the tower; while a gradient flows into the tower
it is encoded once a call. Every image is checked against what was recorded when its placeholders were appended.

R rows, T padded tokens, A axes of rotary positions, D hidden size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image as PILImage
from torch import Tensor

from saccade.core.engine import MediaSpan, Prompt
from saccade.core.store import MediaStore, size_of
from saccade.models.family import Features
from saccade.models.policy import Policy

FAR = 1 << 40
"""Order of a key nobody may see; one less is the order of a padding query, which sees every real key."""

IMAGES_AT_ONCE = 64


def image_features(
    policy: Policy, spans: Iterable[MediaSpan], store: MediaStore, *, media: Mapping[str, PILImage.Image] | None = None
) -> dict[str, Features]:
    """Feature vectors by ref. `media` gives other pixels (of the same grid) for a ref: noise, blank, another image.

    Raises ValueError when an image's grid is not the one recorded in its span.
    """
    spans_by_ref = {span.ref: span for span in spans}
    gradient = torch.is_grad_enabled() and policy.tower_trains
    found: dict[str, Features] = {}
    missing: list[tuple[str, bool, dict[str, np.ndarray]]] = []
    for ref, span in spans_by_ref.items():
        other = (media or {}).get(ref)
        known = None if gradient or other is not None else store.embeddings.get(policy.features_key(ref))
        if known is not None:
            found[ref] = known
            continue
        pixels = store.get(ref) if other is None else other
        _check_grid(policy, span, pixels)
        patches = patches_of(policy, ref, store) if other is None else policy.family.patches(pixels)
        missing.append((ref, other is not None, patches))
    for start in range(0, len(missing), IMAGES_AT_ONCE):
        part = missing[start : start + IMAGES_AT_ONCE]
        encoded = policy.family.encode(policy.model, [patches for _, _, patches in part])
        for (ref, view, _), features in zip(part, encoded, strict=True):
            found[ref] = features
            if not gradient and not view:
                # a copy: a slice would keep the features of the whole batch alive
                kept = Features(
                    embeds=features.embeds.detach().clone(), levels=tuple(each.detach().clone() for each in features.levels)
                )
                store.embeddings.put(policy.features_key(ref), kept, kept.nbytes)
    return found


def patches_of(policy: Policy, ref: str, store: MediaStore) -> dict[str, np.ndarray]:
    """What the vision tower eats of a stored image: made once and kept under the store's byte budget."""
    key = (ref, policy.family.processor_key)
    known = store.patches.get(key)
    if known is None:
        known = policy.family.patches(store.get(ref))
        store.patches.put(key, known, size_of(known))
    return known


def _check_grid(policy: Policy, span: MediaSpan, pixels: PILImage.Image) -> None:
    expansion = policy.family.expand(pixels.size)
    if dict(expansion.inputs) != dict(span.inputs) or sum(expansion.feature_mask) != span.features:
        raise ValueError(
            f"image {span.ref} ({pixels.width} x {pixels.height} pixels) has the grid {dict(expansion.inputs)} with "
            f"{sum(expansion.feature_mask)} features, but {dict(span.inputs)} with {span.features} was recorded: the "
            "rotary grid is wrong, the image was replaced by one of another size, or the processor settings changed"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Padded rows ready for the language model.

    embeds_RTD; positions_ART; order_RT: place in its sequence (FAR - 1 for padding); together_RT: image number for
    families whose image tokens see each other, else None; visual_RT and levels: DeepStack extras.
    """

    embeds_RTD: Tensor
    positions_ART: Tensor
    order_RT: Tensor
    together_RT: Tensor | None
    visual_RT: Tensor | None
    levels: tuple[Tensor, ...]

    @property
    def key_order_RT(self) -> Tensor:
        """The same with padding out of everybody's sight."""
        return self.order_RT.masked_fill(self.order_RT == FAR - 1, FAR)


def rows_of(
    policy: Policy, prompts: Sequence[Prompt], features: Mapping[str, Features], *, starts: Sequence[int] | None = None,
    stops: Sequence[int] | None = None,
) -> Rows:
    """Pad tokens `starts[r]:stops[r]` of each prompt on the right. Positions are those of the whole sequence."""
    family, device = policy.family, policy.device
    starts = starts or [0] * len(prompts)
    stops = stops or [len(prompt.tokens) for prompt in prompts]
    width = max(stop - start for start, stop in zip(starts, stops, strict=True))
    token_RT = np.zeros((len(prompts), width), dtype=np.int64)
    position_ART = np.zeros((family.axes, len(prompts), width), dtype=np.int64)
    order_RT = np.full((len(prompts), width), FAR - 1, dtype=np.int64)
    together_RT = np.zeros((len(prompts), width), dtype=np.int64)
    visual, vectors, couples = [], [], False
    for row, (prompt, start, stop) in enumerate(zip(prompts, starts, stops, strict=True)):
        size = stop - start
        token_RT[row, :size] = prompt.tokens[start:stop]
        position_ART[:, row, :size] = family.positions(prompt)[:, start:stop]
        order_RT[row, :size] = np.arange(start, stop)
        together = family.together(prompt)
        if together is not None:
            couples = True
            together_RT[row, :size] = together[start:stop]
        for span in prompt.media:
            if start <= span.start < stop:
                inside = np.arange(span.length) if span.feature_mask is None else np.flatnonzero(span.feature_mask)
                visual.append(row * width + span.start - start + inside)
                vectors.append(features[span.ref])
    flat = torch.from_numpy(np.concatenate(visual)).to(device) if visual else None
    tokens = torch.from_numpy(token_RT).to(device)
    if flat is not None:
        tokens.view(-1)[flat] = 0
    embeds = family.embed(policy.model, tokens)
    levels: tuple[Tensor, ...] = ()
    visual_RT = None
    if flat is not None:
        values = torch.cat([each.embeds for each in vectors]).to(embeds.dtype)
        embeds = embeds.reshape(-1, embeds.shape[-1]).index_copy(0, flat, values).view(embeds.shape)
        if vectors[0].levels:
            visual_RT = torch.zeros(tokens.shape, dtype=torch.bool, device=device)
            visual_RT.view(-1)[flat] = True
            levels = tuple(torch.cat(level) for level in zip(*(each.levels for each in vectors), strict=True))
    return Rows(
        embeds_RTD=embeds, positions_ART=torch.from_numpy(position_ART).to(device),
        order_RT=torch.from_numpy(order_RT).to(device),
        together_RT=torch.from_numpy(together_RT).to(device) if couples else None, visual_RT=visual_RT, levels=levels,
    )


def masks(
    policy: Policy, query_RT: Tensor, key_RS: Tensor, *, together_RT: Tensor | None = None, dtype: torch.dtype
) -> tuple[Tensor | None, Tensor | None]:
    """Who sees whom, [R, 1, T, S]: the mask of full-attention layers, and of sliding-window layers if there are any.

    `query_RT` and `key_RS` are places in the sequence; the last T keys are the queries themselves. Where there are no
    others, a causal family needs no mask (padding stands on the right, where nobody looks), and attention skips half.
    """
    if policy.family.maskless and together_RT is None and query_RT.shape == key_RS.shape and policy.spec.attention == "sdpa":
        return None, None
    query, key = query_RT[:, :, None], key_RS[:, None, :]
    seen = key <= query
    if together_RT is not None:
        ahead = key_RS.shape[1] - query_RT.shape[1]
        mates = (together_RT[:, :, None] == together_RT[:, None, :]) & (together_RT[:, :, None] != 0)
        seen[:, :, ahead:] |= mates & (key[:, :, ahead:] < FAR)
    near = None
    if policy.family.window is not None:
        near = seen & ((key > query - policy.family.window) | (query == FAR - 1))
    if policy.spec.attention == "eager":
        seen, near = _additive(seen, dtype), None if near is None else _additive(near, dtype)
    return seen[:, None], None if near is None else near[:, None]


def _additive(seen: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill(~seen, torch.finfo(dtype).min)
