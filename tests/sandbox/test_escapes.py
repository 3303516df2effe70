"""Nothing leaves a sandbox: every attempt against every backend that this machine has."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from saccade import sandbox
from saccade.sandbox.protocol import SandboxDied, Unavailable
from saccade.sandbox.remote import serve
from saccade.testing import escapes

from .conftest import LIMITS, TOKEN

LATE_S = 1.0


def jailed():
    yield sandbox.jail(limits=LIMITS)


def contained():
    yield sandbox.container(limits=LIMITS)


def served():
    server = serve(sandbox.jail(limits=LIMITS), token="t")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield sandbox.remote(f"http://127.0.0.1:{server.server_address[1]}", token="t", limits=LIMITS)
    server.shutdown()
    server.server_close()


BACKENDS = {"jail": jailed, "container": contained, "remote": served}


@pytest.fixture(scope="module", params=BACKENDS)
def box(request):
    for made in BACKENDS[request.param]():
        try:
            made.open().close()
        except Unavailable as lack:
            pytest.skip(str(lack))
        yield made
        made.close()


@pytest.fixture
def session(box):
    opened = box.open()
    yield opened
    opened.close()


def filled(code: str, words: dict) -> str:
    for name, value in words.items():
        code = code.replace("{" + name + "!r}", repr(value)).replace("{" + name + "}", str(value))
    return escapes.HEAD + code


def test_the_baits_are_there(baits):
    """What the attempts are after can be had from outside, or their failing would mean nothing."""
    assert Path(baits.words["secret"]).read_text() == TOKEN
    assert "answer_match" in Path(baits.words["grader"]).read_text()
    for family, address in ((socket.AF_INET, ("127.0.0.1", baits.words["tcp"])), (socket.AF_UNIX, baits.words["unix"]),
                            (socket.AF_UNIX, "\0" + baits.words["abstract"])):
        with socket.socket(family) as line:
            line.connect(address)
            assert line.recv(99).decode() == TOKEN
    baits.heard.clear()


@pytest.mark.parametrize("name", escapes.ATTEMPTS)
def test_an_attempt_fails(session, baits, name):
    before = len(baits.heard)
    result = session.run(filled(escapes.ATTEMPTS[name], baits.words))
    assert result.status == "ok", (result.status, result.error)
    assert "ESCAPED" not in result.stdout, [line for line in result.stdout.splitlines() if "ESCAPED" in line]
    assert TOKEN not in result.stdout.replace(repr(TOKEN), "")
    assert len(baits.heard) == before
    assert baits.victim.poll() is None


def test_every_attempt_was_made(session, baits):
    """The refusals are counted: an attempt that ends before its last line is none."""
    result = session.run(filled(escapes.KERNEL["doors of the kernel"], baits.words))
    assert result.stdout.count("refused") == 36


@pytest.mark.parametrize("name", escapes.ENDLESS)
def test_endless_code_is_stopped_in_time(session, name):
    result = session.run(escapes.ENDLESS[name])
    assert result.status == "timeout"
    assert result.seconds < LIMITS.seconds + LATE_S


@pytest.mark.parametrize("name", escapes.GREEDY)
def test_greedy_code_is_stopped(session, box, name):
    result = session.run(escapes.GREEDY[name])
    assert result.status in ("error", "crashed", "timeout"), result
    assert still_works(box)


@pytest.mark.parametrize("name", escapes.FORGED)
def test_a_lying_process_only_harms_itself(session, box, name):
    result = session.run(escapes.FORGED[name])
    assert "ESCAPED" not in result.stdout
    assert result.status in ("ok", "error", "crashed", "flood", "timeout")
    assert still_works(box)


def still_works(box) -> bool:
    fresh = box.open()
    try:
        return fresh.run("print(6 * 7)").stdout == "42\n"
    finally:
        fresh.close()


def test_output_is_cut(session):
    result = session.run("import sys\nprint('x' * 10 ** 8)\nprint('e' * 10 ** 7, file=sys.stderr)\n"
                         "raise ValueError('v' * 10 ** 7)")
    assert result.status == "error"
    assert all(len(each) <= LIMITS.output_chars + 64 for each in (result.stdout, result.stderr, result.error))
    assert "more characters" in result.stdout


def test_a_link_is_not_followed_out_when_files_are_collected(session, baits):
    secret = baits.words["secret"]
    result = session.run(f"import os\nos.symlink({secret!r}, 'a.txt')\nopen('b.txt', 'w').write('mine')", collect="*.txt")
    assert dict(result.files) == {"b.txt": b"mine"}


def test_trajectories_share_nothing(box):
    one, two = box.open(), box.open()
    assert one.run("import json, builtins, os\nmine = 1\nopen('/scratch/f', 'w').write('x')\njson.loads = None\n"
                   "builtins.abs = lambda x: 0\nos.environ['A'] = 'b'").status == "ok"
    looked = two.run("import json, os\nprint('mine' in globals(), os.listdir('/scratch'), json.loads('1'), abs(-3), "
                     "os.environ.get('A'))")
    one.close()
    assert looked.stdout == "False [] 1 3 None\n"
    two.close()
    third = box.open()
    assert third.run("import json, os; print(abs(-3), os.listdir('.'), json.loads('1'))").stdout == "3 [] 1\n"
    third.close()


def test_state_is_kept_within_a_trajectory(session):
    assert session.run("import numpy as np\nx = np.arange(5)").status == "ok"
    assert session.run("1 / 0").status == "error"
    assert session.run("int(x.sum())").stdout == "10\n"


def test_what_is_left_behind_stands_still_between_runs(session):
    began = session.run("import threading, time\ncount = 0\ndef go():\n    global count\n    while True:\n"
                        "        count += 1\n"
                        "        time.sleep(0.001)\nthreading.Thread(target=go, daemon=True).start()\n"
                        "time.sleep(0.05)\ncount")
    time.sleep(1.0)
    after = session.run("count")
    assert int(began.stdout) > 5
    assert int(after.stdout) - int(began.stdout) < 200  # a second of running would be some 900


def test_a_patched_checker_is_not_ours(session):
    """The answer is judged in this process, which the code's patches cannot reach."""
    from saccade.rewards import answer_match
    from saccade.testing.scripted import scripted

    result = session.run("import sys, types\nfake = types.ModuleType('saccade.rewards.answer_match')\n"
                         "fake.answer_match = lambda *a, **k: (lambda t: 1.0)\nsys.modules['saccade'] = fake\n"
                         "sys.modules[fake.__name__] = fake\nimport builtins\nbuiltins.float = lambda x: 1.0")
    assert result.status == "ok"
    assert answer_match().function(scripted("It is 5.", "4")).value == 0.0


def test_a_session_that_is_over_says_so(session):
    session.run("import os; os._exit(1)")
    with pytest.raises(SandboxDied, match="over"):
        session.run("1")
