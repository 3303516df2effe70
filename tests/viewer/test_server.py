"""The server gives what was found and nothing else, whatever it is asked."""

from __future__ import annotations

import http.client
import json

import pytest
from PIL import Image as PILImage

from saccade.media import open_store
from saccade.testing.runs import made_run, one_of_everything
from saccade.viewer.inspect_log import inspect_log
from saccade.viewer.server import POLICY, allowed, serve
from tests.viewer.conftest import serving


def ask(port, path, *, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


def told(port, path):
    status, body, _ = ask(port, path)
    assert status == 200, body
    return json.loads(body)


def test_runs_rows_and_components(port):
    assert {run["name"]: run["kind"] for run in told(port, "/api/runs")["runs"]} == {
        "train": "training",
        "other": "training",
        "everything": "rollout",
    }
    found = told(port, "/api/rows?run=train&count=5&start=4")
    assert found["matching"] == found["total"] == found["indexed"] == 12 and len(found["rows"]) == 5
    assert told(port, "/api/rows?run=everything&only=failed")["rows"][0]["id"] == "failed"
    key = found["rows"][0]["key"]
    near = told(port, f"/api/neighbours?run=train&key={key}")
    assert near["at"] == 4 and near["of"] == 12
    for view, words in (
        ("trajectory", "image_zoom_in_tool"),
        ("tokens", "Shade tokens by"),
        ("group", "rewards by term"),
    ):
        status, body, _ = ask(port, f"/view/{view}?run=train&key={key}")
        assert status == 200 and words in body.decode(), view
    status, body, _ = ask(port, "/view/run?run=train&other=everything")
    for words in ("Reward by term", "Settings that differ", "optim.lr", "Seconds by stage"):
        assert words in body.decode()
    assert told(port, "/api/compare?a=train&b=train")["counts"]["fixed"] == 0
    assert told(port, "/api/state?run=train")["metrics"] == 2


def test_every_kind_of_attempt_is_shown(port):
    def view(at, kind="trajectory"):
        status, body, _ = ask(port, f"/view/{kind}?run=everything&key=0.{at}")
        assert status == 200
        return body.decode()

    drawn, clip, coded, latent, failed, endpoint, evil = (view(at) for at in range(7))
    for layer in ("points", "masks", "drawings", "boxes", "truth", "distractors"):
        assert f'class="mark {layer}' in drawn and f'data-layer="{layer}"' in drawn
    assert 'class="strip"' in clip and "looked at" in clip and "card film" in clip
    assert 'class="code"' in coded and "words output" in coded and "lies outside the image of" in coded
    assert "3 latent steps (hidden)" in latent and "1: left, turn" in latent
    assert "ended by error" in failed and "engine went away" in failed
    assert "made by a client" in view(5, "tokens") and "320x240" in endpoint
    for text in (evil, view(6, "tokens"), view(6, "group")):
        assert (
            "<script" not in text
            and "onerror=&quot;" not in text.replace("src=x onerror=&quot;", "")
            and "\u202e" not in text
        )


def test_answers_forbid_everything_but_ours(port):
    for path in ("/", "/static/app.js", "/api/runs", "/view/run?run=train", "/nothing", "/view/run?run=none"):
        _, _, headers = ask(port, path)
        assert headers["Content-Security-Policy"] == POLICY and headers["X-Content-Type-Options"] == "nosniff"
    assert "'unsafe" not in POLICY and POLICY.startswith("default-src 'none'")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/static/../../secret.txt",
        "/static/%2e%2e/%2e%2e/secret.txt",
        "/picture/train/../../secret.txt",
        "/picture/train/..%2f..%2fsecret.txt",
        "/picture/..%2f/0000",
        "/picture/train/" + "0" * 32,
        "//secret.txt",
        "/picture/train/" + "%00" * 32,
        "/view/trajectory?run=../&key=1.0",
        "/view/trajectory?run=train&key=../../secret.txt",
        "/view/trajectory?run=train&key=99999999999999999999.0",
        "/export?run=train&keys=../secret.txt",
        "/api/rows?run=%2Fetc",
    ],
)
def test_no_address_leads_out(port, path):
    status, body, _ = ask(port, path)
    assert status in (400, 404) and b"secret" not in body.replace(b"secret.txt", b"") and b"Traceback" not in body


@pytest.mark.parametrize(
    "path, why",
    [
        ("/api/rows", "lacks 'run'"),
        ("/api/rows?run=train&count=x", "count is a number"),
        ("/api/rows?run=train&only=x", "no filter"),
        ("/export?run=train", "choose at least one"),
        ("/export?run=train&keys=1.0&form=exe", "html or inspect"),
        ("/view/group?run=train&key=9.9", "no trajectory"),
        ("/api/rows?run=gone", "no run 'gone'"),
    ],
)
def test_mistakes_are_said(port, path, why):
    status, body, _ = ask(port, path)
    assert status in (400, 404) and why in json.loads(body)["error"]


