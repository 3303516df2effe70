"""Isolation elsewhere: an HTTP server in front of a sandbox, and the sandbox that speaks to it.

The boundary is the sandbox behind the server, never the server: `serve` offers an isolating backend, and only that. One
message a request, in the frames that cells speak (`saccade.sandbox.inside.frames`):

    POST /open           a session; answers {"session": name}
    POST /run/NAME       {"code", "collect"} with files; answers a result with files
    POST /close/NAME
    GET  /health         {"sandbox", "limits"}, after a canary

A request without the token is refused. What the code does wrong is an answer; a server that cannot be reached, answers
anything else or has lost the session is SandboxDied.
"""

from __future__ import annotations

import hmac
import http.client
import io
import json
import secrets
import threading
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from saccade.sandbox.inside.frames import Garbled, packed, unpacked
from saccade.sandbox.protocol import LIMITS, Limits, Result, Sandbox, SandboxDied, Session, Unavailable

MAX_HEADER = 16 << 20
START_S = 30.0
IDLE_S = 1800.0
"""After how long without a request a session of the server is closed: its client has gone."""


class Remote:
    """Sessions on a server."""

    name = "remote"

    def __init__(self, url: str, *, token: str, limits: Limits, grace_s: float) -> None:
        address = urllib.parse.urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"remote: {url!r} is no address of an execution server; it looks like http://host:port")
        self.limits, self.grace_s, self._token, self._url = limits, grace_s, token, address

    def open(self) -> RemoteSession:
        answer, _ = self.ask("/open", {}, {}, START_S)
        return RemoteSession(self, str(answer["session"]))

    def close(self) -> None:
        """Sessions are closed one by one; the server is not ours."""

    def ask(
        self, path: str, header: Mapping[str, Any], files: Mapping[str, bytes], seconds: float
    ) -> tuple[dict[str, Any], dict[str, bytes]]:
        """One request. Raises Unavailable where the server says it cannot isolate, SandboxDied for everything else."""
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        line = kind(self._url.hostname or "", self._url.port, timeout=seconds)
        try:
            line.request("POST", self._url.path.rstrip("/") + path, packed(header, files),
                         {"Authorization": f"Bearer {self._token}"})
            answer = line.getresponse()
            if answer.status != 200:
                said = answer.read(2000).decode(errors="replace")
                raise (Unavailable if answer.status == 501 else SandboxDied)(f"remote: {answer.status} {said}")
            return unpacked(exactly(answer), max_header=MAX_HEADER, max_files=self.limits.disk_mb << 20)
        except (OSError, http.client.HTTPException, Garbled, EOFError) as error:
            raise SandboxDied(f"remote {self._url.netloc}: {type(error).__name__}: {error}") from error
        finally:
            line.close()


class RemoteSession:
    def __init__(self, remote: Remote, name: str) -> None:
        self.remote, self.name, self.over = remote, name, False

    def run(self, code: str, *, files: Mapping[str, bytes] | None = None, collect: str = "") -> Result:
        if self.over:
            raise SandboxDied("this session is over; open another")
        limits = self.remote.limits
        seconds = limits.seconds + self.remote.grace_s
        header, made = self.remote.ask(f"/run/{self.name}", {"code": code, "collect": collect}, files or {}, seconds)
        try:
            words = {key: str(header[key])[: limits.output_chars + 64] for key in ("stdout", "stderr", "error")}
            result = Result(status=header["status"], seconds=float(header["seconds"]), files=made, **words)
        except (KeyError, TypeError, ValueError) as error:
            raise SandboxDied(f"remote: an answer that is no result: {error}") from error
        self.over = not result.alive
        return result

    def close(self) -> None:
        self.over = True
        try:
            self.remote.ask(f"/close/{self.name}", {}, {}, START_S)
        except (SandboxDied, Unavailable):  # it is gone, which is what was wanted
            return


def exactly(stream: Any) -> Any:
    """A reader of exactly n bytes."""

    def read(count: int) -> bytes:
        data = stream.read(count)
        if len(data) < count:
            raise EOFError("the message ended early")
        return data

    return read


