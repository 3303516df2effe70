"""A forward pass over many short conversations, on the stock modules and weights, without their loops.

The stock vision tower splits attention image by image; here images of one size share one call. Rows are padded on the
right, where causal attention never looks, so no mask is built; logits are computed at the trained tokens only.

Shapes: B rows, T tokens, I images, P patches, D hidden, N trained tokens of the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from saccade.glimpse.model import MEAN, PATCH, STD
from saccade.glimpse.pixels import patch_order, patch_positions


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows ready for the model. `where` gives, per group of equal images, the flat token positions their tokens fill."""

    tokens_BT: torch.Tensor
    positions_3BT: torch.Tensor
    loss_BT: torch.Tensor
    patches: tuple[torch.Tensor, ...]
    grids: tuple[tuple[int, int], ...]
    where: tuple[torch.Tensor, ...]


def collate(rows: list[Any], *, pad: int, image_token: int) -> Batch:
    """Pad rows (`corpus.Row`) on the right and group their images by size."""
    width = -(-max(len(row.tokens_T) for row in rows) // 8) * 8
    tokens = np.full((len(rows), width), pad, np.int64)
    loss = np.zeros((len(rows), width), bool)
    positions = np.zeros((3, len(rows), width), np.int64)
    groups: dict[tuple[int, ...], tuple[list[np.ndarray], list[np.ndarray]]] = {}
    for index, row in enumerate(rows):
        length = len(row.tokens_T)
        tokens[index, :length], loss[index, :length] = row.tokens_T, row.loss_T
        positions[:, index, :length] = row.positions_3T
        places = np.flatnonzero(row.tokens_T == image_token) + index * width
        for pixels in row.images:
            count = pixels.shape[0] * pixels.shape[1] // (4 * PATCH * PATCH)
            images, filled = groups.setdefault(pixels.shape, ([], []))
            images.append(pixels)
            filled.append(places[:count])
            places = places[count:]
    ordered = sorted(groups)
    return Batch(
        tokens_BT=torch.from_numpy(tokens), positions_3BT=torch.from_numpy(positions), loss_BT=torch.from_numpy(loss),
        patches=tuple(torch.from_numpy(patch_order(np.stack(groups[shape][0]))) for shape in ordered),
        grids=tuple((shape[0] // PATCH, shape[1] // PATCH) for shape in ordered),
        where=tuple(torch.from_numpy(np.concatenate(groups[shape][1])) for shape in ordered),
    )


def see(tower: Any, patches_IPF: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
    """Run the vision tower over images of one size. patches uint8 (I, P, 192); returns (I * P / 4, D)."""
    num, count, _ = patches_IPF.shape
    scale_F = torch.tensor(STD).repeat_interleave(PATCH * PATCH)
    shift_F = torch.tensor(MEAN).repeat_interleave(PATCH * PATCH)
    kernel = tower.patch_embed.proj.weight.sum(2).flatten(1)  # both frames of a still image are the same
    hidden = ((patches_IPF.float() / 255 - shift_F) / scale_F) @ kernel.T
    positions = torch.from_numpy(np.ascontiguousarray(patch_positions(*grid).T))
    cos, sin = (part.unsqueeze(0) for part in tower.rotary_pos_emb(hidden, positions))
    for block in tower.blocks:
        hidden = hidden + attend(block.attn, block.norm1(hidden), cos, sin)
        hidden = hidden + block.mlp(block.norm2(hidden))
    return tower.merger(hidden.reshape(num * count, -1))


def attend(attention: Any, hidden_IPD: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import apply_rotary_pos_emb_vision

    num, count, width = hidden_IPD.shape
    query, key, value = attention.qkv(hidden_IPD).view(num, count, 3, attention.num_heads, -1).unbind(2)
    query, key = apply_rotary_pos_emb_vision(query, key, cos, sin)
    mixed = F.scaled_dot_product_attention(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2))
    return attention.proj(mixed.transpose(1, 2).reshape(num, count, width))


def hidden_states(model: Any, batch: Batch) -> torch.Tensor:
    """Last hidden states (B, T, D) after the final norm."""
    embedded = model.model.language_model.embed_tokens(batch.tokens_BT)
    flat = embedded.flatten(0, 1)
    if batch.where:
        seen = [see(model.model.visual, *group) for group in zip(batch.patches, batch.grids, strict=True)]
        flat = flat.index_copy(0, torch.cat(batch.where), torch.cat(seen))
    return model.model.language_model(
        inputs_embeds=flat.view_as(embedded), position_ids=batch.positions_3BT, use_cache=False
    ).last_hidden_state


def loss_of(model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Per trained token: cross-entropy (N,) and whether the most likely token was right (N,)."""
    hidden = hidden_states(model, batch)[:, :-1]
    wanted = batch.loss_BT[:, 1:]
    logits_NV = model.lm_head(hidden[wanted])
    target_N = batch.tokens_BT[:, 1:][wanted]
    return F.cross_entropy(logits_NV, target_N, reduction="none"), logits_NV.argmax(-1) == target_N
