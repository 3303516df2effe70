"""Our tools for any MCP client: `saccade tools serve crop rotate --images photos`.

A connection is a conversation: pictures are opened by name from one folder, and by nothing else; every picture that is
opened or made gets a number, which further calls refer to. Arguments are checked, mistakes told and code kept in the
sandbox exactly as in an episode, for the same functions do it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saccade.core.episode import Context, Limits
from saccade.core.message import Image, Message, Text, ToolCall
from saccade.core.sample import Sample
from saccade.core.seed import generator
from saccade.core.tool import Tool, ToolError, opened, tool
from saccade.media import open_store
from saccade.rollout.context import AttemptContext, Ledger, ToolCrash
from saccade.rollout.waiting import Clock
from saccade.sandbox.chosen import chosen

NAMES = ("saccade mcp",)


def open_image(folder: Path) -> Tool:
    """The tool that opens a picture of one folder."""
    root = folder.resolve()

    @tool(name="open_image", pure=False)
    def opening(path: str, context: Context) -> Image:
        """Open a picture, so that the other tools can use it.

        Args:
            path: Path of the file, relative to the folder of pictures.
        """
        try:
            found = (root / path).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ToolError(f"{path!r:.80} is no path: {error}") from error
        if root not in found.parents or not found.is_file():
            there = sorted(each.relative_to(root).as_posix() for each in root.rglob("*") if each.is_file())[:20]
            raise ToolError(f"there is no picture {path!r:.80}; there are {there}")
        try:
            return context.store.adopt(Image(ref=f"file:{found}"))
        except ValueError as error:
            raise ToolError(str(error)) from error

    return opening


def conversation(tools: Sequence[Tool], images: Path) -> AttemptContext:
    """What the tools of one connection share: the pictures, the sandbox, the count of calls."""
    offered = (open_image(images), *(opened(each) for each in tools))
    if len({each.name for each in offered}) != len(offered):
        raise ValueError(f"two tools have one name: {sorted(each.name for each in offered)}")
    return AttemptContext(
        sample=Sample(id="mcp", prompt=()), limits=Limits(), tools=offered, store=open_store(), clock=Clock(),
        ledger=Ledger(offered=offered), rng=generator(*NAMES), names=NAMES, sandbox=chosen(),
    )


async def answered(context: AttemptContext, name: str, arguments: dict[str, Any]) -> tuple[Message, bool]:
    """The result of a call, with the numbers of its pictures, and whether it is an error."""
    before = len(context.ledger.events)
    try:
        message = await context.call(ToolCall(name=name, arguments=arguments))
    except ToolCrash as crash:
        return Message(role="tool", parts=(Text(text=f"{crash} (not for anything you wrote)"),)), True
    failed = any(event.error is not None for event in context.ledger.events[before:])
    numbers = []
    for image in message.images:
        context.ledger.images = (*context.ledger.images, image)
        numbers.append(len(context.ledger.images))
    said = "".join(f"image {number}: {context.store.size(image.ref)[0]} x {context.store.size(image.ref)[1]} pixels\n"
                   for number, image in zip(numbers, message.images, strict=True))
    return Message(role="tool", parts=(*((Text(text=said.strip()),) if said else ()), *message.parts)), failed


def server(tools: Sequence[Tool], *, images: str | Path) -> Any:
    """A server object of the `mcp` package; it serves one client. Raises ValueError for a folder that is not there."""
    import mcp_types as types
    from mcp.server.lowlevel import Server

    from saccade import __version__

    folder = Path(images)
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder of pictures")
    context = conversation(tools, folder)

    async def list_tools(_: Any, __: Any) -> Any:
        return types.ListToolsResult(tools=[
            types.Tool(name=each.name, description=each.description, input_schema=each.parameters) for each in context.tools
        ])

    async def call_tool(_: Any, asked: Any) -> Any:
        message, failed = await answered(context, asked.name, dict(asked.arguments or {}))
        return types.CallToolResult(content=[content(part, context, types) for part in message.parts], is_error=failed)

    return Server("saccade", version=__version__, on_list_tools=list_tools, on_call_tool=call_tool)


def content(part: Any, context: AttemptContext, types: Any) -> Any:
    if not isinstance(part, Image):
        return types.TextContent(type="text", text=part.text if isinstance(part, Text) else repr(part))
    held = io.BytesIO()
    context.store.get(part.ref).save(held, "PNG")
    return types.ImageContent(type="image", data=base64.b64encode(held.getvalue()).decode(), mime_type="image/png")


async def serve_stdio(tools: Sequence[Tool], *, images: str | Path) -> None:
    """Speak over standard input and output until the client goes."""
    from mcp.server.stdio import stdio_server

    made = server(tools, images=images)
    async with stdio_server() as (incoming, outgoing):
        await made.run(incoming, outgoing, made.create_initialization_options())
