"""The engine over a token endpoint: what is sent, what is refused of an answer, and what survives a server that forgets."""

import asyncio
import copy
import io
import json
import os
import signal
import sys
import time
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PILImage

from saccade.clients import _transport
from saccade.clients._transport import EndpointError, RequestRefused
from saccade.core.engine import EMPTY_PROMPT, Engine, Sampling
from saccade.core.message import user
from saccade.core.run import PolicySpec
from saccade.engines.served import ROUNDS, Elsewhere, ServedEngine
from saccade.engines.served_process import ServerProcess, free_port
from saccade.media import open_store
from saccade.models.policy import load_policy
from saccade.testing.talks import append, picture
from saccade.testing.tiny import tiny

from .token_server import KEY, token_server


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_transport, "FIRST_PAUSE_S", 0.01)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny("qwen2_5_vl", tmp_path_factory.mktemp("qwen"))


@pytest.fixture
def policy(folder):
    return load_policy(PolicySpec(model=str(folder)))


@pytest.fixture
def store():
    return open_store()


@pytest.fixture
def prompt(policy, store):
    shown = [user(picture(store, "one", size=(61, 47)), picture(store, "two", size=(61, 47)), "What is the number?")]
    return append(EMPTY_PROMPT, policy.renderer.encode(shown, (), store))


@pytest.fixture
def server(policy, prompt):
    with token_server(marker=policy.family.placeholder, count=prompt.media[0].length, stop=policy.renderer.stop[0]) as made:
        yield made


@pytest.fixture
def engine(policy, store, server, tmp_path):
    made = ServedEngine(policy, store, Elsewhere(url=server.url, key=KEY), tmp_path / "shared", retries=2)
    assert isinstance(made, Engine)
    return made


def ask(engine, prompt, **sampling):
    return asyncio.run(engine.generate(prompt, Sampling(max_tokens=4, **sampling)))


def test_one_marker_an_image_and_its_bytes_under_their_name(engine, server, policy, prompt):
    found = ask(engine, prompt, temperature=0.5, seed=2**70, stop=(9,))
    assert found.tokens.tolist() == [policy.renderer.stop[0]] and found.logp.tolist() == [-0.5]
    assert (found.finish, found.version) == ("stop", 0)
    last = server.bodies("generate")[-1]
    assert last["tokens"].count(policy.family.placeholder) == 2 == len(last["images"]) == len(server.images)
    assert len(last["tokens"]) == len(prompt.tokens) - 2 * (prompt.media[0].length - 1)
    assert set(last["sampling"]["stop"]) == {9, *policy.renderer.stop} and 0 <= last["sampling"]["seed"] < 2**63
    rows, columns = prompt.media[0].inputs["grid"][1:]
    with PILImage.open(io.BytesIO(server.images[last["images"][0]])) as sent:
        assert sent.size == (columns * 14, rows * 14)
    before = len(server.bodies("images"))
    ask(engine, prompt)
    assert len(server.bodies("images")) == before == 1


@pytest.mark.parametrize("name", ["qwen2_5_vl", "qwen3_vl"])
@pytest.mark.parametrize("size", [(61, 47), (500, 33), (28, 28), (1200, 900)])
def test_a_picture_of_the_final_size_gives_the_same_patches(name, size, tmp_path, store):
    family = load_policy(PolicySpec(model=str(tiny(name, tmp_path)))).family
    pixels = store.get(picture(store, name, size=size).ref)
    scaled = family.scaled(pixels)
    assert kept(family).grid(scaled.size) == family.grid(size)
    assert np.array_equal(kept(family).patches(scaled)["pixel_values"], family.patches(pixels)["pixel_values"])


@given(width=st.integers(1, 700), height=st.integers(1, 700))
def test_a_server_leaves_every_scaled_picture_of_glimpse_at_its_size(width, height):
    """Its smallest and largest number of pixels are the same, so its own bounds would round most pictures twice."""
    if max(width, height) > 200 * min(width, height):
        return
    family = glimpse_family()
    rows, columns = family.grid((width, height))
    assert kept(family).grid((columns * 8, rows * 8)) == (rows, columns)


@lru_cache
def glimpse_family():
    from saccade.models.loading import checkpoint_folder, load_family

    return load_family(checkpoint_folder("glimpse"), PolicySpec(model="glimpse"))[0]


