"""A chat endpoint that does what a test tells it to: each request takes the next act of a script."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def said(content: str | None = "hello", **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": content, **more}, "finish_reason": "stop"}]}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, script: list[Any]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script, self.bodies, self.headers, self.times = list(script), [], [], []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: Any) -> None: ...

    def do_POST(self) -> None:
        server = self.server
        server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        server.headers.append(dict(self.headers))
        server.times.append(time.monotonic())
        act = server.script.pop(0) if server.script else said()
        with suppress(BrokenPipeError, ConnectionResetError):
            act(self) if callable(act) else self.answer(200, act)

    def answer(self, status: int, content: Any, **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def status(code: int, content: Any = b"", **headers: str) -> Any:
    return lambda handler: handler.answer(code, content, **headers)


def hang(seconds: float) -> Any:
    def act(handler: Handler) -> None:
        time.sleep(seconds)
        handler.answer(200, said("late"))

    return act


def drip(seconds: float) -> Any:
    def act(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.02)

    return act


def cut(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices"')
    handler.close_connection = True


def slam(handler: Handler) -> None:
    handler.connection.close()


@contextmanager
def running(server: Any) -> Iterator[Any]:
    """A server of the standard library, answering in a thread while the block runs."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving(*script: Any) -> Iterator[Server]:
    with running(Server(list(script))) as server:
        yield server
