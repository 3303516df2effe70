"""An engine behind a token endpoint: token ids and images go out, token ids and log-probabilities come back.

The server holds copies of the policy's weights, by name. Before a request is sent the engine looks whether the policy has
moved on since, writes its weights to a folder both can read and has the server load them; what still runs there is
finished first, under the name it began with, and its answer says so. A server that lost everything (killed and started
again) is given weights and images anew, because it asks for them: no request is lost, none is answered by other weights
than those its completion names.
"""

from __future__ import annotations

import asyncio
import shutil
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from saccade.clients._transport import EndpointError, RequestRefused, Transport
from saccade.core.engine import Completion, Prompt, Sampling
from saccade.core.store import Cache, MediaStore
from saccade.engines.served_form import (
    check_prompt,
    completion_from,
    images_body,
    marked,
    needed,
    picture_bytes,
    sampling_body,
)
from saccade.engines.served_process import Once
from saccade.models.export import write_model
from saccade.models.family import check_spans
from saccade.models.policy import Policy

ROUNDS = 8
"""How often a server may ask for something before it answers."""
IMAGES_BYTES = 64 << 20
"""Of images sent in one request."""


class Server(Protocol):
    """Where the endpoint is, and who looks after it."""

    url: str
    key: str

    async def running(self) -> None: ...

    async def mend(self) -> None: ...

    def close(self) -> None: ...


@dataclass(slots=True, kw_only=True)
class Elsewhere:
    """A server that somebody else started, and starts anew."""

    url: str
    key: str = field(default="", repr=False)

    async def running(self) -> None: ...

    async def mend(self) -> None: ...

    def close(self) -> None: ...


