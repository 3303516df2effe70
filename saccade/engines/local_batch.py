"""A batch that rows join and leave: prefill what is new, sample, let finished rows go, keep their keys and values.

Equal prompts (the members of a group) are prefilled once. Each row draws from a stream named by its own seed, one number
a token, so that it gives the same tokens alone and in any company (up to rounding of the logits). Rows that ended are
dropped once they are half of the batch, or when others join.

R rows, U distinct prompts, T tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from saccade.core.engine import Completion, Prompt, Sampling
from saccade.core.store import MediaStore
from saccade.engines.local_cache import Block, Found, PrefixStore
from saccade.engines.local_draw import Draws, Stream, stream
from saccade.models.distribution import allowed_logits
from saccade.models.inputs import FAR, image_features, masks, rows_of
from saccade.models.plan import batches
from saccade.models.policy import Policy

PREFILL_TOKENS = 1 << 14
ROOM = 16
"""Columns behind a new batch, for the first tokens it samples."""


def run_batch(
    policy: Policy, store: MediaStore, prefixes: PrefixStore, prompts: Sequence[Prompt], samplings: Sequence[Sampling],
    *, aborted: Callable[[], bool] = lambda: False,
) -> list[Completion]:
    """Completions in the order of the prompts, all of them begun together and nothing joining: the plain way.

    `aborted` is asked before every token.
    """
    with sampling_mode(policy):
        decoder = Decoder(policy, store, prefixes)
        streams = decoder.admit(prompts, samplings)
        while decoder.num_active:
            if aborted():
                decoder.cut()
            else:
                decoder.step()
        decoder.compact()
    return [each.completion(policy.version) for each in streams]


@contextmanager
def sampling_mode(policy: Policy) -> Iterator[None]:
    """The model in evaluation mode while the block runs."""
    training = policy.model.training
    policy.model.eval()
    try:
        yield
    finally:
        policy.model.train(training)


class Decoder:
    """Rows that are being sampled. Between two calls every row that goes on has the logits of its next token."""

    def __init__(self, policy: Policy, store: MediaStore, prefixes: PrefixStore) -> None:
        self.policy, self.store, self.prefixes = policy, store, prefixes
        self.streams: list[Stream] = []
        self._vocabulary = policy.model.get_output_embeddings().weight.shape[0]

    @property
    def num_active(self) -> int:
        return sum(not each.over for each in self.streams)

    @torch.no_grad()
    def admit(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Stream]:
        """Let requests join, behind the rows that go on. Raises ValueError for settings that cannot work."""
        new = [stream(*pair, vocabulary=self._vocabulary) for pair in zip(prompts, samplings, strict=True)]
        self.prefixes.at_version(self.policy.version)
        self.compact()
        unique, member_R = _distinct(prompts)
        block, logits = prefill(self.policy, self.store, self.prefixes, unique)
        if member_R != list(range(len(unique))):
            rows = torch.tensor(member_R, device=self.policy.device)
            block, logits = block.select(rows, room=ROOM), logits.index_select(0, rows)
        if self.streams:
            block, logits = self._joined(block, [each.size for each in new]), torch.cat([self._logits_RV, logits])
        self.streams = self.streams + new
        self._block, self._logits_RV = block, logits
        self._tables()
        return new

    def _joined(self, block: Block, sizes: Sequence[int]) -> Block:
        """The rows that go on, moved to the left, and under them the rows of `block`."""
        held = [each.size for each in self.streams]
        whole = Block(self.policy, len(held) + len(sizes), max(*held, *sizes) + ROOM)
        whole.copy_prefixes(range(len(held)), self._block, range(len(held)), held)
        whole.copy_prefixes(range(len(held), len(held) + len(sizes)), block, range(len(sizes)), sizes)
        whole.at = max(*held, *sizes)
        return whole

    def _tables(self) -> None:
        device, family = self.policy.device, self.policy.family
        self._draws = Draws(self.policy, self.streams, vocabulary=self._vocabulary)
        drawn = [len(each.tokens) for each in self.streams]
        self._order_R = torch.tensor([each.size for each in self.streams], device=device)
        next_R = [family.next_position(each.prompt) + count for each, count in zip(self.streams, drawn, strict=True)]
        self._position_R = torch.tensor(next_R, device=device)

    @torch.no_grad()
    def step(self) -> list[Stream]:
        """Draw one token for every row that goes on, and run it. Returns the streams that ended with it."""
        before = [each.over for each in self.streams]
        if not self.num_active:
            return []
        token_R = self._draws.take(allowed_logits(self._logits_RV, self.policy.banned))
        ended = [each for each, was in zip(self.streams, before, strict=True) if each.over and not was]
        going = self.num_active
        if not going:
            return ended
        if 2 * going <= len(self.streams):
            kept = [row for row, each in enumerate(self.streams) if not each.over]
            self.compact(run=False)
            token_R = token_R[torch.tensor(kept, device=token_R.device)]
        self._advance(token_R)
        return ended

    def _advance(self, token_R: Tensor) -> None:
        """Run the tokens just drawn; rows that ended write where nobody looks."""
        policy, block = self.policy, self._block
        ended_R = torch.tensor([each.over for each in self.streams], device=policy.device)
        block.reserve(1)
        block.order_RS[:, block.at] = self._order_R.masked_fill(ended_R, FAR)
        query_R1 = self._order_R.masked_fill(ended_R, FAR - 1)[:, None]
        embeds = policy.family.embed(policy.model, token_R[:, None])
        seen, near = masks(policy, query_R1, block.order_RS[:, : block.at + 1], dtype=embeds.dtype)
        positions = self._position_R[None, :, None].expand(policy.family.axes, -1, 1)
        hidden = policy.family.text(policy.model, embeds, positions, seen, window_mask_B1TS=near, cache=block)
        block.at += 1
        self._order_R, self._position_R = self._order_R + 1, self._position_R + 1
        self._logits_RV = policy.family.logits(policy.model, hidden[:, 0])

    def cut(self) -> list[Stream]:
        """End every row that goes on, with what it has."""
        going = [each for each in self.streams if not each.over]
        for each in going:
            each.over, each.finish = True, "abort"
        return going

    def compact(self, *, run: bool = True) -> None:
        """Drop the rows that ended, keeping their keys and values for the next turn.

        run: whether the last token of the rows that go on has been run (it has between two steps)
        """
        gone = [row for row, each in enumerate(self.streams) if each.over]
        if not gone:
            return
        kept = [row for row, each in enumerate(self.streams) if not each.over]
        self._remember(gone if kept else None)
        if kept:
            rows = torch.tensor(kept, device=self.policy.device)
            room = self._block.data.shape[3] - self._block.at
            self._block, self._logits_RV = self._block.select(rows, room=room), self._logits_RV.index_select(0, rows)
        self.streams = [self.streams[row] for row in kept]
        if kept:
            self._tables()
            if not run:  # the token that was just drawn is not in the block yet
                self._order_R, self._position_R = self._order_R - 1, self._position_R - 1

    def _remember(self, rows: Sequence[int] | None) -> None:
        """Keep rows (None: all) up to the token before their last: the last was drawn, but never run."""
        chosen = range(len(self.streams)) if rows is None else rows
        block = self._block if rows is None else self._block.select(torch.tensor(rows, device=self.policy.device))
        streams = [self.streams[row] for row in chosen]
        whole = [each.prompt.extend(np.array(each.tokens[:-1], np.int32)) for each in streams]
        ends = [sorted({len(each.prompt.tokens), len(kept.tokens)}) for each, kept in zip(streams, whole, strict=True)]
        self.prefixes.keep(block, range(len(streams)), whole, ends)


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
        block = Block(policy, len(group), held + max(fresh[u] for u in group) + (ROOM if len(groups) == 1 else 0))
        _fill(block, [found[u] for u in group])
        prefixes.release(each for u in group if (each := found[u]) is not None)
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
    whole = Block(policy, len(prompts), max(sizes) + ROOM)
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
