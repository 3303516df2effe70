"""The local engine: many trajectories wait, one batch answers them all, on the very weights that are being trained.

A trajectory opens a `session()` for as long as it lives. Rows that have ended leave the batch at once, so their tools run
while the others are still being sampled, and come back with their next request: a straggler holds nobody. They are let in
when so many are out that a new batch is worth its prefill (`refill`), or have lost as much by waiting as that costs.

In the deterministic mode (the default) who is in a batch follows from the tokens alone, never from the clock: when enough
rows have ended, the engine waits for every live trajectory that is out and lets them in by the seeds of their requests.
Otherwise whoever is back is let in, and sampling runs in a worker thread while tools run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from saccade.core.engine import Completion, Prompt, Sampling
from saccade.core.store import MediaStore
from saccade.engines.local_batch import Decoder, sampling_mode
from saccade.engines.local_cache import PrefixStore
from saccade.engines.local_draw import Stream
from saccade.models.family import check_spans
from saccade.models.policy import Policy

Value = TypeVar("Value")

ENTRY_STEPS = 4
"""Steps that the rows of a batch could have made in the time that letting others in takes them, about."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Request:
    prompt: Prompt
    sampling: Sampling
    future: asyncio.Future[Completion]


class LocalEngine:
    """An `Engine` over a loaded policy.

    ``async with`` is not needed: nothing is started. Use::

        with engine.session():                  # one for each live trajectory, opened before the first of them asks
            completion = await engine.generate(prompt, sampling)

    or ``engine.live(+n)`` and ``engine.live(-1)`` where a context manager does not fit. A session that ends lets the others
    go on; when a slot is refilled, open the new session before the old one is closed. Requests made outside any session
    are batched with whatever else waits at the end of the event loop's turn.

    cache_bytes: budget for keys and values kept across turns (least recently used go first); 0 keeps none.
    max_batch_tokens: rows times (longest prompt + max_tokens) of one batch; more requests wait for others to end.
    refill: the share of a batch that must be out before rows are let in; 1 waits for the last row (the plain way)
    """

    def __init__(
        self, policy: Policy, store: MediaStore, *, deterministic: bool = True, cache_bytes: int = 2 << 30,
        max_batch_tokens: int = 1 << 18, refill: float = 0.5,
    ) -> None:
        self.policy, self.store, self.deterministic = policy, store, deterministic
        self.max_batch_tokens, self.refill = max_batch_tokens, refill
        self.prefixes = PrefixStore(cache_bytes)
        self.aborted = False
        self._waiting: list[_Request] = []
        self._live = 0
        self._serving: asyncio.Task[None] | None = None
        self._changed: asyncio.Event | None = None
        self._worker: ThreadPoolExecutor | None = None  # always the same thread: each has its own team and its own memory

    @property
    def version(self) -> int:
        return self.policy.version

    def twins(self, count: int) -> list[LocalEngine]:
        """Engines on copies of the weights, one for each batch of rollouts that is under way while these learn; `follow`
        brings one up to date. (An engine whose server goes on under old weights may give the same twin `count` times.)"""
        settings = {
            "deterministic": self.deterministic, "cache_bytes": self.prefixes.max_bytes,
            "max_batch_tokens": self.max_batch_tokens, "refill": self.refill,
        }
        return [LocalEngine(self.policy.copied(), self.store, **settings) for _ in range(count)]

    def follow(self, policy: Policy) -> None:
        """Sample under the weights of `policy` from now on. Nothing may be under way."""
        assert not self._live and not self._waiting, "weights change while trajectories are sampled"
        self.policy.follow(policy)

    @contextmanager
    def session(self) -> Iterator[None]:
        """One live trajectory. Must be entered inside a running event loop."""
        self.live(+1)
        try:
            yield
        finally:
            self.live(-1)

    def live(self, change: int) -> None:
        """Register (+n) or release (-n) live trajectories. The first ones start with no kept prefixes in the deterministic
        mode: what a run that was resumed samples must not depend on what was asked before it."""
        if self.deterministic and self._live == 0 < change:
            self.prefixes.clear()
        self._live += change
        assert self._live >= 0, "more sessions released than registered"
        self._wake()

    def forget(self) -> None:
        """Drop what is kept of earlier requests: a run that is resumed would not have it."""
        self.prefixes.at_version(-1)

    def abort(self) -> None:
        """End every row that is being sampled or waits, with finish ``abort``; later requests run again."""
        self.aborted = True
        self._wake()

    async def generate(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Sample a continuation. Raises ValueError for a prompt whose placeholders disagree with its spans."""
        check_spans(self.policy.family, prompt)
        if not len(prompt.tokens) or sampling.max_tokens < 1:
            raise ValueError(f"nothing to sample: a prompt of {len(prompt.tokens)} tokens, max_tokens {sampling.max_tokens}")
        request = _Request(prompt=prompt, sampling=sampling, future=asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        self._wake()
        return await request.future

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()
        if self._waiting and self._serving is None:
            asyncio.get_running_loop().call_soon(self._serve_if_ready)

    def _serve_if_ready(self) -> None:
        self._forget_cancelled()
        if self._serving is None and self._waiting and self._all_here(0):
            self._serving = asyncio.get_running_loop().create_task(self._serve())

    def _all_here(self, num_active: int) -> bool:
        """Whether every live trajectory is being sampled or waits; without the deterministic mode nobody is waited for."""
        return not self.deterministic or self.aborted or len(self._waiting) + num_active >= self._live

    def _forget_cancelled(self) -> None:
        self._waiting = [each for each in self._waiting if not each.future.done()]

    async def _serve(self) -> None:
        """Sample until nobody is left in the batch and nobody waits."""
        asked: dict[Stream, _Request] = {}
        self._changed = asyncio.Event()
        try:
            with sampling_mode(self.policy):
                decoder = Decoder(self.policy, self.store, self.prefixes)
                began_with = lost = 0
                while True:
                    if self._due(decoder.num_active, began_with, lost):
                        await self._gather(decoder.num_active)
                        await self._admit(decoder, asked)
                        began_with, lost = decoder.num_active, 0
                    if not decoder.num_active:
                        break
                    for each, request in asked.items():
                        each.over = each.over or request.future.done()  # nobody waits for it any more
                    self._deliver(decoder.cut() if self.aborted else await self._run(decoder.step), asked)
                    await asyncio.sleep(0)
                    lost += len(self._waiting)
                decoder.compact()
        except Exception as error:  # handed to everybody who waits: each trajectory records it at its own boundary
            for request in asked.values():
                if not request.future.done():
                    request.future.set_exception(error)
        finally:
            self._serving, self.aborted = None, False
            self._wake()

    def _due(self, num_active: int, began_with: int, lost: int) -> bool:
        """Whether it is time to let rows in: from the tokens alone in the deterministic mode, else when enough are back, or
        when those who wait have together lost as many steps as letting them in costs the others."""
        if num_active == 0:
            return bool(self._waiting) and self._all_here(0)
        if self.deterministic:
            return began_with - num_active >= self.refill * began_with
        enough = len(self._waiting) >= self.refill * (num_active + len(self._waiting))
        return bool(self._waiting) and (enough or lost >= ENTRY_STEPS * num_active)

    async def _gather(self, num_active: int) -> None:
        assert self._changed is not None
        while not self._all_here(num_active):
            self._changed.clear()
            await self._changed.wait()
        self._forget_cancelled()

    async def _admit(self, decoder: Decoder, asked: dict[Stream, _Request]) -> None:
        """Let in as many of those who wait as the budget allows, by seed; the others stay in line."""
        if self.aborted:
            for request in self._waiting:
                request.future.set_result(_nothing(self.version))
            self._waiting = []
        entering = self._next(decoder.streams)
        if not entering:
            decoder.compact()
            return
        self._waiting = [each for each in self._waiting if each not in entering]
        try:
            prompts, samplings = [each.prompt for each in entering], [each.sampling for each in entering]
            streams = await self._run(lambda: decoder.admit(prompts, samplings))
        except Exception as error:  # nothing joined: those who are in go on
            for request in entering:
                if not request.future.done():
                    request.future.set_exception(error)
            return
        asked.update(zip(streams, entering, strict=True))

    def _next(self, streams: list[Stream]) -> list[_Request]:
        active = [len(each.prompt.tokens) + each.sampling.max_tokens for each in streams if not each.over]
        longest, chosen = max(active, default=0), []
        for request in sorted(self._waiting, key=lambda each: (each.sampling.seed, each.prompt.tokens.tobytes())):
            longest = max(longest, len(request.prompt.tokens) + request.sampling.max_tokens)
            if (active or chosen) and longest * (len(active) + len(chosen) + 1) > self.max_batch_tokens:
                break
            chosen.append(request)
        return chosen

    async def _run(self, work: Callable[[], Value]) -> Value:
        if self.deterministic:
            return work()
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, "sampling")
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _deliver(self, ended: list[Stream], asked: dict[Stream, _Request]) -> None:
        for each in ended:
            future = asked.pop(each).future
            if not future.done():
                future.set_result(each.completion(self.version))


def _nothing(version: int) -> Completion:
    return Completion(tokens=np.zeros(0, np.int32), logp=np.zeros(0, np.float32), finish="abort", version=version)


@contextmanager
def local(policy: Policy, store: MediaStore, *, folder: Path, deterministic: bool = True) -> Iterator[LocalEngine]:
    """Open the local engine for a policy (the default of a run); nothing is started and `folder` stays as it is."""
    yield LocalEngine(policy, store, deterministic=deterministic)