class ServedEngine:
    """An `Engine` over a policy whose weights are copied to a server.

    shared:     a folder this process writes and the server reads: weights go through it, one folder a version
    name:       of these weights among those of others, made up; version v is called ``name-v``
    timeout_s:  of one attempt at a request; deadline_s: of all attempts at it
    """

    deterministic = False

    def __init__(
        self, policy: Policy, store: MediaStore, server: Server, shared: Path, *, timeout_s: float = 900.0,
        deadline_s: float = 3600.0, retries: int = 6, concurrency: int = 256,
    ) -> None:
        self.policy, self.store, self.server, self.shared = policy, store, server, Path(shared)
        self.name = f"w{uuid.uuid4().hex[:12]}"
        self.newest = policy.version
        self.pushed, self.seconds_pushing = 0, 0.0
        self._held = ""
        self.stop = tuple(policy.renderer.stop)
        self._banned = tuple(policy.banned.tolist())
        self._vocabulary = policy.model.get_output_embeddings().weight.shape[0]
        self._names: dict[str, str] = {}
        self._encoded = Cache(256 << 20)
        self._pushing = Once()
        common = {"key": server.key, "timeout_s": timeout_s, "deadline_s": deadline_s, "retries": retries}
        self._to = {
            what: Transport(url=f"{server.url}/{what}", mend=server.mend, concurrency=concurrency, **common)
            for what in ("generate", "images", "load")
        }
        self._to |= {
            what: Transport(url=f"{server.url}/{what}", key=server.key, timeout_s=10, deadline_s=10, retries=0)
            for what in ("cancel", "status")
        }

    @property
    def version(self) -> int:
        return self.policy.version

    def forget(self) -> None:
        """Nothing: what a server answers does not depend on what it keeps, up to rounding, and no more is promised."""

    def clear(self) -> None:
        """Take its weights out of the shared folder; a request after this writes them again."""
        for folder in self.shared.glob(f"{self.name}-*"):
            shutil.rmtree(folder, ignore_errors=True)

    async def status(self) -> dict[str, Any]:
        """What the server says of itself: the name of its `weights`, how many requests are `running`."""
        return await self._to["status"].ask({}, accepted)

    def twins(self, count: int) -> list[Twin]:
        """The same engine for every batch that is begun while the learner goes on: the server holds one version, so what
        an earlier batch still asks for is answered by the weights of the latest, and says so."""
        return [Twin(engine=self)] * count

    async def generate(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Sample a continuation under the policy's present weights.

        Raises ValueError for a prompt or settings that cannot be sent and for a server that read another prompt,
        EndpointError where the server cannot be had in time.
        """
        self.newest = max(self.newest, self.policy.version)
        return await self.answer(prompt, sampling)

    async def answer(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """The same under the newest weights that were named so far."""
        check_spans(self.policy.family, prompt)
        how = sampling_body(sampling, self.stop)
        tokens = marked(self.policy.family, prompt)
        pictures = {self._name(span.ref): span.ref for span in prompt.media}
        images = [self._name(span.ref) for span in prompt.media]
        await self.server.running()
        for _ in range(ROUNDS):
            weights = await self._current()
            version = int(weights.rpartition("-")[2])
            identity = uuid.uuid4().hex
            body = {"id": identity, "tokens": tokens, "images": images, "weights": weights, "sampling": how}

            def accept(reply: Any, weights: str = weights, version: int = version) -> Any:
                return needed(reply) or (reply, completion_from(
                    reply, sampling, stop=self.stop, vocabulary=self._vocabulary, banned=self._banned, weights=weights,
                    version=version,
                ))

            try:
                answer = await self._to["generate"].ask(body, accept)
            except asyncio.CancelledError:
                await asyncio.shield(self._cancel(identity))
                raise
            if isinstance(answer, tuple):
                check_prompt(answer[0], prompt)
                return answer[1]
            if "weights" in answer:
                self._held = answer["weights"]
            else:
                await self._send({name: pictures[name] for name in answer["images"] if name in pictures})
        raise EndpointError(f"{self.server.url} asked {ROUNDS} times for images or weights, never answered", kind="broken")

    async def _cancel(self, identity: str) -> None:
        with suppress(EndpointError, RequestRefused):  # then it ends by itself
            await self._to["cancel"].ask({"id": identity}, accepted)

    def _name(self, ref: str) -> str:
        if ref not in self._names:
            name, data = picture_bytes(self.policy.family.scaled(self.store.get(ref)))
            self._names[ref] = name
            self._encoded.put(ref, data, len(data))
        return self._names[ref]

    async def _send(self, refs: dict[str, str]) -> None:
        """Send pictures by name, in requests of bounded size."""
        batch: dict[str, bytes] = {}
        for name, ref in refs.items():
            data = self._encoded.get(ref) or picture_bytes(self.policy.family.scaled(self.store.get(ref)))[1]
            if batch and sum(map(len, batch.values())) + len(data) > IMAGES_BYTES:
                await self._to["images"].ask(images_body(batch), accepted)
                batch = {}
            batch[name] = data
        if batch:
            await self._to["images"].ask(images_body(batch), accepted)

    async def _current(self) -> str:
        """The name of the policy's weights, once the server holds them."""
        while self._held != (wanted := f"{self.name}-{self.newest}"):
            await self._pushing(lambda wanted=wanted: self._load(wanted))
        return wanted

    def write(self) -> Path:
        """Write the policy's present weights where the server finds them, unless they are there; name them the newest.
        Nobody may change them meanwhile."""
        folder = self.shared / f"{self.name}-{self.policy.version}"
        if not folder.is_dir():
            write_model(self.policy, folder)
        self.newest = max(self.newest, self.policy.version)
        return folder

    async def _load(self, name: str) -> None:
        began, folder = time.perf_counter(), self.shared / name
        if not folder.is_dir():
            assert name == f"{self.name}-{self.policy.version}", "weights that were never written are asked for"
            await asyncio.to_thread(self.write)
        self._held = await self._to["load"].ask({"weights": name}, lambda reply: named(reply, name))
        for older in self.shared.glob(f"{self.name}-*"):
            if int(older.name.rpartition("-")[2]) < int(name.rpartition("-")[2]):
                shutil.rmtree(older, ignore_errors=True)
        self.pushed, self.seconds_pushing = self.pushed + 1, self.seconds_pushing + time.perf_counter() - began


@dataclass(slots=True, kw_only=True)
class Twin:
    """A `ServedEngine` beside a learner that goes on: weights are written when it is told to follow, in the learner's own
    thread and between two updates; answers come under those or newer ones, and say under which."""

    engine: ServedEngine
    version: int = -1

    def follow(self, policy: Policy) -> None:
        assert policy is self.engine.policy, "a server holds one policy"
        self.engine.write()
        self.version = policy.version

    async def generate(self, prompt: Prompt, sampling: Sampling) -> Completion:
        return await self.engine.answer(prompt, sampling)


def accepted(reply: Any) -> Any:
    if not isinstance(reply, dict):
        raise ValueError(f"an object was expected, not {type(reply).__name__}")
    return reply


def named(reply: Any, name: str) -> str:
    held = accepted(reply).get("weights")
    if held != name:
        raise ValueError(f"the server holds {held!r:.60} after it was told to load {name!r}")
    return name
