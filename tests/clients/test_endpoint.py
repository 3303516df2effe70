"""An endpoint that misbehaves: what is asked again, what is given up, what the user is told, and what is never shown."""

import asyncio
import base64
import email.utils
import io
import json
import time

import pytest
from PIL import Image as PILImage

from saccade.clients import _transport
from saccade.clients._transport import EndpointError, RequestRefused
from saccade.clients.endpoint import endpoint
from saccade.core.engine import Client, Sampling
from saccade.core.message import Image, ToolCall, Video, assistant, system, tool_result, user
from saccade.core.tool import tool
from saccade.media import open_store
from saccade.text.dialects.tags import tags

from .server import cut, drip, hang, said, serving, slam, status

KEY = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_transport, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@tool
def crop(n: int) -> str:
    """Zoom in.

    Args:
        n: how much
    """
    return ""


def ask(client, *messages, tools=(), **sampling):
    return asyncio.run(client.reply(messages or (user("hi"),), tools, Sampling(**sampling)))


def test_a_plain_exchange():
    with serving(said("hello")) as server:
        client = endpoint(server.url, "m")
        assert isinstance(client, Client)
        reply = ask(client, system("Be brief."), user("hi"), temperature=0.5, max_tokens=7, seed=2**40 + 3)
    assert reply == assistant("hello")
    (body,) = server.bodies
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("m", 0.5, 7)
    assert 0 <= body["seed"] < 2**31 and "tools" not in body
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_pictures_tools_and_results_in_openai_form():
    store = open_store()
    picture = store.adopt(Image(ref="lazy:x", data=PILImage.new("RGB", (5, 3), "red")))
    call = ToolCall(name="crop", arguments={"n": 1})
    shown = (tool_result(picture), tool_result("small"))
    talk = (user("look", picture), assistant("hm", calls=(call, call)), *shown, user("so?"))
    with serving(said("7")) as server:
        ask(endpoint(server.url, "m", store=store), *talk, tools=[crop])
    body = server.bodies[0]
    assert body["tools"] == [crop.schema]
    question, answer, first, second, pictures, last = body["messages"]
    data = question["content"][1]["image_url"]["url"].removeprefix("data:image/png;base64,")
    with PILImage.open(io.BytesIO(base64.b64decode(data))) as seen:
        assert seen.size == (5, 3) and seen.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    ids = [each["id"] for each in answer["tool_calls"]]
    assert len(set(ids)) == 2 and [first["tool_call_id"], second["tool_call_id"]] == ids
    assert json.loads(answer["tool_calls"][0]["function"]["arguments"]) == {"n": 1}
    assert "picture" in first["content"] and second["content"] == "small"
    assert [part["type"] for part in pictures["content"]] == ["image_url"]
    assert last == {"role": "user", "content": "so?"}


def test_calls_come_back_and_bad_arguments_with_an_error():
    calls = [{"id": "a", "type": "function", "function": {"name": "crop", "arguments": '{"n": 2}'}},
             {"id": "b", "type": "function", "function": {"name": "crop", "arguments": "{n: 2"}}]
    with serving(said(None, tool_calls=calls, reasoning_content="well")) as server:
        reply = ask(endpoint(server.url, "m"), tools=[crop])
    assert reply.calls[0] == ToolCall(name="crop", arguments={"n": 2}, id="a")
    assert reply.calls[1].id == "b" and "not a JSON object" in reply.calls[1].error
    assert reply.thought == "well" and reply.text == ""


def test_a_conversation_with_a_broken_call_can_go_on():
    broken = assistant("x", calls=(ToolCall(name="", error="no name", id="b"),))
    with serving(said("ok")) as server:
        ask(endpoint(server.url, "m"), user("q"), broken, tool_result("no name"))
    assert server.bodies[0]["messages"][-1] == {"role": "tool", "tool_call_id": "b", "content": "no name"}


def test_a_dialect_speaks_to_an_endpoint_without_tools():
    with serving(said('<think>t</think>Look.\n<tool name="crop">{"n": 3}</tool>')) as server:
        client = endpoint(server.url, "m", dialect=tags())
        reply = ask(client, user("q"), assistant("", calls=(ToolCall(name="crop"),)), tool_result("r"), tools=[crop])
    assert reply == assistant("Look.", calls=(ToolCall(name="crop", arguments={"n": 3}),), thought="t")
    roles = [each["role"] for each in server.bodies[0]["messages"]]
    assert roles == ["system", "user", "assistant", "user"] and "tools" not in server.bodies[0]
    assert "Zoom in." in server.bodies[0]["messages"][0]["content"]
    assert "<tool_response>\nr\n</tool_response>" in server.bodies[0]["messages"][3]["content"]


