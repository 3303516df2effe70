"""Any OpenAI-compatible chat endpoint as a client: a policy to evaluate, a judge, a teacher.

Its steps have no tokens of ours, so they can be evaluated and distilled from, never trained on with importance ratios.
The key comes from the environment only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from saccade.clients._chat_form import chat_form, message_from_chat
from saccade.clients._transport import Transport
from saccade.core.engine import Sampling
from saccade.core.message import Message
from saccade.core.store import MediaStore
from saccade.core.tool import Tool
from saccade.text.dialect import Dialect


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """See `endpoint`."""

    model: str
    transport: Transport
    name: str = "endpoint"
    store: MediaStore | None = None
    dialect: Dialect | None = None
    files: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    async def reply(self, messages: Sequence[Message], tools: Sequence[Tool], sampling: Sampling) -> Message:
        """Raises EndpointError when the server fails, RequestRefused (a ValueError) when the request is wrong."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": chat_form(messages, tools, store=self.store, dialect=self.dialect, files=self.files),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "seed": sampling.seed % 2**31,
            **self.extra,
        }
        if tools and not self.dialect:
            body["tools"] = [tool.schema for tool in tools]
        wanted = {key: value for key, value in body.items() if value is not None}
        return await self.transport.ask(wanted, lambda reply: message_from_chat(reply, self.dialect))


def endpoint(
    url: str, model: str, *, store: MediaStore | None = None, dialect: Dialect | None = None,
    key_variable: str = "OPENAI_API_KEY", cache: str | Path | None = None, timeout_s: float = 120.0,
    deadline_s: float = 600.0, retries: int = 5, per_minute: float = 0.0, files: bool = False, name: str = "endpoint",
    extra: Mapping[str, Any] | None = None,
) -> Endpoint:
    """A client for the endpoint at a base URL (``http://localhost:8000/v1``).

    store:   where pictures that the run adopted are found; give it the run's own
    dialect: for endpoints without tool calling: tools, calls and results then travel as text
    cache:   folder for replies, kept by the content of the request
    per_minute: how many requests may begin in a minute; 0 for no limit but the server's own (429 with Retry-After)
    files:   send the path of a picture in the store's folder (``file:``) instead of its bytes, to a server that reads the
             same disk and allows it (vLLM: ``--allowed-local-media-path``)
    extra:   further fields of the request; a field set to None is left out (``{"seed": None}``)

    Raises ValueError for a URL that is not http(s) or holds a password, and for a key that cannot stand in a header.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"an endpoint is given by its base URL (http://localhost:8000/v1), not {url!r:.80}")
    if parts.username or parts.password:
        raise ValueError(f"the URL of an endpoint holds no password: put the key into the variable {key_variable}")
    key = os.environ.get(key_variable, "").strip()
    if not key.isprintable() or not key.isascii():
        raise ValueError(f"the key in {key_variable} holds characters that cannot stand in a header")
    base = url.rstrip("/").removesuffix("/chat/completions")
    transport = Transport(
        url=f"{base}/chat/completions", key=key, timeout_s=timeout_s, deadline_s=deadline_s, retries=retries,
        cache=Path(cache) if cache else None, per_minute=per_minute,
    )
    return Endpoint(model=model, transport=transport, name=name, store=store, dialect=dialect, files=files,
                    extra=dict(extra or {}))
