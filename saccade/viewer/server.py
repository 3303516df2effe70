"""The viewer's server: read only, on the standard library, over run folders that may still be growing.

It answers GET for a fixed set of addresses. Runs and records are looked up among those that were found, static files among
those of the package, pictures by content hash: no part of an address is ever joined to a path. Requests under another host
name are refused, so that no web page can read a run through a browser (rebinding), and every answer forbids scripts, styles
and requests but our own.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from saccade.viewer.answers import ANSWERS, exported, picture
from saccade.viewer.markup import STATIC, Html, style
from saccade.viewer.opened import NotFound, Viewer

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def assets() -> dict[str, tuple[bytes, str]]:
    """The page and its files, read once."""
    found = {
        f"/static/{path.name}": (path.read_bytes(), TYPES[path.suffix])
        for path in STATIC.iterdir()
        if path.suffix in TYPES
    }
    found["/static/style.css"] = (style().encode(), TYPES[".css"])
    return {**found, "/": found["/static/index.html"]}


class Handler(BaseHTTPRequestHandler):
    """One request. `viewer`, `files` and `hosts` are set by `serve`."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "saccade", ""
    timeout = 30
    viewer: Viewer
    files: Mapping[str, tuple[bytes, str]]
    hosts: frozenset[str]

    def do_GET(self) -> None:
        try:
            self.answer()
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            self.close_connection = True

    do_HEAD = do_GET

    def answer(self) -> None:
        if not allowed(self.headers.get("Host", ""), self.hosts):
            return self.send(HTTPStatus.FORBIDDEN, b"this viewer answers under its own name only", "text/plain")
        parts = urlsplit(self.path)
        asked = {name: values[-1] for name, values in parse_qs(parts.query, max_num_fields=20).items()}
        try:
            if parts.path in self.files:
                body, kind = self.files[parts.path]
                return self.send(HTTPStatus.OK, body, f"{kind}; charset=utf-8")
            if parts.path in ANSWERS:
                found = ANSWERS[parts.path](self.viewer, asked)
                if isinstance(found, Html):
                    return self.send(
                        HTTPStatus.OK, found.encode("utf-8", "backslashreplace"), "text/html; charset=utf-8"
                    )
                body = json.dumps(found, ensure_ascii=True, allow_nan=False, default=str).encode()
                return self.send(HTTPStatus.OK, body, "application/json")
            if parts.path == "/export":
                body, kind, name = exported(self.viewer, asked)
                return self.send(HTTPStatus.OK, body, kind, {"Content-Disposition": f'attachment; filename="{name}"'})
            pieces = parts.path.split("/")
            if len(pieces) == 4 and pieces[1] == "picture":
                body = picture(self.viewer, unquote(pieces[2]), unquote(pieces[3]), asked)
                return self.send(
                    HTTPStatus.OK, body, "image/png", {"Cache-Control": "private, max-age=31536000, immutable"}
                )
            raise NotFound("there is nothing at this address")
        except KeyError as error:
            self.problem(HTTPStatus.BAD_REQUEST, f"the address lacks {error}")
        except NotFound as error:
            self.problem(HTTPStatus.NOT_FOUND, str(error))
        except ValueError as error:
            self.problem(HTTPStatus.BAD_REQUEST, str(error))
        except OSError as error:
            self.problem(HTTPStatus.NOT_FOUND, f"it cannot be read ({type(error).__name__})")

    def problem(self, status: HTTPStatus, text: str) -> None:
        self.send(status, json.dumps({"error": text}).encode(), "application/json")

    def send(self, status: HTTPStatus, body: bytes, kind: str, more: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            **(more or {}),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def allowed(host: str, hosts: frozenset[str]) -> bool:
    """Whether a Host header names this machine: an address, localhost, or the host the server was told to listen on."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    name = name.strip("[]").lower()
    if name in hosts or name == "localhost":
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def serve(folders: Sequence[Path], *, host: str = "127.0.0.1", port: int = 8765) -> ThreadingHTTPServer:
    """A server that listens; call `serve_forever`. Port 0 takes a free one. Raises ValueError for folders that are not there
    and for a port in use."""
    viewer = Viewer(list(folders))
    viewer.found()
    kind = type("Bound", (Handler,), {"viewer": viewer, "files": assets(), "hosts": frozenset({host.lower()})})
    try:
        server = ThreadingHTTPServer((host, port), kind)
    except OSError as error:
        raise ValueError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another --port, or 0 for a free one"
        ) from error
    server.daemon_threads = True
    return server
