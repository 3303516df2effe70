"""Keys and values in columns that stay where they were written, and the prefixes that later turns find again.

A block holds the rows of one batch. Columns are shared, rows are ragged: `order` says which token of its own sequence a
column holds for a row, so padding, finished rows and gaps need no moving, only a mask. A prefix is found by its exact
tokens and images; whatever is not equal to the last token is computed again.

L layers, R rows, S columns, H key heads, D head size.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
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
        dtype = next(policy.model.parameters()).dtype
        self.data = torch.zeros(
            2, text.num_hidden_layers, num_rows, num_columns, *self.shape[2:], device=policy.device, dtype=dtype
        )
        self.order_RS = torch.full((num_rows, num_columns), FAR, dtype=torch.int64, device=policy.device)
        self.at = 0

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
        """Make room for so many columns after `at`, a quarter more than there are, so that copies are few."""
        have = self.data.shape[3]
        if self.at + num_columns <= have:
            return
        want = max(self.at + num_columns, have + have // 4)
        grown = self._with_columns(self.shape[1], want)
        grown.data[:, :, :, : self.at] = self.data[:, :, :, : self.at]
        grown.order_RS[:, : self.at] = self.order_RS[:, : self.at]
        self.data, self.order_RS = grown.data, grown.order_RS

    def select(self, rows: Tensor, *, room: int = 0) -> Block:
        """A new block with some rows, in this order, and `room` free columns behind them."""
        out = self._with_columns(len(rows), self.at + room)
        for kind in range(2):  # layer by layer, here and below: everything at once would be held twice for a moment
            for layer in range(self.shape[0]):
                out.data[kind, layer, :, : self.at] = self.data[kind, layer, :, : self.at].index_select(0, rows)
        out.order_RS[:, : self.at] = self.order_RS[:, : self.at].index_select(0, rows)
        return out

    def _with_columns(self, num_rows: int, num_columns: int) -> Block:
        """A block of this kind whose first `at` columns are yet to be written; those behind them are zero, as a masked key
        that is not finite would spoil a row."""
        layers, _, heads, size = self.shape
        out = object.__new__(Block)
        out.shape, out.at = (layers, num_rows, heads, size), self.at
        out.data = self.data.new_empty(2, layers, num_rows, num_columns, heads, size)
        out.data[:, :, :, self.at :] = 0
        out.order_RS = self.order_RS.new_full((num_rows, num_columns), FAR)
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
        to, of = (torch.from_numpy(np.concatenate(each)).to(self.data.device) for each in (here, there))
        for kind in range(2):
            for layer in range(self.shape[0]):
                taken = source.data[kind, layer].flatten(0, 1).index_select(0, of)
                self.data[kind, layer].flatten(0, 1).index_copy_(0, to, taken)
        self.order_RS.view(-1)[to] = torch.from_numpy(np.concatenate([np.arange(each) for each in lengths])).to(to.device)


@dataclass(frozen=True, slots=True)
class Found:
    """The first `length` tokens of a prompt stand in row `row` of `block`, which is number `number` of its store."""

    block: Block
    row: int
    length: int
    number: int


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
                return Found(block=self._blocks[place[0]][0], row=place[1], length=usable, number=place[0])
        return None

    def release(self, taken: Iterable[Found]) -> None:
        """Forget rows that others have taken up: when those end they are kept anew, with what came after."""
        gone = {(each.number, each.row) for each in taken}
        for number in {number for number, _ in gone} & set(self._blocks):
            block, keys = self._blocks[number]
            for key in [key for key in keys if self._rows.get(key) in gone]:
                self._forget(key)
            left = [key for key in keys if self._rows.get(key, (-1, 0))[0] == number]
            self._blocks[number] = (block, left)
            if not left:
                self._drop(number)

    def keep(self, block: Block, rows: Sequence[int], prompts: Sequence[Prompt], lengths: Sequence[Sequence[int]]) -> None:
        """Remember that row ``rows[i]`` holds the first n tokens of ``prompts[i]`` for each n of ``lengths[i]``."""
        if block.nbytes > self.max_bytes:
            return
        keys: dict[Key, None] = {}
        for row, prompt, each in zip(rows, prompts, lengths, strict=True):
            for length in each:
                key = _key(prompt, length)
                self._lengths[length] += key not in self._rows
                self._rows[key] = (self._next, row)
                keys[key] = None
        self._blocks[self._next] = (block, list(keys))
        self._next += 1
        self.bytes += block.nbytes
        while self.bytes > self.max_bytes:
            self._drop(next(iter(self._blocks)))

    def _drop(self, number: int) -> None:
        block, keys = self._blocks.pop(number)
        self.bytes -= block.nbytes
        for key in keys:
            if self._rows.get(key, (-1, 0))[0] == number:
                self._forget(key)

    def _forget(self, key: Key) -> None:
        del self._rows[key]
        self._lengths[key[0]] -= 1
        if not self._lengths[key[0]]:
            del self._lengths[key[0]]


def _key(prompt: Prompt, length: int) -> Key:
    return length, prompt.tokens[:length].tobytes(), tuple((s.ref, s.start) for s in prompt.media if s.start < length)
