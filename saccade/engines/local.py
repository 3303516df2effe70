"""The local engine: many trajectories wait, one batch answers them all, on the very weights that are being trained.

A trajectory opens a `session()` for as long as it lives. In the deterministic mode (the default) a batch is formed when
every live session waits for tokens, ordered by the seeds of the requests, so that its composition never depends on who
arrived first; the batch runs on the event loop's own thread, for nobody has anything else to do. Otherwise whatever
waits is batched as soon as the last batch is done, in a worker thread, and tools run meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from saccade.core.engine import Completion, Prompt, Sampling
from saccade.core.store import MediaStore
from saccade.engines.local_batch import run_batch
from saccade.engines.local_cache import PrefixStore
from saccade.models.family import check_spans
from saccade.models.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
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
    max_batch_tokens: rows times (longest prompt + max_tokens) of one batch; more requests run as several batches.
    """

    def __init__(
        self, policy: Policy, store: MediaStore, *, deterministic: bool = True, cache_bytes: int = 2 << 30,
        max_batch_tokens: int = 1 << 18,
    ) -> None:
        self.policy, self.store, self.deterministic = policy, store, deterministic
        self.max_batch_tokens = max_batch_tokens
        self.prefixes = PrefixStore(cache_bytes)
        self.aborted = False
        self._waiting: list[_Request] = []
        self._live = 0
        self._busy = False
        self._running: asyncio.Task[None] | None = None

    @property
    def version(self) -> int:
        return self.policy.version

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
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._run_if_ready)

    def _run_if_ready(self) -> None:
        self._waiting = [each for each in self._waiting if not each.future.done()]
        if not self._waiting or self._busy:
            return
        if self.deterministic:
            if len(self._waiting) >= self._live or self.aborted:
                requests, self._waiting = self._waiting, []
                for part in self._parts(requests):
                    self._answer(part, self._sample(part))
                self.aborted = False
            return
        self._busy = True
        requests, self._waiting = self._waiting, []
        self._running = asyncio.get_running_loop().create_task(self._run_in_thread(requests))

    async def _run_in_thread(self, requests: list[_Request]) -> None:
        try:
            for part in self._parts(requests):
                self._answer(part, await asyncio.to_thread(self._sample, part))
        finally:
            self._busy, self.aborted = False, False
            self._wake()

    def _parts(self, requests: list[_Request]) -> list[list[_Request]]:
        """Requests by seed, cut into batches under the budget."""
        ordered = sorted(requests, key=lambda each: (each.sampling.seed, each.prompt.tokens.tobytes()))
        parts: list[list[_Request]] = []
        longest = 0
        for request in ordered:
            longest = max(longest, len(request.prompt.tokens) + request.sampling.max_tokens)
            if not parts or longest * (len(parts[-1]) + 1) > self.max_batch_tokens:
                parts.append([])
                longest = len(request.prompt.tokens) + request.sampling.max_tokens
            parts[-1].append(request)
        return parts

    def _sample(self, requests: list[_Request]) -> list[Completion] | Exception:
        try:
            return run_batch(
                self.policy, self.store, self.prefixes, [each.prompt for each in requests],
                [each.sampling for each in requests], aborted=lambda: self.aborted,
            )
        except Exception as error:  # handed to everybody who waits: each trajectory records it at its own boundary
            return error

    def _answer(self, requests: list[_Request], out: list[Completion] | Exception) -> None:
        for index, request in enumerate(requests):
            if request.future.done():
                continue
            if isinstance(out, Exception):
                request.future.set_exception(out)
            else:
                request.future.set_result(out[index])
