"""One JSON request that gets an answer, or fails in a way that has a name.

Busy and broken servers (429, 5xx, timeouts, cut connections, rubbish) are asked again with growing pauses, or after the
pause they ask for (which then holds for all requests to that address), until a deadline; a request that is wrong (other
4xx) is not. Requests can be spaced to stay below a rate. Replies are kept by content: the same
request is never paid for twice. The key goes into one header, to one host, and nowhere else: no redirect is followed, no
error shows it.
"""

from __future__ import annotations

import asyncio
import email.utils
import hashlib
import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from saccade.core.seed import generator

Failure = Literal["timeout", "connection", "busy", "broken", "rubbish"]
MAX_BYTES = 64 << 20
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0


class EndpointError(RuntimeError):
    """The server's failure: asking again later may help. `kind` says what failed, `status` the HTTP status if any."""

    def __init__(self, message: str, *, kind: Failure, status: int | None = None, after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind, self.status, self.after_s = kind, status, after_s


class RequestRefused(ValueError):
    """The server says that the request is wrong (key, model name, parameters): asking again mends nothing."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True, kw_only=True)
class Transport:
    """Where and how to ask.

    url:        of the request itself
    key:        goes into the Authorization header; empty for none
    timeout_s:  of one attempt; deadline_s: of all attempts together, pauses included
    cache:      folder for replies, None for no cache
    per_minute: how many requests may begin in a minute, evenly spaced; 0 for no limit
    mend:       awaited before a request that failed is asked again: who runs the server starts it anew here
    """

    url: str
    key: str = field(default="", repr=False)
    timeout_s: float = 120.0
    deadline_s: float = 600.0
    retries: int = 5
    cache: Path | None = None
    concurrency: int = 16
    per_minute: float = 0.0
    mend: Callable[[], Awaitable[None]] | None = field(default=None, repr=False)
    _pool: ThreadPoolExecutor | None = field(default=None, init=False, repr=False)
    _free_at: float = field(default=0.0, init=False, repr=False)

    async def ask(self, body: Mapping[str, Any], accept: Callable[[Any], Any]) -> Any:
        """Post `body`; what `accept` makes of the decoded reply. `accept` raises ValueError for a reply that is rubbish.

        Raises EndpointError when the deadline or the retries are used up, RequestRefused for a request that is wrong.
        """
        content = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        name = hashlib.blake2b(self.url.encode() + b"\0" + content, digest_size=20).hexdigest()
        kept = self._kept(name)
        if kept is not None:
            try:
                return accept(kept)
            except ValueError:  # written by another version, or damaged: ask again
                pass
        until = time.monotonic() + self.deadline_s
        for attempt in range(self.retries + 1):
            try:
                await self._turn(until)
                reply = await self._attempt(content, until)
                accepted = _accepted(reply, accept)
                self._keep(name, reply)
                return accepted
            except EndpointError as error:
                pause = min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S) * generator(name, attempt).uniform(0.75, 1.25)
                if error.after_s is not None:
                    pause = error.after_s
                    self._free_at = max(self._free_at, time.monotonic() + pause)
                if attempt == self.retries or time.monotonic() + pause >= until:
                    raise EndpointError(
                        f"{self.url}: {error} (asked {attempt + 1} times)", kind=error.kind, status=error.status
                    ) from None
                await asyncio.sleep(pause)
                if self.mend is not None:
                    await self.mend()
        raise AssertionError("unreachable")

    async def _turn(self, until: float) -> None:
        """Wait until this request may begin: behind those before it, and no earlier than the server asked for."""
        now = time.monotonic()
        begin = max(now, self._free_at)
        if begin >= until:
            raise EndpointError(f"no turn within {until - now:.3g} s at {self.per_minute:g} requests a minute", kind="busy")
        if self.per_minute:
            self._free_at = begin + 60.0 / self.per_minute
        if begin > now:
            await asyncio.sleep(begin - now)

    async def _attempt(self, content: bytes, until: float) -> Any:
        room = min(self.timeout_s, until - time.monotonic())
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="endpoint")
        running = asyncio.get_running_loop().run_in_executor(self._pool, self._post, content, room)
        try:
            return await asyncio.wait_for(running, max(room, 0.001))
        except TimeoutError:
            raise EndpointError(f"no answer within {room:.3g} s", kind="timeout") from None

    def _post(self, content: bytes, room: float) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(self.url, data=content, headers=headers, method="POST")
        until = time.monotonic() + room
        try:
            with _OPENER.open(request, timeout=max(room, 0.001)) as response:
                return _decoded(_read(response, until))
        except urllib.error.HTTPError as error:
            with error:
                raise self._failure(error, until) from None
        except TimeoutError:
            raise EndpointError(f"no answer within {room:.3g} s", kind="timeout") from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise EndpointError(f"no answer within {room:.3g} s", kind="timeout") from None
            raise EndpointError(f"cannot be reached ({self._clean(reason)})", kind="connection") from None

    def _failure(self, error: urllib.error.HTTPError, until: float) -> Exception:
        try:
            said = self._clean(_read(error, until, most=4096).decode(errors="replace").strip()[:500])
        except (EndpointError, OSError, http.client.HTTPException):
            said = ""
        text = f"status {error.code} {error.reason or ''}".strip() + (f": {said}" if said else "")
        if error.code == 429 or error.code in (408, 409, 425) or error.code >= 500:
            kind: Failure = "busy" if error.code in (429, 503) else "broken"
            return EndpointError(text, kind=kind, status=error.code, after_s=_after(error.headers.get("Retry-After")))
        advice = {401: "; check the key's environment variable", 404: "; check the base URL and the model's name"}
        if 300 <= error.code < 400:
            text += " (redirects are not followed: give the final URL)"
        return RequestRefused(f"{self.url}: {text}{advice.get(error.code, '')}", status=error.code)

    def _clean(self, text: Any) -> str:
        return str(text).replace(self.key, "***") if self.key else str(text)

    def _kept(self, name: str) -> Any:
        if self.cache is None:
            return None
        try:
            return json.loads((self.cache / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _keep(self, name: str, reply: Any) -> None:
        if self.cache is None:
            return
        self.cache.mkdir(parents=True, exist_ok=True)
        temporary = self.cache / f"{name}.{os.getpid()}.tmp"
        temporary.write_text(json.dumps(reply, ensure_ascii=False), encoding="utf-8")
        temporary.replace(self.cache / f"{name}.json")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **more: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _read(response: Any, until: float, *, most: int = MAX_BYTES) -> bytes:
    """The body, in pieces, so that a server that drips bytes is given up in time."""
    pieces, size = [], 0
    while piece := response.read1(65536):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise EndpointError(f"the reply is longer than {most} bytes", kind="rubbish")
        if time.monotonic() > until:
            raise EndpointError("the reply did not end in time", kind="timeout")
    if getattr(response, "length", None):
        raise EndpointError(f"the reply was cut off after {size} bytes", kind="connection")
    return b"".join(pieces)


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise EndpointError(f"the reply is not JSON: {content[:80]!r}", kind="rubbish") from None


def _accepted(reply: Any, accept: Callable[[Any], Any]) -> Any:
    try:
        return accept(reply)
    except ValueError as error:
        raise EndpointError(f"the reply makes no sense: {error}", kind="rubbish") from None


def _after(value: str | None) -> float | None:
    """Seconds a ``Retry-After`` header asks for: a number, or a date."""
    if not value:
        return None
    try:
        return max(0.0, float(value)) if float(value) < 1e9 else None
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