def test_only_reading_and_only_under_our_name(port):
    assert ask(port, "/api/runs", method="POST")[0] == 501 and ask(port, "/api/runs", method="DELETE")[0] == 501
    assert ask(port, "/api/runs", Host="attacker.example")[0] == 403
    assert ask(port, "/api/runs", method="HEAD")[1] == b""
    assert all(
        allowed(host, frozenset({"box"}))
        for host in ("localhost:1", "127.0.0.1:1", "[::1]:1", "box:8", "192.168.0.4:1")
    )
    assert not any(
        allowed(host, frozenset({"127.0.0.1"})) for host in ("", "evil.org", "evil.org:80", "localhost.evil.org")
    )


def test_looking_writes_nothing(runs, port):
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*")}
    for path in (
        "/api/runs",
        "/api/rows?run=everything",
        "/view/run?run=train",
        "/view/trajectory?run=everything&key=0.0",
    ):
        ask(port, path)
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*")} == before


def test_large_pictures_come_in_tiles(runs, port):
    import io

    ref = (runs / "large.ref").read_text()
    assert ask(port, f"/picture/everything/{ref}")[0] == 404  # never whole

    def size(query):
        status, body, _ = ask(port, f"/picture/everything/{ref}?{query}")
        return PILImage.open(io.BytesIO(body)).size if status == 200 else json.loads(body)["error"]

    assert size("size=260x200") == (260, 200) and size("tile=0x0x0") == (512, 512)
    assert size("tile=0x5x3") == (40, 464) and size("tile=2x1x0") == (138, 500)
    for wrong in ("tile=0x6x0", "tile=-1x0x0", "tile=0x0", "size=99999x1", "size=0x0", "tile=ax0x0"):
        assert isinstance(size(wrong), str)


def test_a_run_that_grows_is_seen_to_grow(tmp_path, monkeypatch):
    monkeypatch.setattr("saccade.viewer.opened.LOOK_S", 0.0)
    made_run(tmp_path / "a", trajectories=4, attempts=2, looks=1, updates=1, tokens=40)
    with serving(tmp_path) as port:
        assert told(port, "/api/state?run=a")["total"] == 4
        first = tmp_path / "a" / "trajectories" / "update_000001.jsonl"
        (first.parent / "update_000002.jsonl").write_bytes(first.read_bytes() + b'{"half')
        found = told(port, "/api/rows?run=a")
        assert found["total"] == 8 and found["rows"][-1]["update"] == 2
        made_run(tmp_path / "b", trajectories=2, looks=1, updates=1, tokens=40)
        assert {run["name"] for run in told(port, "/api/runs")["runs"]} == {"a", "b"}


def test_exports(port, runs):
    status, body, headers = ask(port, "/export?run=everything&keys=0.0,0.6&form=html")
    text = body.decode()
    assert status == 200 and headers["Content-Disposition"] == 'attachment; filename="everything.html"'
    assert (
        "<script" not in text
        and "default-src &#x27;none&#x27;" in text
        and "data:image/" in text
        and "/picture/" not in text
    )
    assert "Shade tokens by" in text
    log = told(port, "/export?run=train&keys=1.0,1.1&form=inspect")
    assert log["version"] == 2 and [sample["epoch"] for sample in log["samples"]] == [1, 2]
    assert log["samples"][0]["messages"][0]["content"][0]["image"].startswith("data:image/")
    call = log["samples"][0]["messages"][1]["tool_calls"][0]
    result = log["samples"][0]["messages"][2]
    assert result["tool_call_id"] == call["id"] and result["function"] == "image_zoom_in_tool"


def test_inspect_reads_the_export(tmp_path):
    """Its own reader, where inspect_ai is installed."""
    log = pytest.importorskip("inspect_ai.log")
    store = open_store()
    attempts = [each for each in one_of_everything(store)]
    (tmp_path / "log.json").write_text(inspect_log(attempts, store, task="everything"))
    found = log.read_eval_log(str(tmp_path / "log.json"))
    assert found.status == "success" and len(found.samples) == len(attempts)
    assert found.samples[1].messages[-1].text == "4.5" and found.samples[0].scores["format_tags"].value == 1.0


def test_a_port_in_use_is_said(port, runs):
    with pytest.raises(ValueError, match="choose another --port"):
        serve([runs], port=port)
