"""Offer tools to any MCP client over standard input and output: `saccade tools serve crop rotate --images photos`."""

from __future__ import annotations

from typing import Annotated, Literal

import tyro

from saccade.cli.arguments import ToolNames


def verb(
    action: Annotated[Literal["serve"], tyro.conf.Positional],
    names: ToolNames = (),
    *, images: str = ".",
) -> None:
    """Serve tools of `saccade list tool` by the Model Context Protocol; without names, crop, rotate and draw_box.

    A client opens pictures of one folder with `open_image`; code that it writes for `run_python` runs in the sandbox.

      saccade tools serve crop rotate --images photos
      saccade tools serve run_python

    Args:
        action: serve.
        names: tools to offer.
        images: the folder whose pictures may be opened.
    """
    import asyncio

    from saccade.cli.resolve import component
    from saccade.mcp.server import serve_stdio

    chosen = names or ("crop", "rotate", "draw_box")
    asyncio.run(serve_stdio([component("tool", name) for name in chosen], images=images))
