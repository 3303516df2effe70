"""What an episode and its tools may use: images shown so far, calls with deadlines, randomness by name.

A call never ends an attempt because of what the model wrote: unreadable calls, unknown tools, bad arguments, tools that
take too long and `ToolError` all come back as a tool message. A failure of ours is a tool that crashes (and crashes again
when a pure one is called again), or that is late while its canary fails too, or while our own event loop was away for as
long as the tool might have taken.
"""

from __future__ import annotations

import asyncio
import inspect
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from saccade.core.engine import Sampling
from saccade.core.episode import Limits
from saccade.core.message import Image, Message, Part, ToolCall, tool_result
from saccade.core.sample import Sample
from saccade.core.seed import generator
from saccade.core.store import MediaStore
from saccade.core.tool import Tool, ToolError, check_arguments
from saccade.core.trajectory import Stop, ToolEvent
from saccade.rollout.gates import Gates
from saccade.rollout.looks import image_arguments, looked_at, recorded
from saccade.rollout.results import as_parts, writable
from saccade.rollout.waiting import Clock, Late, Stopped, in_thread


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What an attempt has used up and where it stands. Shared by the runner, the context and every call.

    images: those shown on the path that is being extended; offered: tools declared there; asked: the step whose calls
    are run; starved: calls that were late while our event loop was away; stop, failure: set when the attempt must end,
    whatever the episode makes of the exception.
    """

    images: tuple[Image, ...] = ()
    offered: tuple[Tool, ...] = ()
    asked: int = 0
    calls: int = 0
    cost: float = 0.0
    pixels: int = 0
    malformed: int = 0
    starved: int = 0
    events: list[ToolEvent] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    stop: Stop | None = None
    failure: str | None = None


SIDE_BY_SIDE = 16
"""Calls of one message that run at once: a model may write hundreds."""
CANARY_S = 5.0
"""How long a canary may take."""


class ToolCrash(Exception):
    """A tool failed on our side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptContext:
    """The `Context` of one attempt. `names` are the names its randomness is derived from."""

    sample: Sample
    limits: Limits
    tools: tuple[Tool, ...]
    store: MediaStore
    clock: Clock
    ledger: Ledger
    rng: np.random.Generator
    names: tuple[object, ...]
    clients: Mapping[str, Any] = field(default_factory=dict)
    sampling: Sampling = Sampling()
    progress: float = 0.0
    attempt: int = 0
    branch: str = ""
    call_number: int = 0
    sandbox: Any = None
    gates: Gates = field(default_factory=Gates)

    @property
    def images(self) -> tuple[Image, ...]:
        """Images shown so far, in the order of their numbers."""
        return self.ledger.images

    def image(self, which: int | str) -> Image:
        """An image shown so far, by 1-based index (0 or 1: the first) or by ref. Raises ToolError for an unknown one."""
        shown = self.ledger.images
        for image in shown:
            if image.ref == which:
                return image
        try:
            index = int(which)
        except (TypeError, ValueError, OverflowError):
            index = -1
        if 0 <= index <= len(shown) and shown:
            return shown[max(index, 1) - 1]
        raise ToolError(
            f"there is no image {which!r:.40}; " + (f"images are numbered 1 to {len(shown)}" if shown else "none was shown")
        )

    async def call(self, call: ToolCall) -> Message:
        """Run one tool call; the message to show. Mistakes of the model are its text."""
        return (await self.call_all((call,)))[0]

    async def call_all(self, calls: Sequence[ToolCall]) -> tuple[Message, ...]:
        """Run calls side by side. Results, events and failures are in the order of the calls, not of their ends."""
        first = self.ledger.calls
        self.ledger.calls += len(calls)
        free = asyncio.Semaphore(SIDE_BY_SIDE)

        async def turn(call: ToolCall, number: int) -> tuple[Message, ToolEvent, Exception | None]:
            async with free:
                return await self._one(call, number)

        done = await asyncio.gather(*(turn(call, first + index) for index, call in enumerate(calls)))
        self.ledger.events.extend(event for _, event, _ in done)
        for _, _, error in done:
            if error is not None:
                raise error
        if self.ledger.pixels > self.limits.pixels:
            self.ledger.stop = Stop.MAX_PIXELS
        return tuple(message for message, _, _ in done)

    async def _one(self, call: ToolCall, number: int) -> tuple[Message, ToolEvent, Exception | None]:
        started = time.perf_counter()
        event = ToolEvent(step=self.ledger.asked, name=str(call.name), arguments=recorded(call.arguments))
        error: Exception | None = None
        parts: tuple[Part, ...] = ()
        try:
            tool, arguments = self._checked(call)
            event = replace(event, arguments=recorded(arguments))
            self.ledger.cost += tool.cost
            within = replace(self, call_number=number, rng=generator(*self.names, "call", number))
            parts, scores = as_parts(await self._run(tool, arguments, within), self.store)
            self.ledger.scores.update({f"{tool.name}/{name}": value for name, value in scores.items()})
            images = tuple(part for part in parts if isinstance(part, Image))
            self.ledger.pixels += sum(int(np.prod(self.store.size(image.ref))) for image in images)
            event = replace(event, **looked_at(tool, arguments, images, self))
        except ToolError as mistake:
            parts, _ = as_parts(f"Error: {mistake}", self.store)
            event = replace(event, error=str(mistake))
        except Stopped as stopped:
            event, error = replace(event, error=str(stopped)), stopped
        except Exception as crash:  # ours: the attempt ends, the run goes on
            self.ledger.failure = self.ledger.failure or "".join(traceback.format_exception(crash))
            event = replace(event, error=f"{type(crash).__name__}: {crash}", infrastructure=True)
            error = ToolCrash(f"the tool {call.name!r} crashed: {type(crash).__name__}: {crash}")
        event = replace(event, seconds=time.perf_counter() - started)
        return tool_result(*parts, name=writable(str(call.name))), event, error

    def _checked(self, call: ToolCall) -> tuple[Tool, dict[str, Any]]:
        """The tool and its arguments, images resolved. Raises ToolError for everything a model can get wrong."""
        if call.error is not None:
            raise ToolError(call.error)
        offered = {tool.name: tool for tool in self.ledger.offered}
        if not isinstance(call.name, str) or call.name not in offered:
            known = ", ".join(offered) or "none"
            raise ToolError(f"there is no tool {call.name!r:.60}; tools on offer: {known}")
        if not isinstance(call.arguments, dict):
            raise ToolError(f"the arguments of {call.name} must be a JSON object, not {call.arguments!r:.80}")
        tool = offered[call.name]
        arguments = check_arguments(tool, call.arguments)
        images = {name: self.image(arguments[name]) for name in image_arguments(tool) if arguments.get(name) is not None}
        return tool, {**arguments, **images}

    async def _run(self, tool: Tool, arguments: dict[str, Any], within: AttemptContext) -> Any:
        """Call the function, in a thread unless it is a coroutine. A pure tool that crashes is tried once more."""
        work: Callable[..., Any] = tool.function
        body = work if inspect.isroutine(work) else type(work).__call__
        if "context" in inspect.signature(work).parameters:
            arguments = {**arguments, "context": within}
        seconds = min(tool.timeout_s, self.limits.tool_s)

        async def once() -> Any:
            if inspect.iscoroutinefunction(body):
                return await work(**arguments)
            result = await in_thread(lambda: work(**arguments))
            return await result if inspect.isawaitable(result) else result

        async with self.gates.place(tool, self.clock, self.limits.engine_s):
            for trial in (1, 0):
                try:
                    return await self.clock.wait(once(), f"tool {tool.name}", seconds=seconds)
                except Late as late:  # exceeding a limit by what the model asked for is the model's mistake
                    if late.away_s >= seconds:  # threads of this process starved too: nobody can tell whose delay it was
                        self.ledger.starved += 1
                        raise ToolCrash(f"{late}; our event loop was away for {late.away_s:.1f} s of it") from late
                    await self._check_canary(tool, late)
                    if not (trial and tool.pure and tool.canary):
                        raise ToolError(f"{tool.name} was stopped: {late}") from late
                except Stopped as stopped:
                    if stopped.stop is Stop.TIMEOUT:
                        await self._check_canary(tool, stopped)
                    raise
                except ToolError:
                    raise
                except Exception:
                    if not (trial and tool.pure):
                        raise
        raise AssertionError("unreachable")

    async def _check_canary(self, tool: Tool, late: Exception) -> None:
        """Raise ToolCrash where the tool's canary fails too: then it was ours that it was late."""
        canary = tool.canary
        if canary is None:
            return

        async def heard() -> None:
            result = canary() if inspect.iscoroutinefunction(canary) else await in_thread(canary)
            if inspect.isawaitable(result):
                await result

        try:
            await self.clock.wait(heard(), f"canary of tool {tool.name}", seconds=CANARY_S, paused=True)
        except Stopped:
            raise
        except Exception as error:
            raise ToolCrash(f"{late}, and its canary fails: {type(error).__name__}: {error}") from error
