"""The token server: vLLM in a process and an environment of its own.

`served_form` says what is asked and answered. vLLM expands one marker an image, caches prefixes under the names of the
images, and reads new weights from safetensors in place; what runs is finished first, and whoever asks meanwhile waits.
Ids that may never be sampled are cut out of the logits themselves, so that log-probabilities are those of the
distribution that is sampled, at temperature 1 and before truncation, like the learner's.

    python vllm_tokens.py '{"model": ..., "port": ..., "weights": ..., "shared": ..., "banned": [...], "engine": {...}}'

The key that every request must bear is read from the environment (SACCADE_ENGINE_KEY). Listens on the loopback unless told
otherwise. Ends when its standard input ends, if ``"tied"`` is set: with the process that started it.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import io
import json
import os
import re
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

from tied import end, end_with_input

MAX_REQUEST_BYTES = 256 << 20
MAX_IMAGE_BYTES = 1 << 30
"""Of images kept decoded; the least recently used go first and are asked for again."""
MAX_PIXELS = 64 << 20


class Wrong(ValueError):
    """The request cannot be answered, now or later."""


class Images:
    """Decoded pictures by the sha256 of their bytes."""

    def __init__(self) -> None:
        self.held: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self.bytes = 0

    def put(self, name: str, encoded: str) -> None:
        from PIL import Image

        try:
            data = base64.b64decode(encoded, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise Wrong(f"image {name[:64]} is not base64") from None
        if hashlib.sha256(data).hexdigest() != name:
            raise Wrong(f"image {name[:64]}: its bytes have another name")
        try:
            with Image.open(io.BytesIO(data), formats=["PNG"]) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise Wrong(f"image {name}: {opened.width} x {opened.height} pixels are too many")
                pixels = opened.convert("RGB")
        except (OSError, SyntaxError) as error:
            raise Wrong(f"image {name}: no PNG ({error})") from None
        size = pixels.width * pixels.height * 3
        self.bytes += size - self.held.pop(name, (None, 0))[1]
        self.held[name] = (pixels, size)
        while self.bytes > MAX_IMAGE_BYTES and len(self.held) > 1:
            self.bytes -= self.held.popitem(last=False)[1][1]

    def missing(self, names: list[str]) -> list[str]:
        return list(dict.fromkeys(name for name in names if name not in self.held))

    def get(self, name: str) -> Any:
        self.held.move_to_end(name)
        return self.held[name][0]


class Served:
    """Requests over one engine. `weights` names what it holds."""

    def __init__(self, engine: Any, *, weights: str, shared: Path) -> None:
        self.engine, self.weights, self.shared = engine, weights, shared
        self.images = Images()
        self.running: dict[str, asyncio.Task[Any]] = {}
        self.sampling = 0
        self.open = asyncio.Event()
        self.open.set()
        self.loading = asyncio.Lock()

    async def generate(self, body: dict[str, Any]) -> dict[str, Any]:
        name = text(body, "id")
        if name in self.running:
            raise Wrong(f"request {name} is running already")
        self.running[name] = task = asyncio.ensure_future(self._generate(body, name))
        try:
            return await task
        except asyncio.CancelledError:
            task.cancel()
            if asyncio.current_task().cancelling():  # type: ignore[union-attr]  # the client hung up
                raise
            return {"tokens": [], "logp": [], "finish": "abort", "weights": self.weights, "prompt": body["tokens"]}
        finally:
            del self.running[name]

    async def _generate(self, body: dict[str, Any], name: str) -> dict[str, Any]:
        from vllm.sampling_params import RequestOutputKind, SamplingParams

        await self.open.wait()
        if (asked := text(body, "weights")) != self.weights:
            return {"need": {"weights": self.weights}, "asked": asked}
        names = listed(body, "images", str)
        if missing := self.images.missing(names):
            return {"need": {"images": missing}}
        tokens, how = listed(body, "tokens", int), body.get("sampling")
        if not isinstance(how, dict):
            raise Wrong("sampling must be an object")
        watch = listed(how, "watch", int)
        try:
            sampling = SamplingParams(
                temperature=how["temperature"], top_p=how["top_p"], top_k=how["top_k"], max_tokens=how["max_tokens"],
                stop_token_ids=listed(how, "stop", int), seed=how["seed"], logprobs=None if watch else 0,
                logprob_token_ids=watch or None, ignore_eos=True, detokenize=False, output_kind=RequestOutputKind.FINAL_ONLY,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Wrong(f"sampling: {error}") from None
        prompt: dict[str, Any] = {"prompt_token_ids": tokens}
        if names:
            prompt["multi_modal_data"] = {"image": [self.images.get(each) for each in names]}
            prompt["multi_modal_uuids"] = {"image": names}
        final = None
        self.sampling += 1
        try:
            async for each in self.engine.generate(prompt, sampling, name):
                final = each
            return self._answer(final, watch)
        finally:
            self.sampling -= 1

    def _answer(self, final: Any, watch: list[int]) -> dict[str, Any]:
        said = final.outputs[0]
        rows = [{token: entry.logprob for token, entry in row.items()} for row in said.logprobs or ()]
        drawn = list(said.token_ids)
        answer = {
            "tokens": drawn,
            "logp": [row[token] for row, token in zip(rows, drawn, strict=True)],
            "finish": said.finish_reason if said.finish_reason in ("stop", "length") else "abort",
            "weights": self.weights,
            "prompt": list(final.prompt_token_ids),
        }
        if watch:
            answer["watched"] = [[max(row[each], -1e30) for each in watch] for row in rows]
        return answer

    async def load(self, body: dict[str, Any]) -> dict[str, Any]:
        name = text(body, "weights")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}", name):
            raise Wrong(f"{name!r:.140} names no folder of weights")
        folder = self.shared / name
        if not any(folder.glob("*.safetensors")):
            raise Wrong(f"{folder} holds no safetensors")
        async with self.loading:
            if name != self.weights:
                self.open.clear()
                while self.sampling:
                    await asyncio.sleep(0.005)
                try:
                    await self.engine.pause_generation(mode="wait", clear_cache=True)
                    await self.engine.collective_rpc("reload_weights", kwargs={"weights_path": str(folder)})
                    await self.engine.collective_rpc("tie")
                    await self.engine.reset_mm_cache()
                    await self.engine.resume_generation()
                    self.weights = name
                except Exception as error:  # half-changed weights must not answer: whoever started this starts it anew
                    print(f"the weights {name} cannot be loaded: {error!r}", file=sys.stderr, flush=True)
                    end(1)
                finally:
                    self.open.set()
        return {"weights": self.weights}

    async def put(self, body: dict[str, Any]) -> dict[str, Any]:
        pictures = body.get("images")
        if not isinstance(pictures, dict):
            raise Wrong("images must be an object of names and base64")
        for name, data in pictures.items():
            self.images.put(name, data)
        return {}

    async def cancel(self, body: dict[str, Any]) -> dict[str, Any]:
        task = self.running.get(text(body, "id"))
        if task is not None:
            task.cancel()
        return {}

    async def status(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"weights": self.weights, "running": len(self.running)}


def text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise Wrong(f"{name} must be a short text")
    return value


def listed(body: dict[str, Any], name: str, kind: type) -> list[Any]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(type(each) is kind for each in value):
        raise Wrong(f"{name} must be a list of {kind.__name__}")
    return value


def answering(served: Served, key: str) -> Any:
    """The web application."""
    from aiohttp import web
    from vllm.v1.engine.exceptions import EngineDeadError

    async def answer(request: Any) -> Any:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {key}".encode()):
            return web.json_response({"error": "the key is missing or wrong"}, status=401)
        work = {"generate": served.generate, "images": served.put, "load": served.load, "cancel": served.cancel,
                "status": served.status}.get(request.match_info["what"])
        if work is None:
            return web.json_response({"error": "generate, images, load, cancel or status"}, status=404)
        try:
            body = json.loads(await request.read())
            if not isinstance(body, dict):
                raise Wrong("an object was expected")
            return web.json_response(await work(body))
        except EngineDeadError:
            print("the engine died", file=sys.stderr, flush=True)
            end(1)
        except (ValueError, RecursionError) as error:  # vLLM's own refusals (a prompt too long) are ValueErrors too
            return web.json_response({"error": str(error)[:2000]}, status=400)

    app = web.Application(client_max_size=MAX_REQUEST_BYTES)
    app.router.add_post("/{what}", answer)
    return app


async def serve(settings: dict[str, Any], key: str) -> None:
    """Load the model, listen, run until killed."""
    from aiohttp import web
    from vllm import AsyncEngineArgs
    from vllm.platforms import current_platform
    from vllm.v1.engine.async_llm import AsyncLLM

    given = {
        "model": settings["model"], "generation_config": "vllm", "enable_prefix_caching": True, "trust_remote_code": False,
        "logprobs_mode": "raw_logprobs", "max_logprobs": -1, "limit_mm_per_prompt": {"image": 64, "video": 0},
        "worker_extension_cls": "extension.Barred", "enforce_eager": current_platform.is_cpu(),
        "disable_log_stats": True, **settings["engine"],
    }
    engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**given))
    await engine.collective_rpc("bar", args=(settings["banned"], settings.get("known")))
    served = Served(engine, weights=settings["weights"], shared=Path(settings["shared"]))
    runner = web.AppRunner(answering(served, key), handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, settings.get("host", "127.0.0.1"), settings["port"], reuse_address=True).start()
    print(f"serving {settings['model']} on port {settings['port']}", flush=True)
    while not engine.errored:
        await asyncio.sleep(1)
    end(1)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    secret = os.environ.pop("SACCADE_ENGINE_KEY", "")
    if not secret:
        sys.exit("SACCADE_ENGINE_KEY must hold the key that requests bear")
    if asked.get("tied"):
        end_with_input()
    asyncio.run(serve(asked, secret))
