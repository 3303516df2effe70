"""One batch: prefill what is new, sample until every row has ended, keep the keys and values for the next turn.

Equal prompts (the members of a group) are prefilled once. Each row draws from a stream named by its own seed, one number
a token, so that it gives the same tokens alone and in any batch (up to rounding of the logits). Rows that ended are
dropped once they are half of the batch.

R rows, U distinct prompts, T tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from saccade.core.engine import Completion, Prompt, Sampling
from saccade.core.store import MediaStore
from saccade.engines.local_cache import Block, Found, PrefixStore
from saccade.engines.local_draw import Draws
from saccade.models.distribution import allowed_logits
from saccade.models.forward import batches
from saccade.models.inputs import FAR, image_features, masks, rows_of
from saccade.models.policy import Policy

PREFILL_TOKENS = 1 << 14


@torch.no_grad()
def run_batch(
    policy: Policy, store: MediaStore, prefixes: PrefixStore, prompts: Sequence[Prompt], samplings: Sequence[Sampling],
    *, aborted: Callable[[], bool] = lambda: False,
) -> list[Completion]:
    """Completions in the order of the prompts. `aborted` is asked before every token."""
    training = policy.model.training
    policy.model.eval()
    prefixes.at_version(policy.version)
    try:
        unique, member_R = _distinct(prompts)
        block, logits_UV = prefill(policy, store, prefixes, unique)
        rows = torch.tensor(member_R, device=policy.device)
        if len(unique) < len(prompts) or member_R != list(range(len(prompts))):
            block, logits_UV = block.select(rows), logits_UV.index_select(0, rows)
        return _decode(policy, prefixes, block, logits_UV, prompts, samplings, aborted)
    finally:
        policy.model.train(training)


def _distinct(prompts: Sequence[Prompt]) -> tuple[list[Prompt], list[int]]:
    places: dict[tuple[bytes, tuple[tuple[str, int], ...]], int] = {}
    unique, member_R = [], []
    for prompt in prompts:
        key = (prompt.tokens.tobytes(), tuple((span.ref, span.start) for span in prompt.media))
        if key not in places:
            places[key] = len(unique)
            unique.append(prompt)
        member_R.append(places[key])
    return unique, member_R


def prefill(policy: Policy, store: MediaStore, prefixes: PrefixStore, prompts: Sequence[Prompt]) -> tuple[Block, Tensor]:
    """Keys and values of whole prompts, and the logits [U, V] after each. Only tokens beyond a kept prefix are run."""
    found = [prefixes.find(prompt) for prompt in prompts]
    starts = [0 if each is None else each.length for each in found]
    spans = [span for prompt, start in zip(prompts, starts, strict=True) for span in prompt.media if span.start >= start]
    features = image_features(policy, spans, store)
    fresh = [len(prompt.tokens) - start for prompt, start in zip(prompts, starts, strict=True)]
    groups = [sorted(group) for group in batches(fresh, max_tokens=PREFILL_TOKENS)]
    blocks, hidden = [], []
    for group in groups:
        held = max(starts[u] for u in group)
        block = Block(policy, len(group), held + max(fresh[u] for u in group) + (16 if len(groups) == 1 else 0))
        _fill(block, [found[u] for u in group])
        block.at = held
        rows = rows_of(policy, [prompts[u] for u in group], features, starts=[starts[u] for u in group])
        width = rows.order_RT.shape[1]
        block.order_RS[:, held : held + width] = rows.key_order_RT
        seen, near = masks(
            policy, rows.order_RT, block.order_RS[:, : held + width], together_RT=rows.together_RT,
            dtype=rows.embeds_RTD.dtype,
        )
        out = policy.family.text(
            policy.model, rows.embeds_RTD, rows.positions_ART, seen, window_mask_B1TS=near, cache=block,
            levels=rows.levels, visual_BT=rows.visual_RT,
        )
        block.at = held + width
        last = torch.tensor([fresh[u] - 1 for u in group], device=policy.device)
        hidden.append(out[torch.arange(len(group), device=policy.device), last])
        blocks.append(block)
    if len(groups) == 1:
        return blocks[0], policy.family.logits(policy.model, hidden[0])
    sizes = [len(prompt.tokens) for prompt in prompts]
    whole = Block(policy, len(prompts), max(sizes) + 16)
    whole.at = max(sizes)
    for group, block in zip(groups, blocks, strict=True):
        whole.copy_prefixes(group, block, range(len(group)), [sizes[u] for u in group])
    order = torch.tensor([u for group in groups for u in group], device=policy.device).argsort()
    return whole, policy.family.logits(policy.model, torch.cat(hidden)[order])


def _fill(block: Block, found: Sequence[Found | None]) -> None:
    sources: dict[int, list[int]] = {}
    for row, each in enumerate(found):
        if each is not None:
            sources.setdefault(id(each.block), []).append(row)
    for rows in sources.values():
        held = [each for row in rows if (each := found[row]) is not None]
        block.copy_prefixes(rows, held[0].block, [each.row for each in held], [each.length for each in held])


def _decode(
    policy: Policy, prefixes: PrefixStore, block: Block, logits_RV: Tensor, prompts: Sequence[Prompt],
    samplings: Sequence[Sampling], aborted: Callable[[], bool],
) -> list[Completion]:
    draws = Draws(policy, samplings, vocabulary=logits_RV.shape[1])
    device = policy.device
    alive = np.arange(len(prompts))
    size_R = torch.tensor([len(prompt.tokens) for prompt in prompts], device=device)
    position_R = torch.tensor([policy.family.next_position(prompt) for prompt in prompts], device=device)
    ended_R = torch.zeros(len(prompts), dtype=torch.bool, device=device)
    step = 0
    while True:
        if aborted():
            draws.cut(alive[~ended_R.cpu().numpy()])
            break
        token_R, over_R = draws.take(allowed_logits(logits_RV, policy.banned), alive, step, ended_R)
        ended_R = ended_R | over_R
        step += 1
        left = int((~ended_R).sum())
        if left == 0:
            break
        if 2 * left <= len(alive):
            keep = torch.nonzero(~ended_R)[:, 0]
            gone = torch.nonzero(ended_R)[:, 0]
            _remember(prefixes, block.select(gone), alive[gone.cpu().numpy()], prompts, draws)
            block, alive = block.select(keep), alive[keep.cpu().numpy()]
            token_R, size_R, position_R = token_R[keep], size_R[keep], position_R[keep]
            ended_R = torch.zeros(left, dtype=torch.bool, device=device)
        logits_RV = _step(policy, block, token_R, size_R, position_R, step - 1, ended_R)
    _remember(prefixes, block, alive, prompts, draws)
    return draws.completions(policy.version)


def _step(
    policy: Policy, block: Block, token_R: Tensor, size_R: Tensor, position_R: Tensor, step: int, ended_R: Tensor
) -> Tensor:
    """Append one token to every row; rows that ended write where nobody looks."""
    block.reserve(1)
    order_R1 = (size_R + step)[:, None]
    block.order_RS[:, block.at] = order_R1[:, 0].masked_fill(ended_R, FAR)
    query_R1 = order_R1.masked_fill(ended_R[:, None], FAR - 1)
    embeds = policy.family.embed(policy.model, token_R[:, None])
    seen, near = masks(policy, query_R1, block.order_RS[:, : block.at + 1], dtype=embeds.dtype)
    positions = (position_R + step)[None, :, None].expand(policy.family.axes, -1, 1)
    hidden = policy.family.text(policy.model, embeds, positions, seen, window_mask_B1TS=near, cache=block)
    block.at += 1
    return policy.family.logits(policy.model, hidden[:, 0])


def _remember(
    prefixes: PrefixStore, block: Block, rows: np.ndarray, prompts: Sequence[Prompt], draws: Draws
) -> None:
    """Keep each row up to the token before its last: the last was drawn, but never run."""
    whole = [prompts[row].extend(draws.tokens_of(row)[:-1]) for row in rows]
    ends = [sorted({len(prompts[row].tokens), len(each.tokens)}) for row, each in zip(rows, whole, strict=True)]
    prefixes.keep(block, range(len(rows)), whole, ends)
