"""Every backend that this machine has, and baits outside that a sandbox must keep code from."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from saccade.rewards import answer_match
from saccade.sandbox.protocol import Limits

LIMITS = Limits(seconds=2.0, memory_mb=768, disk_mb=16, threads=16)
TOKEN = "bait-7f3a91"


@dataclass(frozen=True)
class Baits:
    """What lies outside; `heard` collects what reached the listening sockets."""

    words: dict
    heard: list
    victim: subprocess.Popen


@pytest.fixture(scope="session")
def baits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outside")
    secret = folder / "secret.txt"
    secret.write_text(TOKEN)
    folder.chmod(0o755)
    secret.chmod(0o644)
    os.environ["SACCADE_BAIT"] = TOKEN
    heard: list = []
    tcp = socket.create_server(("127.0.0.1", 0))
    unix, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    unix.bind(str(folder / "s"))
    abstract.bind(f"\0saccade-bait-{os.getpid()}")
    for server in (tcp, unix, abstract):
        server.listen()
        threading.Thread(target=answer, args=(server, heard), daemon=True).start()
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    words = {
        "secret": str(secret), "folder": str(folder), "grader": str(Path(sys.modules[answer_match.__module__].__file__)),
        "tcp": tcp.getsockname()[1], "udp": udp.getsockname()[1], "unix": str(folder / "s"),
        "abstract": f"saccade-bait-{os.getpid()}", "victim": victim.pid, "parent": os.getpid(), "token": TOKEN,
    }
    yield Baits(words, heard, victim)
    victim.kill()
    victim.wait()
    os.environ.pop("SACCADE_BAIT")
    for each in (tcp, unix, abstract, udp):
        each.close()


def answer(server: socket.socket, heard: list) -> None:
    with contextlib.suppress(OSError):
        while True:
            with server.accept()[0] as line:
                heard.append(line.family)
                line.sendall(TOKEN.encode())
