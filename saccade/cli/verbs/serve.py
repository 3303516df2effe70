"""Serve a checkpoint to training runs, token by token, or to anybody as a chat endpoint."""

from __future__ import annotations

from typing import Annotated

import tyro

from saccade.cli.arguments import Flag

Model = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]


def verb(
    model: Model = "",
    *,
    engine: str = "vllm",
    install: Flag = False,
    chat: Flag = False,
    host: str = "127.0.0.1",
    port: int = 8000,
    shared: str = "engine",
) -> None:
    """Run a server in the foreground; one that dies is started again. Ctrl-C ends it.

      saccade serve --engine vllm --install
      saccade serve path/to/checkpoint
      saccade train grpo --model path/to/checkpoint --data rows.jsonl --engine http://127.0.0.1:8000?shared=engine
      saccade serve path/to/checkpoint --chat
      saccade eval http://127.0.0.1:8000/v1 --api-model path/to/checkpoint --data rows.jsonl

    A run starts a server of its own with `saccade train ... --engine vllm`; this verb is for one on another machine, or for
    one that several runs use one after the other. The key of the requests is SACCADE_ENGINE_KEY, made up and printed where
    it is not set. Weights go through the shared folder, which the run must be able to write.

    Args:
        model: a checkpoint folder, or glimpse.
        engine: what serves; vllm, with settings of its own behind a question mark (vllm?tensor_parallel_size=2).
        install: build the engine's environment (.venv-vllm, or what SACCADE_VLLM names), and do no more.
        chat: vLLM's OpenAI-compatible endpoint instead, for evaluations and judges; it has no weights to change.
        host: address to listen on. Whoever has the key can use the server and have it read weights below the shared folder.
        port: to listen on.
        shared: the folder that weights of a run go through.
    """
    from saccade.cli.engines import served

    served(model, engine, install=install, chat=chat, host=host, port=port, shared=shared)