def kept(family):
    """The family with the bounds that a server is given."""
    bounds, processor = family.keeping(), copy.deepcopy(family.processor)
    processor.size = type(processor.size)(**bounds["size"])
    return replace(family, processor=processor)


def wrong_answers(policy):
    stop, banned, free = policy.renderer.stop[0], int(policy.banned[0]), 20
    return {
        "no tokens": {"tokens": [], "logp": []},
        "too many tokens": {"tokens": [free] * 5, "logp": [-1.0] * 5, "finish": "length"},
        "an id beyond the vocabulary": {"tokens": [10**6]},
        "a negative id": {"tokens": [-1]},
        "true for one": {"tokens": [True]},
        "an image placeholder": {"tokens": [banned, stop], "logp": [-1.0, -1.0]},
        "fewer log-probabilities": {"logp": []},
        "no log-probabilities": {"logp": None},
        "a log-probability that is no number": {"logp": [float("nan")]},
        "a positive log-probability": {"logp": [0.5]},
        "an infinite one": {"logp": [float("-inf")]},
        "other weights": {"weights": "somebody-7"},
        "an end nobody knows": {"finish": "tired"},
        "an end that was none": {"tokens": [free]},
        "a stop in the middle": {"tokens": [stop, free, stop], "logp": [-1.0] * 3},
        "an early end of length": {"tokens": [free], "finish": "length"},
        "a need of nothing": {"need": {"luck": 1}},
        "a need of no images": {"need": {"images": []}},
    }


def test_answers_that_cannot_be_are_refused(engine, server, policy, prompt):
    for what, changes in wrong_answers(policy).items():
        ask(engine, prompt)
        server.acts = [changes] * 3
        with pytest.raises(EndpointError) as error:
            ask(engine, prompt)
        assert error.value.kind == "rubbish", what
        assert server.acts == [], what


def test_trouble_passes(engine, server, prompt):
    ask(engine, prompt)
    for act in (503, 500, lambda handler: handler.connection.close(), lambda handler: handler.reply(200, b"{"),
                lambda handler: handler.reply(200, []), {"tokens": "x"}):
        server.acts = [act, act]
        assert ask(engine, prompt).finish == "stop" and server.acts == []


def test_a_prompt_that_was_read_otherwise_stops_with_the_cause(engine, server, prompt):
    server.count += 1
    with pytest.raises(ValueError, match=f"record holds {len(prompt.tokens)}; they differ from token"):
        ask(engine, prompt)


def test_a_wrong_key_and_a_wrong_request_are_not_repeated(policy, store, server, prompt, tmp_path, engine):
    other = ServedEngine(policy, store, Elsewhere(url=server.url, key="guess"), tmp_path)
    with pytest.raises(RequestRefused, match="401"):
        ask(other, prompt)
    ask(engine, prompt)
    before, server.acts = len(server.asked), [400]
    with pytest.raises(RequestRefused, match="400"):
        ask(engine, prompt)
    assert len(server.asked) == before + 1


def test_weights_go_once_however_many_wait_and_old_ones_go_away(engine, server, policy, prompt, tmp_path):
    from safetensors.torch import load_file

    async def eight():
        return await asyncio.gather(*(engine.generate(prompt, Sampling(max_tokens=4, seed=k)) for k in range(8)))

    server.slow_s = 0.05
    assert {each.version for each in asyncio.run(eight())} == {0}
    with torch.no_grad():
        policy.model.get_input_embeddings().weight.add_(1.0)
    policy.updated()
    assert {each.version for each in asyncio.run(eight())} == {1}
    loads = server.bodies("load")
    assert [each["weights"] for each in loads] == [f"{engine.name}-0", f"{engine.name}-1"] and engine.pushed == 2
    assert [path.name for path in (tmp_path / "shared").iterdir()] == [f"{engine.name}-1"]
    written = load_file(tmp_path / "shared" / f"{engine.name}-1" / "model.safetensors")
    name = next(name for name in written if name.endswith("embed_tokens.weight"))
    assert torch.equal(written[name], policy.model.get_input_embeddings().weight)


