"""What ``--engine`` means: a name of `saccade list engine`, with settings, or the address of a server.

``local``, ``vllm``, ``vllm?gpu_memory_utilization=0.4``, ``http://host:8000?shared=folder``.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any


def opener(text: str) -> Callable[..., Any]:
    """What opens an engine for a policy, see `saccade.learn.opening`. Raises ValueError for a name of none."""
    from saccade.catalog import entries, nearest
    from saccade.data.spec import parse_settings

    head, settings = parse_settings(text)
    if head.startswith(("http://", "https://")):
        head, settings = "vllm", {"url": head, **settings}
    known = {}
    for each in entries("engine"):
        value = vars(importlib.import_module(each.module))[each.name]
        if list(inspect.signature(value).parameters)[:2] == ["policy", "store"]:
            known[each.name] = value
    if head not in known:
        raise ValueError(f"--engine {head!r}{nearest(head, known)}: an engine of a run is {', '.join(known)}, or the "
                         "address of a server (http://...)")
    return partial(known[head], **settings) if settings else known[head]


def served(model: str, engine: str, *, install: bool, chat: bool, host: str, port: int, shared: str) -> None:
    """See `saccade serve`."""
    from saccade.data.spec import parse_settings

    name, settings = parse_settings(engine)
    if name != "vllm":
        raise ValueError(f"--engine {name!r}: vllm is the one engine that is a server")
    from saccade.engines import vllm

    if install:
        print(f"vLLM's environment is in {vllm.install()}")
        return
    if not model:
        raise ValueError("name a checkpoint folder, or glimpse (or --install to build the engine's environment)")
    if not 0 < port < 65536:
        raise ValueError(f"--port is 1 to 65535, not {port}")
    from saccade.models.loading import checkpoint_folder

    folder = checkpoint_folder(model).resolve()
    if chat:
        process = vllm.chat_process(folder, Path(shared).resolve(), host=host, port=port, engine=settings)
    else:
        process = vllm.open_process(folder, Path(shared).resolve(), host=host, port=port, engine=settings)
    try:
        asyncio.run(kept_alive(process, host))
    except KeyboardInterrupt:
        print()
    finally:
        process.close()


async def kept_alive(process: Any, host: str) -> None:
    """Start a server, say where it is, and start it again whenever it died."""
    print(f"starting; its words are in {process.log}", flush=True)
    await process.running()
    print(f"serving at http://{host}:{process.port}   (Ctrl-C ends it)\nSACCADE_ENGINE_KEY={process.key}", flush=True)
    while True:
        await asyncio.sleep(1)
        if not process.alive:
            print("the server died; starting it again", flush=True)
            await process.running()