@pytest.mark.parametrize("trouble", [status(500), status(502), status(503), status(429), slam, cut, {"nothing": 1},
                                     status(200, b"<html>"), status(200, b"\xff\xfe"), {"choices": []}, said(7),
                                     status(200, b"[" * 100_000)])
def test_trouble_passes(trouble):
    with serving(trouble, trouble, said("at last")) as server:
        assert ask(endpoint(server.url, "m")).text == "at last"
    assert len(server.bodies) == 3


@pytest.mark.parametrize("trouble, kind, code", [
    (status(500, b"boom"), "broken", 500), (status(429), "busy", 429), (status(200, b"<html>"), "rubbish", None),
    ({"error": "overloaded"}, "rubbish", None), (cut, "connection", None),
])
def test_trouble_that_stays_has_a_type(trouble, kind, code):
    with serving(*[trouble] * 3) as server, pytest.raises(EndpointError) as caught:
        ask(endpoint(server.url, "m", retries=2))
    assert (caught.value.kind, caught.value.status) == (kind, code)
    assert "asked 3 times" in str(caught.value) and server.url in str(caught.value)
    assert len(server.bodies) == 3


@pytest.mark.parametrize("code, advice", [(400, "bad things"), (401, "variable"), (404, "model's name"), (422, "422")])
def test_a_wrong_request_is_not_repeated(code, advice):
    with serving(status(code, b"bad things"), said()) as server, pytest.raises(RequestRefused, match=advice):
        ask(endpoint(server.url, "m"))
    assert len(server.bodies) == 1


@pytest.mark.parametrize("act", [hang(1.0), drip(1.0)])
def test_a_slow_server_is_given_up_in_time(act):
    start = time.monotonic()
    with serving(act) as server, pytest.raises(EndpointError) as caught:
        ask(endpoint(server.url, "m", timeout_s=0.15, retries=0))
    assert caught.value.kind == "timeout" and time.monotonic() - start < 0.9


def test_the_deadline_covers_all_attempts():
    start = time.monotonic()
    with serving(*[status(500)] * 100) as server, pytest.raises(EndpointError):
        ask(endpoint(server.url, "m", deadline_s=0.3, retries=100))
    assert time.monotonic() - start < 1.0 and len(server.bodies) > 2


def test_a_server_says_how_long_to_wait():
    with serving(status(429, Retry_After="0.25"), said()) as server:
        ask(endpoint(server.url, "m"))
    assert server.times[1] - server.times[0] >= 0.25
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    with serving(status(503, Retry_After=date), said()) as server, pytest.raises(EndpointError) as caught:
        ask(endpoint(server.url, "m", deadline_s=2.0))
    assert caught.value.status == 503 and len(server.bodies) == 1


def test_what_a_server_asks_of_one_request_holds_for_all():
    async def two(client):
        first = asyncio.create_task(client.reply((user("a"),), (), Sampling()))
        while not server.bodies:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await asyncio.gather(first, client.reply((user("b"),), (), Sampling()))

    with serving(status(429, Retry_After="0.5")) as server:
        asyncio.run(two(endpoint(server.url, "m")))
    assert min(server.times[1:]) - server.times[0] >= 0.5


def test_requests_are_spaced_to_stay_below_a_rate():
    async def go(client):
        await asyncio.gather(*(client.reply((user(str(each)),), (), Sampling()) for each in range(5)))

    with serving() as server:
        asyncio.run(go(endpoint(server.url, "m", per_minute=600)))
        assert len(server.times) == 5 and max(server.times) - min(server.times) >= 0.35
        with pytest.raises(EndpointError, match="no turn"):
            asyncio.run(go(endpoint(server.url, "m", per_minute=2, deadline_s=1.0, retries=0)))


