"""What a sandbox promises besides keeping code in: it refuses where it cannot, and says whose failure an end was."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from saccade import sandbox
from saccade.core.folder import names
from saccade.sandbox.inside import kernel
from saccade.sandbox.inside.frames import PREFIX, Garbled, packed, unpacked
from saccade.sandbox.protocol import Limits, SandboxDied, Unavailable
from saccade.sandbox.remote import serve

jail_file, container_file, chosen_file = (
    importlib.import_module(f"saccade.sandbox.{name}") for name in ("jail", "container", "chosen")
)


def gone(pid: int) -> bool:
    for _ in range(400):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def box():
    made = sandbox.jail(limits=Limits(seconds=3.0), spare=1)
    yield made
    made.close()


def test_every_backend_is_found():
    assert {"jail", "container", "wasm", "remote", "chosen"} <= set(names(Path(sandbox.__path__[0])))


@pytest.mark.parametrize("name", ["jail", "container", "chosen"])
def test_the_examples_hold(name):
    module = importlib.import_module(f"saccade.sandbox.{name}")
    made = getattr(sandbox, name)(limits=Limits(seconds=3.0))
    try:
        made.open().close()
    except Unavailable as lack:
        pytest.skip(str(lack))
    for code, status, text in module.EXAMPLES:
        session = made.open()
        result = session.run(code)
        session.close()
        assert result.status == status and text in result.stdout + result.error, result
    made.close()


def test_wasm_refuses_and_says_what_is_missing():
    with pytest.raises(Unavailable, match="CPython for WASI"):
        sandbox.wasm().open()


def test_without_a_wall_nothing_runs(monkeypatch):
    monkeypatch.setattr(kernel, "landlock_abi", lambda: 0)
    with pytest.raises(Unavailable, match="no Landlock"):
        sandbox.jail().open()
    with pytest.raises(Unavailable, match="no Landlock"):
        sandbox.container().open()
    with pytest.raises(Unavailable, match=r"jail: .*container: .*wasm: "):
        chosen_file.Chosen(Limits()).open()


def test_a_wall_that_cannot_be_built_inside_is_a_refusal(monkeypatch):
    """The zygote starts and fails: here because there is no folder it is asked to show the interpreter from."""
    monkeypatch.setattr(jail_file, "WARM", {"numpy": "import no_such_module"})
    with pytest.raises(Unavailable, match="no_such_module"):
        sandbox.jail(packages=("numpy",)).open()


def test_no_bubblewrap_is_said(monkeypatch):
    monkeypatch.setattr(container_file.shutil, "which", lambda name: None)
    with pytest.raises(Unavailable, match="there is no bwrap"):
        sandbox.container().open()


def test_what_is_available_is_what_works():
    found = chosen_file.available()
    assert set(found) == {"jail", "container", "wasm"} and found["wasm"]
    for name, lack in found.items():
        if lack:
            with pytest.raises((Unavailable, SandboxDied)):
                getattr(sandbox, name)().open()


@pytest.mark.parametrize("wrong", [{"seconds": 0}, {"memory_mb": -1}, {"threads": 0}])
def test_limits_are_positive(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Limits(**wrong)


def test_a_package_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="no-such-package"):
        sandbox.jail(packages=("no-such-package",)).open()


def test_a_session_killed_from_outside_is_not_the_models_doing(box):
    session = box.open()
    session.run("1")
    timer = threading.Timer(0.3, lambda: signal.pidfd_send_signal(session._handle, signal.SIGKILL))
    timer.start()
    with pytest.raises(SandboxDied, match="from outside"):
        session.run("import time; time.sleep(60)")
    timer.join()


def test_the_zygote_comes_back(box):
    box.open().close()
    box._zygote.kill()
    box._zygote.wait()
    time.sleep(0.1)
    fresh = box.open()
    assert fresh.run("print(1)").stdout == "1\n"
    fresh.close()


def test_a_sandbox_that_no_longer_answers_is_ours(box, monkeypatch):
    """Code that ends its process counts as the model's only while a fresh session answers."""
    session = box.open()

    def fallen():
        raise SandboxDied("no session")

    monkeypatch.setattr(box, "open", fallen)
    with pytest.raises(SandboxDied, match="no session"):
        session.run("import os; os._exit(1)")


def test_closing_ends_every_process(box):
    session = box.open()
    pids = [box._zygote.pid, *children(box._zygote.pid)]
    assert len(pids) > 2
    session.close()
    box.close()
    assert all(gone(pid) for pid in pids)


def children(pid: int) -> list[int]:
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(entry), *children(int(entry))]
    return found


def test_nothing_outlives_the_process_that_asked():
    program = ("import os, time, sys\nfrom saccade import sandbox\nbox = sandbox.jail(spare=1)\ns = box.open()\n"
               "print(box._zygote.pid, flush=True)\ntime.sleep(600)\n")
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    zygote = int(parent.stdout.readline())
    family = [zygote, *children(zygote)]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert len(family) > 2 and all(gone(pid) for pid in family)


def test_files_go_in_and_come_out(box):
    session = box.open()
    result = session.run("data = open('in/a.bin', 'rb').read()\nopen('out.bin', 'wb').write(data[::-1])",
                         files={"in/a.bin": bytes(range(256))}, collect="*.bin")
    assert result.files["out.bin"] == bytes(range(256))[::-1]
    assert session.run("import os; os.path.exists('out.bin')").stdout == "False\n"


def test_a_server_refuses_strangers_and_says_what_is_wrong(box):
    server = serve(box, token="right")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        with pytest.raises(SandboxDied, match="401"):
            sandbox.remote(address, token="wrong").open()
        known = sandbox.remote(address, token="right", limits=box.limits)
        session = known.open()
        assert session.run("print(6 * 7)").stdout == "42\n"
        stranger = type(session)(known, "0" * 32)
        with pytest.raises(SandboxDied, match="no session"):
            stranger.run("1")
        session.close()
        with pytest.raises(SandboxDied, match="over"):
            session.run("1")
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(SandboxDied, match="remote 127"):
        sandbox.remote(address, token="right").open()


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ValueError, match="no address"):
        sandbox.remote("file:///etc/passwd", token="t")
    with pytest.raises(ValueError, match="token"):
        serve(sandbox.jail(), token="")


@settings(max_examples=200)
@given(some.binary(max_size=200))
def test_any_bytes_are_a_message_or_garbled(data):
    left = bytearray(data)

    def read(count: int) -> bytes:
        if len(left) < count:
            raise EOFError
        piece = bytes(left[:count])
        del left[:count]
        return piece

    with contextlib.suppress(Garbled, EOFError):
        unpacked(read, max_header=1000, max_files=1000)


@given(some.dictionaries(some.text(max_size=9), some.binary(max_size=50), max_size=5), some.text(max_size=50))
def test_messages_survive_the_way(files, text):
    left = bytearray(packed({"code": text}, files))

    def read(count: int) -> bytes:
        piece = bytes(left[:count])
        del left[:count]
        return piece

    header, found = unpacked(read, max_header=1 << 20, max_files=1 << 20)
    assert header == {"code": text} and found == files


def test_a_message_that_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(Garbled, match="allowed"):
        unpacked(lambda count: PREFIX.pack(1 << 60, 1 << 60)[:count], max_header=10, max_files=10)
