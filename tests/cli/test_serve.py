"""`saccade serve` as a user starts it, with the real vLLM: who names its address is answered, Ctrl-C ends all of it."""

import asyncio
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

from saccade.cli.engines import opener
from saccade.core.run import PolicySpec
from saccade.engines.local import LocalEngine
from saccade.engines.served_process import free_port
from saccade.media import open_store
from saccade.models.policy import load_policy
from saccade.testing.talks import talks

pytestmark = [pytest.mark.vllm, pytest.mark.slow]


def test_a_run_uses_a_server_of_the_command_line(tmp_path, monkeypatch):
    monkeypatch.setenv("SACCADE_ENGINE_KEY", "a-key-of-this-test")
    port, shared = free_port(), tmp_path / "shared"
    command = [sys.executable, "-m", "saccade", "serve", "glimpse", "--port", str(port), "--shared", str(shared)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            words = [server.stdout.readline(), server.stdout.readline()]
            assert f"serving at http://127.0.0.1:{port}" in words[1], (words, (shared / "vllm.log").read_text()[-2000:])
            policy, store = load_policy(PolicySpec(model="glimpse")), open_store()
            ours = talks(LocalEngine(policy, store), policy.renderer, store, range(4), temperature=0.0)
            opened = opener(f"http://127.0.0.1:{port}?shared={shared}")
            with opened(policy, store, folder=tmp_path, deterministic=True) as engine:
                theirs = talks(engine, policy.renderer, store, range(4), temperature=0.0)
                assert asyncio.run(engine.status()) == {"weights": f"{engine.name}-0", "running": 0}
            for one, other in zip(ours, theirs, strict=True):
                assert np.array_equal(one.prompt.tokens, other.prompt.tokens)
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(60) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()
    assert [path.name for path in shared.iterdir()] == ["vllm.log"]
