"""Tools of an MCP server, used in an episode like any other.

The connection lives in a thread with an event loop of its own, because it outlives the loops of single rollouts. What a
server reports as an error of the tool is for the model to read; a server that is gone, or that no longer answers a ping, is
a failure of ours (the tools' canary says which of the two a late call was).
"""

from __future__ import annotations

import asyncio
import base64
import inspect
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any

from saccade.core.episode import Context
from saccade.core.message import Image, Part, Text
from saccade.core.tool import Tool, ToolError

START_S = 30.0
SIMPLE = {"string": str, "integer": int, "number": float, "boolean": bool}


class Connection:
    """An open session with a server. `tools` are what it offers; `close` ends it (a server that was started here, too).

    server: the command to start it by, as a list of words; or the address of a server that runs; or a server object of the
            `mcp` package, which is then called within this process
    images: names of string parameters that carry a picture: the model writes the number of an image, the server gets a PNG
            in base64
    """

    def __init__(
        self, server: Sequence[str] | str | Any, *, images: Sequence[str] = (), timeout_s: float = 30.0,
        concurrency: int | None = None, pure: bool = False,
    ) -> None:
        self._server, self._images = server, tuple(images)
        self._loop = asyncio.new_event_loop()
        self._ready: Future[Any] = Future()
        self._over: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._live, daemon=True, name="saccade-mcp")
        self._thread.start()
        try:
            self._client, listed = self._ready.result(START_S)
        except TimeoutError:
            self.close()
            raise ConnectionError(f"the MCP server {server!r} said nothing for {START_S:g} s") from None
        self.tools = tuple(self._tool(each, timeout_s, concurrency, pure) for each in listed)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._over is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(START_S)

    def ask(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Future[Any]:
        """Run a coroutine beside the connection. Raises ConnectionError where it is closed."""
        if not self._thread.is_alive():
            raise ConnectionError("the connection to the MCP server is closed")
        return asyncio.run_coroutine_threadsafe(work(), self._loop)

    def _live(self) -> None:
        try:
            self._loop.run_until_complete(self._session())
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(ConnectionError(f"no MCP server at {self._server!r}: {cause(error)}"))
        finally:
            self._loop.close()

    async def _session(self) -> None:
        from mcp import Client, StdioServerParameters

        server = self._server
        if isinstance(server, (list, tuple)):
            server = StdioServerParameters(command=server[0], args=list(server[1:]))
        self._over = asyncio.Event()
        async with Client(server) as client:
            listed, cursor = [], None
            while True:
                page = await client.list_tools(cursor=cursor)
                listed += page.tools
                cursor = page.next_cursor
                if not cursor:
                    break
            self._ready.set_result((client, listed))
            await self._over.wait()

    def _tool(self, told: Any, timeout_s: float, concurrency: int | None, pure: bool) -> Tool:
        given = told.input_schema or {}
        known = {name: each if isinstance(each, dict) else {} for name, each in (given.get("properties") or {}).items()}
        pictures = {name for name in self._images if name in known}

        async def call(context: Context, **arguments: Any) -> list[Part]:
            sent = {
                name: png(context, value) if isinstance(value, Image) else value
                for name, value in arguments.items() if value is not None or name not in pictures
            }
            future = self.ask(lambda: self._client.call_tool(told.name, sent))
            return parts_of(await asyncio.wrap_future(future), context)

        hints = {name: Image if name in pictures else hint_of(each) for name, each in known.items()}
        call.__annotations__ = {**hints, "context": Context}
        call.__signature__ = inspect.Signature([  # type: ignore[attr-defined]
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=call.__annotations__[name])
            for name in ("context", *known)
        ])
        number = {"type": "integer", "description": "number of the image, counted from 1"}
        properties = {name: number if name in pictures else {"type": "object", **each} for name, each in known.items()}
        return Tool(
            name=told.name, description=told.description or told.name, function=call, timeout_s=timeout_s, pure=pure,
            parameters={"type": "object", "properties": properties, "required": list(given.get("required") or ())},
            concurrency=concurrency, canary=self._canary,
        )

    def _canary(self) -> None:
        self.ask(lambda: self._client.send_ping()).result(START_S)


def hint_of(schema: dict[str, Any]) -> Any:
    """The Python type that arguments are checked against here; what is not simple is checked by the server alone."""
    kind = schema.get("type")
    return SIMPLE.get(kind, Any) if isinstance(kind, str) and "enum" not in schema else Any


def png(context: Context, image: Image) -> str:
    import io

    held = io.BytesIO()
    context.store.get(image.ref).save(held, "PNG")
    return base64.b64encode(held.getvalue()).decode()


def parts_of(result: Any, context: Context) -> list[Part]:
    """Text and pictures of a result. Raises ToolError for what the server calls an error, ValueError for a bad picture."""
    said = "\n".join(each.text for each in result.content if each.type == "text")
    if result.is_error:
        raise ToolError(said or "the tool failed and said nothing")
    shown: list[Part] = [Text(text=said)] if said else []
    for each in result.content:
        if each.type == "image":
            shown.append(context.store.adopt(Image(ref=f"data:{each.mime_type};base64,{each.data}", source="tool")))
        elif each.type != "text":
            shown.append(Text(text=f"[{each.type}, which cannot be shown]"))
    return shown or [Text(text="")]


def cause(error: BaseException) -> BaseException:
    """The first single error in a group of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