class Server(ThreadingHTTPServer):
    """Sessions of one sandbox, by name. Names are secrets: who does not know one cannot reach its state."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], sandbox: Sandbox, token: str) -> None:
        super().__init__(address, Answer)
        self.sandbox, self.token = sandbox, token
        self.sessions: dict[str, tuple[Session, float]] = {}
        self.lock = threading.Lock()

    def act(self, path: str, header: dict[str, Any], files: dict[str, bytes]) -> tuple[dict[str, Any], Mapping[str, bytes]]:
        verb, _, name = path.strip("/").partition("/")
        if verb == "open":
            self.sweep()
            name, session = secrets.token_hex(16), self.sandbox.open()
            with self.lock:
                self.sessions[name] = session, time.monotonic()
            return {"session": name}, {}
        with self.lock:
            if name not in self.sessions:
                raise KeyError(f"no session {name[:40]!r}")
            session = self.sessions.pop(name)[0] if verb == "close" else self.sessions[name][0]
            if verb == "run":
                self.sessions[name] = session, time.monotonic()
        if verb == "close":
            session.close()
            return {}, {}
        if verb != "run":
            raise KeyError(f"no such path {path[:40]!r}")
        result = session.run(str(header["code"]), files=files, collect=str(header["collect"]))
        if not result.alive:
            with self.lock:
                self.sessions.pop(name, None)
        plain = {key: value for key, value in asdict(result).items() if key != "files"}
        return plain, result.files

    def sweep(self) -> None:
        with self.lock:
            old = [name for name, (_, used) in self.sessions.items() if time.monotonic() - used > IDLE_S]
            gone = [self.sessions.pop(name)[0] for name in old]
        for session in gone:
            session.close()

    def server_close(self) -> None:
        super().server_close()
        with self.lock:
            gone, self.sessions = [session for session, _ in self.sessions.values()], {}
        for session in gone:
            session.close()
        self.sandbox.close()


class Answer(BaseHTTPRequestHandler):
    server: Server
    timeout = START_S

    def do_POST(self) -> None:
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.server.token}".encode()):
            return self.refuse(401, "the token is missing or wrong")
        limit = (self.server.sandbox.limits.disk_mb << 20) + MAX_HEADER
        size = self.headers.get("Content-Length", "")
        if not size.isdigit() or int(size) > limit:
            return self.refuse(413, f"a request has a length, of at most {limit} bytes")
        try:
            body = io.BytesIO(self.rfile.read(int(size)))
            header, files = unpacked(exactly(body), max_header=MAX_HEADER, max_files=limit)
            reply = packed(*self.server.act(self.path, header, files))
        except (Garbled, EOFError, KeyError) as error:
            return self.refuse(400, f"{type(error).__name__}: {error}")
        except Unavailable as error:
            return self.refuse(501, str(error))
        except SandboxDied as error:
            return self.refuse(503, str(error))
        self.send_response(200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def do_GET(self) -> None:
        if self.path != "/health":
            return self.refuse(404, "there is POST /open, /run/NAME, /close/NAME and GET /health")
        try:
            session = self.server.sandbox.open()
            well = session.run("print(6 * 7)").stdout == "42\n"
            session.close()
        except (Unavailable, SandboxDied) as error:
            return self.refuse(503, str(error))
        if not well:
            return self.refuse(503, "the canary gave a wrong answer")
        said = json.dumps({"sandbox": self.server.sandbox.name, "limits": asdict(self.server.sandbox.limits)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(said)

    def refuse(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *values: Any) -> None:
        """Quiet: codes and names are nobody else's."""


def serve(sandbox: Sandbox, *, token: str, host: str = "127.0.0.1", port: int = 0) -> Server:
    """A server in front of `sandbox`; call its `serve_forever`. `server_address` tells the port where 0 was asked for.

    The token is all that stands between a network and this machine's processors: raises ValueError without one.
    """
    if not token:
        raise ValueError("an execution server needs a token")
    return Server((host, port), sandbox, token)


def remote(url: str, *, token: str, limits: Limits = LIMITS, grace_s: float = 10.0) -> Remote:
    """Run code on an execution server (`serve`). `limits` are those the server was given; it enforces them.

    grace_s: how much longer than a run's own seconds an answer may take before the server counts as dead
    """
    return Remote(url, token=token, limits=limits, grace_s=grace_s)


EXAMPLES = [("print(6 * 7)", "ok", "42"), ("1 / 0", "error", "ZeroDivisionError")]