def test_twins_answer_under_the_weights_they_were_told_to_follow_and_say_so(engine, policy, prompt, tmp_path):
    twin, other = engine.twins(2)
    twin.follow(policy)
    assert (twin.version, ask(twin, prompt).version) == (0, 0)
    policy.updated()
    assert ask(twin, prompt).version == 0
    other.follow(policy)
    assert ask(twin, prompt).version == ask(other, prompt).version == 1
    assert [path.name for path in (tmp_path / "shared").iterdir()] == [f"{engine.name}-1"]
    engine.clear()
    assert not list((tmp_path / "shared").iterdir())


def test_weights_named_by_the_policy_are_never_those_of_another(policy, store, server, prompt, tmp_path):
    engines = [ServedEngine(policy, store, Elsewhere(url=server.url, key=KEY), tmp_path / str(k)) for k in range(2)]
    for engine in engines * 2:
        ask(engine, prompt)
        assert server.weights == f"{engine.name}-0"
    assert len(server.bodies("load")) == 4


def test_a_server_that_forgot_everything_is_told_again(engine, server, prompt):
    ask(engine, prompt)
    server.weights, server.images = "checkpoint", {}
    assert ask(engine, prompt).finish == "stop"
    assert server.weights == f"{engine.name}-0" and len(server.images) == 2


def test_a_server_that_only_asks_is_given_up(engine, server, prompt):
    server.acts = [lambda handler: handler.reply(200, {"need": {"images": ["never heard of"]}})] * (ROUNDS + 1)
    with pytest.raises(EndpointError, match="never answered"):
        ask(engine, prompt)


def test_who_no_longer_waits_is_cancelled_on_the_server(engine, server, prompt):
    def late(handler):
        time.sleep(0.5)
        handler.reply(200, {})

    async def cancelled():
        await engine.generate(prompt, Sampling(max_tokens=4))
        server.acts = [late]
        task = asyncio.create_task(engine.generate(prompt, Sampling(max_tokens=4)))
        while server.acts:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert server.bodies("cancel") == [{"id": server.bodies("generate")[-1]["id"]}]


def test_what_does_not_travel_is_said(engine, prompt, tmp_path, store):
    with pytest.raises(ValueError, match="logit rules are functions"):
        ask(engine, prompt, logit_rules=(lambda tokens, logits: logits,))
    with pytest.raises(ValueError, match="top_p"):
        ask(engine, prompt, top_p=0.0)
    tiled = load_policy(PolicySpec(model=str(tiny("smolvlm", tmp_path / "smol"))))
    other = ServedEngine(tiled, store, engine.server, tmp_path)
    shown = append(EMPTY_PROMPT, tiled.renderer.encode([user(picture(store, "x"), "Look.")], (), store))
    with pytest.raises(ValueError, match="more than placeholders"):
        ask(other, shown)


SCRIPT = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"{}")
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer.allow_reuse_address = True
print("here", os.environ["WORD"], flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def process(tmp_path, script=SCRIPT, **settings):
    port = free_port()
    return ServerProcess(command=(sys.executable, "-c", script, str(port)), port=port, key="k", log=tmp_path / "log" / "x",
                         environment={"WORD": "secret"}, **settings)


def test_a_process_that_dies_or_hangs_is_replaced_once_for_all_who_wait(tmp_path):
    made = process(tmp_path, hung_s=0.5)

    async def through():
        await asyncio.gather(*(made.running() for _ in range(5)))
        assert made.alive and made.replaced == 0
        os.killpg(made.pid, signal.SIGKILL)
        await asyncio.gather(*(made.mend() for _ in range(5)))
        assert made.alive and made.replaced == 1
        os.killpg(made.pid, signal.SIGSTOP)
        await asyncio.gather(*(made.mend() for _ in range(5)))
        assert made.alive and made.replaced == 2
        first = made.pid
        await made.mend()
        assert made.pid == first

    try:
        asyncio.run(through())
        assert (tmp_path / "log" / "x").read_text().count("here secret") == 3
    finally:
        made.close()
    assert not made.alive


def test_a_process_that_does_not_start_says_why(tmp_path):
    made = process(tmp_path, script="import sys; sys.exit('no such model')")
    with pytest.raises(RuntimeError, match="no such model"):
        asyncio.run(made.running())
    made.close()


def test_the_key_is_not_described():
    from saccade.core.run import describe

    assert KEY not in json.dumps(describe(Elsewhere(url="x", key=KEY))) and KEY not in repr(Elsewhere(url="x", key=KEY))
