"""Tools by the Model Context Protocol, both ways, against the official package."""

from __future__ import annotations

import asyncio
import sys

import pytest

from saccade.core import Image, Limits, Sample, Stop, user
from saccade.episodes import tool_loop
from saccade.media import open_store
from saccade.rollout.pool import run_sync
from saccade.rollout.run import attempt
from saccade.testing.replay import ByteRenderer, Replay
from saccade.tools import crop, run_python

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")

from saccade.mcp.client import Connection
from saccade.mcp.server import server

from ..rollout.conftest import call, picture

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

SERVER = '''
import base64, io
from mcp.server.mcpserver import MCPServer, Image
made = MCPServer("other")

@made.tool()
def add(a: int, b: int = 1) -> str:
    "Add two numbers."
    if a < 0:
        raise ValueError("only counts")
    return str(a + b)

@made.tool()
def size(image: str, options: dict | None = None) -> str:
    "Say how large a picture is."
    from PIL import Image as PIL
    return str(PIL.open(io.BytesIO(base64.b64decode(image))).size)

@made.tool()
def die() -> str:
    "End the server."
    import os
    os._exit(3)

@made.tool()
def square(side: int) -> Image:
    "Draw a square."
    from PIL import Image as PIL
    held = io.BytesIO(); PIL.new("RGB", (side, side), "red").save(held, "PNG")
    return Image(data=held.getvalue(), format="png")

if __name__ == "__main__":
    made.run()
'''


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    picture().save(folder / "a.png")
    (folder / "broken.png").write_bytes(b"no picture")
    (tmp_path / "secret.png").write_bytes((folder / "a.png").read_bytes())
    return folder


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    path = tmp_path_factory.mktemp("mcp") / "server.py"
    path.write_text(SERVER)
    with Connection([sys.executable, str(path)], images=("image",)) as connection:
        yield connection


async def talk(made, *calls):
    from mcp import Client

    async with Client(made) as client:
        listed = await client.list_tools()
        return listed.tools, [await client.call_tool(name, arguments) for name, arguments in calls]


def said(result) -> str:
    return "\n".join(each.text for each in result.content if each.type == "text")


def test_the_official_client_uses_our_tools(photos):
    listed, results = run_sync(talk(
        server([crop(), run_python()], images=photos),
        ("open_image", {"path": "a.png"}),
        ("image_zoom_in_tool", {"bbox_2d": [0, 0, 64, 48]}),
        ("run_python", {"code": "show(image_2.rotate(90, expand=True)); image_1.size"}),
        ("run_python", {"code": "image_3.size"}),
    ))
    assert [each.name for each in listed] == ["open_image", "image_zoom_in_tool", "run_python"]
    assert all(not each.is_error for each in results), [said(each) for each in results]
    assert said(results[0]) == "image 1: 256 x 192 pixels" and said(results[1]) == "image 2: 64 x 48 pixels"
    assert "image 3: 48 x 64 pixels" in said(results[2]) and "(256, 192)" in said(results[2])
    assert "(48, 64)" in said(results[3])
    assert [each.type for each in results[1].content] == ["text", "image"]


def test_mistakes_are_told_and_nothing_is_opened_outside(photos):
    _, results = run_sync(talk(
        server([crop()], images=photos),
        ("image_zoom_in_tool", {"bbox_2d": [0, 0, 9, 9]}),
        ("open_image", {"path": "../secret.png"}),
        ("open_image", {"path": str(photos.parent / "secret.png")}),
        ("open_image", {"path": "broken.png"}),
        ("open_image", {"path": "\0"}),
        ("open_image", {}),
        ("nothing", {}),
    ))
    assert all(each.is_error for each in results)
    assert "none was shown" in said(results[0]) and "there is no picture" in said(results[1]) and "a.png" in said(results[2])


def test_over_standard_input_and_output(photos):
    from mcp import StdioServerParameters

    command = StdioServerParameters(
        command=sys.executable, args=["-m", "saccade", "tools", "serve", "crop", "--images", str(photos)]
    )
    listed, results = run_sync(talk(
        command, ("open_image", {"path": "a.png"}), ("image_zoom_in_tool", {"bbox_2d": [0, 0, 9, 9]})
    ))
    assert [each.name for each in listed] == ["open_image", "image_zoom_in_tool"]
    assert said(results[1]) == "image 2: 9 x 9 pixels"


def played(tools, *texts, **limits):
    sample = Sample(id="s", prompt=(user(Image(ref="lazy:s", data=picture()), "?"),), target="4")
    return run_sync(attempt(
        sample, tool_loop(), engine=Replay(texts=list(texts)), renderer=ByteRenderer(), store=open_store(), tools=tools,
        limits=Limits(**limits),
    ))


def test_tools_of_a_server_in_an_episode(other):
    made = played(other.tools, call("add", a=2, b=3), call("size", image=1), call("square", side=7), call("add", a=-1), "4")
    shown = [step.message for step in made.steps if step.message.role == "tool"]
    assert made.stop is Stop.DONE and made.error is None
    assert shown[0].text == "5" and shown[1].text == "(256, 192)" and len(shown[2].images) == 1
    assert "add" in shown[3].text and made.events[3].error and not made.events[3].infrastructure


def test_arguments_are_checked_before_the_server_sees_them(other):
    made = played(other.tools, call("add", a="two"), call("add"), call("size", image=9), "4")
    errors = [event.error for event in made.events]
    assert "must be a JSON integer" in errors[0] and "missing: ['a']" in errors[1] and "no image 9" in errors[2]


def test_a_server_that_dies_is_our_failure(tmp_path):
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    with Connection([sys.executable, str(path)], timeout_s=5.0) as connection:
        made = played(connection.tools, call("die"), "4")
    assert made.stop is Stop.ERROR and made.events[0].infrastructure


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(ConnectionError, match="no MCP server at"):
        Connection([sys.executable, "-c", "import sys; sys.exit(1)"])


def test_a_closed_connection_says_so(other):
    assert other.tools
    with Connection([sys.executable, "-c", SERVER]) as connection:
        pass
    with pytest.raises(ConnectionError, match="closed"):
        asyncio.run(connection.tools[0].function(context=None, a=1))