def test_pictures_by_their_file(tmp_path):
    store = open_store(tmp_path / "media")
    picture = store.adopt(Image(ref="lazy:x", data=PILImage.new("RGB", (5, 3), "red")))
    with serving() as server:
        ask(endpoint(server.url, "m", store=store, files=True), user(picture))
        in_memory = endpoint(server.url, "m", store=open_store(), files=True)
        ask(in_memory, user(Image(ref="x", data=PILImage.new("RGB", (5, 3)))))
    by_file, by_bytes = (body["messages"][0]["content"][0]["image_url"]["url"] for body in server.bodies)
    assert by_file.startswith("file:///") and by_bytes.startswith("data:image/png;base64,")
    with PILImage.open(by_file.removeprefix("file://")) as shown:
        assert shown.getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("value", ["soon", "nan", "-5", "1e99", "", "Fri, 99 Foo 2026"])
def test_a_wait_that_makes_no_sense_is_ignored(value):
    with serving(status(429, Retry_After=value), said("x")) as server:
        assert ask(endpoint(server.url, "m", deadline_s=3.0)).text == "x"


def test_nobody_listens():
    with serving() as server:
        url = server.url
    with pytest.raises(EndpointError) as caught:
        ask(endpoint(url, "m", retries=1))
    assert caught.value.kind == "connection"


def test_the_key_goes_nowhere_else(monkeypatch, caplog):
    with serving(status(401, f"wrong key {KEY}".encode())) as server, pytest.raises(RequestRefused) as caught:
        ask(endpoint(server.url, "m"))
    client = endpoint(server.url, "m")
    assert KEY not in str(caught.value) + repr(client) + repr(client.transport) + caplog.text
    with serving(said()) as other, serving(status(302, Location=other.url), status(307, Location=other.url)) as server:
        for _ in range(2):
            with pytest.raises(RequestRefused, match="redirect"):
                ask(endpoint(server.url, "m"))
        assert not other.bodies
    monkeypatch.setenv("OPENAI_API_KEY", KEY + "\r\nX-Evil: 1")
    with pytest.raises(ValueError) as refused:
        endpoint("http://localhost/v1", "m")
    assert KEY not in str(refused.value)
    monkeypatch.delenv("OPENAI_API_KEY")
    with serving(said()) as server:
        ask(endpoint(server.url, "m"))
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "localhost:8000", "", "http://", "http://me:pw@host/v1", "ftp://x/v1"])
def test_urls_that_are_none(url):
    with pytest.raises(ValueError) as caught:
        endpoint(url, "m")
    assert "pw" not in str(caught.value) or "password" in str(caught.value)


def test_the_same_request_is_asked_once(tmp_path):
    with serving(said("one"), said("two")) as server:
        client = endpoint(server.url, "m", cache=tmp_path / "kept")
        assert [ask(client).text, ask(client).text] == ["one", "one"]
        assert ask(client, seed=1).text == "two"
        assert len(server.bodies) == 2
        for path in (tmp_path / "kept").iterdir():
            assert KEY not in path.read_text()
            path.write_text("{damaged")
        assert ask(client).text == "hello" and len(server.bodies) == 3


def test_failures_are_not_kept(tmp_path):
    with serving(status(500), {"error": 1}, said("good")) as server:
        client = endpoint(server.url, "m", cache=tmp_path, retries=0)
        for _ in range(2):
            with pytest.raises(EndpointError):
                ask(client)
        assert ask(client).text == "good"


def test_many_at_once():
    async def go(client):
        return await asyncio.gather(*(client.reply((user(str(each)),), (), Sampling()) for each in range(40)))

    with serving(*[status(429)] * 10) as server:
        assert [reply.text for reply in asyncio.run(go(endpoint(server.url, "m")))] == ["hello"] * 40


def test_what_cannot_be_sent_is_named():
    client = endpoint("http://localhost:1/v1", "m")
    with pytest.raises(ValueError, match="px:0123"):
        ask(client, user(Image(ref="px:0123")))
    with pytest.raises(ValueError, match=r"nowhere\.png"):
        ask(client, user(Image(ref="file:nowhere.png")))
    with pytest.raises(ValueError, match="video"):
        ask(client, user(Video(ref="file:x.mp4")))


def test_fields_can_be_added_and_left_out():
    with serving(said()) as server:
        ask(endpoint(server.url, "m", extra={"seed": None, "top_k": 5}))
    assert "seed" not in server.bodies[0] and server.bodies[0]["top_k"] == 5
