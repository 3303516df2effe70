"""Keys and values in columns that stay where they were written, and the prefixes that later turns find again.

A block holds the rows of one batch. Columns are shared, rows are ragged: `order` says which token of its own sequence a
column holds for a row, so padding, finished rows and gaps need no moving, only a mask. A prefix is found by its exact
tokens and images; whatever is not equal to the last token is computed again.

L layers, R rows, S columns, H key heads, D head size.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from saccade.core.engine import Prompt
from saccade.models.inputs import FAR
from saccade.models.policy import Policy


class Block:
    """A cache the stock classes write into: ``update(keys, values, layer)``. `at` is the next free column."""

    def __init__(self, policy: Policy, num_rows: int, num_columns: int) -> None:
        text = policy.model.config.get_text_config()
        size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
        self.shape = (text.num_hidden_layers, num_rows, text.num_key_value_heads, size)
        self.data = self._empty(num_columns, policy.device, next(policy.model.parameters()).dtype)
        self.order_RS = torch.full((num_rows, num_columns), FAR, dtype=torch.int64, device=policy.device)
        self.at = 0

    def _empty(self, num_columns: int, device: torch.device, dtype: torch.dtype) -> Tensor:
        layers, rows, heads, size = self.shape
        return torch.zeros(2, layers, rows, num_columns, heads, size, device=device, dtype=dtype)

    @property
    def nbytes(self) -> int:
        return self.data.numel() * self.data.element_size()

    def update(self, keys: Tensor, values: Tensor, layer: int, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        """Write [R, H, T, D] at the current columns, return all columns up to them as [R, H, S, D]."""
        until = self.at + keys.shape[2]
        self.data[0, layer, :, self.at : until] = keys.transpose(1, 2)
        self.data[1, layer, :, self.at : until] = values.transpose(1, 2)
        return self.data[0, layer, :, :until].transpose(1, 2), self.data[1, layer, :, :until].transpose(1, 2)

    def reserve(self, num_columns: int) -> None:
        """Make room for so many columns after `at`; doubles, so that the copies cost what the columns cost."""
        have = self.data.shape[3]
        if self.at + num_columns <= have:
            return
        want = max(self.at + num_columns, 2 * have)
        grown = self._empty(want, self.data.device, self.data.dtype)
        grown[:, :, :, : self.at] = self.data[:, :, :, : self.at]
        order = self.order_RS.new_full((self.shape[1], want), FAR)
        order[:, : self.at] = self.order_RS[:, : self.at]
        self.data, self.order_RS = grown, order

    def select(self, rows: Tensor) -> Block:
        """A new block with some rows, in this order."""
        out = object.__new__(Block)
        out.shape = (self.shape[0], len(rows), *self.shape[2:])
        out.data, out.order_RS, out.at = self.data.index_select(2, rows), self.order_RS.index_select(0, rows), self.at
        return out

    def copy_prefixes(self, rows: Sequence[int], source: Block, source_rows: Sequence[int], lengths: Sequence[int]) -> None:
        """Put the first `lengths[i]` tokens of a source row into columns 0.. of row ``rows[i]``."""
        order = source.order_RS[:, : source.at].cpu().numpy()
        here, there = [], []
        for row, other, length in zip(rows, source_rows, lengths, strict=True):
            columns = np.flatnonzero(order[other] < length)
            assert len(columns) == length, "a cached row lacks tokens of its prefix"
            there.append(other * source.data.shape[3] + columns)
            here.append(row * self.data.shape[3] + np.arange(length))
        to = torch.from_numpy(np.concatenate(here)).to(self.data.device)
        taken = source.data.flatten(2, 3).index_select(2, torch.from_numpy(np.concatenate(there)).to(self.data.device))
        self.data.flatten(2, 3).index_copy_(2, to, taken)
        self.order_RS.view(-1)[to] = torch.from_numpy(np.concatenate([np.arange(each) for each in lengths])).to(to.device)


@dataclass(frozen=True, slots=True)
class Found:
    """The first `length` tokens of a prompt stand in row `row` of `block`."""

    block: Block
    row: int
    length: int


Key = tuple[int, bytes, tuple[tuple[str, int], ...]]


class PrefixStore:
    """Blocks by the prefixes their rows hold, under a byte budget, for one version of the weights."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.bytes, self.version = max_bytes, 0, -1
        self._rows: dict[Key, tuple[int, int]] = {}
        self._blocks: OrderedDict[int, tuple[Block, list[Key]]] = OrderedDict()
        self._lengths: Counter[int] = Counter()
        self._next = 0

    def at_version(self, version: int) -> None:
        """Forget everything when the weights changed."""
        if version != self.version:
            self.clear()
            self.version = version

    def clear(self) -> None:
        for number in list(self._blocks):
            self._drop(number)

    def find(self, prompt: Prompt) -> Found | None:
        """The longest kept prefix that leaves at least one token to run and cuts no image."""
        size = len(prompt.tokens)
        for length in sorted(self._lengths, reverse=True):
            if length > size:
                continue
            place = self._rows.get(_key(prompt, length))
            if place is None:
                continue
            self._blocks.move_to_end(place[0])
            usable = min(length, size - 1)
            if usable and not any(span.start < usable < span.start + span.length for span in prompt.media):
                return Found(block=self._blocks[place[0]][0], row=place[1], length=usable)
        return None

    def keep(self, block: Block, rows: Sequence[int], prompts: Sequence[Prompt], lengths: Sequence[Sequence[int]]) -> None:
        """Remember that row ``rows[i]`` holds the first n tokens of ``prompts[i]`` for each n of ``lengths[i]``."""
        if block.nbytes > self.max_bytes:
            return
        keys = []
        for row, prompt, each in zip(rows, prompts, lengths, strict=True):
            for length in each:
                key = _key(prompt, length)
                self._lengths[length] += key not in self._rows
                self._rows[key] = (self._next, row)
                keys.append(key)
        self._blocks[self._next] = (block, keys)
        self._next += 1
        self.bytes += block.nbytes
        while self.bytes > self.max_bytes:
            self._drop(next(iter(self._blocks)))

    def _drop(self, number: int) -> None:
        block, keys = self._blocks.pop(number)
        self.bytes -= block.nbytes
        for key in keys:
            if self._rows.get(key, (-1, 0))[0] == number:
                del self._rows[key]
                self._lengths[key[0]] -= 1
                if not self._lengths[key[0]]:
                    del self._lengths[key[0]]


def _key(prompt: Prompt, length: int) -> Key:
    return length, prompt.tokens[:length].tobytes(), tuple((s.ref, s.start) for s in prompt.media if s.start < length)
