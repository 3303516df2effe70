"""A token server that can be told to misbehave, for tests of the engine that asks it. No model, the true protocol."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.clients.server import running

KEY = "key-of-the-server"


class TokenServer(ThreadingHTTPServer):
    """Answers every prompt with `answer`; `acts` are taken first, in order: a status, an answer, or a function of handler.

    marker, count: the placeholder, and how many of them an image becomes
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, *, marker: int, count: int, stop: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.marker, self.count = marker, count
        self.answer = {"tokens": [stop], "logp": [-0.5], "finish": "stop"}
        self.weights, self.images, self.acts = "", {}, []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.slow_s = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def bodies(self, what: str) -> list[dict[str, Any]]:
        return [body for path, body in self.asked if path == what]

    def whole(self, body: dict[str, Any], **changes: Any) -> dict[str, Any]:
        prompt = [each for token in body["tokens"] for each in [token] * (self.count if token == self.marker else 1)]
        return {**self.answer, "weights": self.weights, "prompt": prompt, **changes}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: Any) -> None: ...

    def do_POST(self) -> None:
        server, what = self.server, self.path.strip("/")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return self.reply(401, {})
        server.asked.append((what, body))
        with suppress(BrokenPipeError, ConnectionResetError):
            if what == "generate" and server.acts:
                act = server.acts.pop(0)
                if callable(act):
                    return act(self)
                return self.reply(act, {}) if isinstance(act, int) else self.reply(200, server.whole(body, **act))
            self.reply(200, self.work(what, body))

    def work(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        server = self.server
        if what == "load":
            time.sleep(server.slow_s)
            server.weights = body["weights"]
            return {"weights": server.weights}
        if what == "images":
            for name, data in body["images"].items():
                server.images[name] = base64.b64decode(data)
                assert hashlib.sha256(server.images[name]).hexdigest() == name
            return {}
        if what == "generate":
            if body["weights"] != server.weights:
                return {"need": {"weights": server.weights}}
            if missing := [name for name in body["images"] if name not in server.images]:
                return {"need": {"images": missing}}
            return server.whole(body)
        return {"weights": server.weights, "running": 0}

    def reply(self, status: int, content: Any) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def token_server(**settings: Any) -> Iterator[TokenServer]:
    with running(TokenServer(**settings)) as server:
        yield server
