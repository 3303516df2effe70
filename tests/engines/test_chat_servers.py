"""Chat endpoints as others build them: vLLM's and `transformers serve`, asked by our client and by OpenAI's own.

Run by `make test-vllm`: both servers, and the official client, live in vLLM's environment.
"""

import asyncio
import json
import subprocess
from dataclasses import replace

import pytest

from saccade.clients._transport import EndpointError, RequestRefused
from saccade.clients.endpoint import endpoint
from saccade.core.engine import EMPTY_PROMPT, Sampling
from saccade.core.message import assistant, user
from saccade.core.run import PolicySpec
from saccade.engines import vllm
from saccade.engines.local import LocalEngine
from saccade.engines.served_process import ServerProcess, free_port
from saccade.media import open_store
from saccade.models.loading import checkpoint_folder
from saccade.models.policy import load_policy
from saccade.testing.talks import append, picture

pytestmark = [pytest.mark.vllm, pytest.mark.slow]
KEY = "key-of-this-test"
FOLDER = checkpoint_folder("glimpse").resolve()
GREEDY = Sampling(temperature=0.0, max_tokens=8)

OFFICIAL = """
import json, sys, openai
url, key, body = json.loads(sys.argv[1])
print(openai.OpenAI(base_url=url, api_key=key).chat.completions.create(**body).model_dump_json())
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return open_store(tmp_path_factory.mktemp("media"))


@pytest.fixture(scope="module")
def policy():
    return load_policy(PolicySpec(model="glimpse"))


@pytest.fixture(scope="module", autouse=True)
def key():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(vllm.KEY, KEY)
        patch.setenv("OPENAI_API_KEY", KEY)
        yield


@pytest.fixture(scope="module")
def vllm_chat(store, tmp_path_factory):
    made = vllm.chat_process(FOLDER, tmp_path_factory.mktemp("chat"), host="127.0.0.1", port=free_port(),
                             engine={"allowed_local_media_path": store.folder, "dtype": "float32"})
    yield from running(made)


@pytest.fixture(scope="module")
def transformers_serve(tmp_path_factory):
    port = free_port()
    command = (str(vllm.place() / "bin" / "transformers"), "serve", str(FOLDER), "--host", "127.0.0.1", "--port", str(port),
               "--device", "cpu", "--dtype", "float32")
    made = ServerProcess(command=command, port=port, key=KEY, log=tmp_path_factory.mktemp("serve") / "log", path="health",
                         environment=vllm.environment(KEY))
    yield from running(made)


@pytest.fixture(params=["vllm_chat", "transformers_serve"])
def server(request):
    return request.getfixturevalue(request.param)


def running(made):
    try:
        asyncio.run(made.running())
        yield made
    finally:
        made.close()


def client_of(server, store, **settings):
    return endpoint(f"{server.url}/v1", str(FOLDER), store=store, retries=0, **settings)


def ask(client, messages, sampling=GREEDY):
    return asyncio.run(client.reply(messages, (), sampling))


def written(policy, store, messages):
    """What the local engine writes."""
    prompt = append(EMPTY_PROMPT, policy.renderer.encode(messages, (), store))
    found = asyncio.run(LocalEngine(policy, store).generate(prompt, GREEDY))
    return policy.renderer.parse(found.tokens, finish=found.finish)


def talk(store):
    """Two pictures in two turns, at a size no server changes."""
    first, second = (picture(store, "served", number, size=(64, 64)) for number in range(2))
    return [user(first, "What is the number in the picture?"), assistant("7"), user(second, "And in this one?")]


def test_greedy_answers_are_those_of_the_local_engine(server, policy, store):
    for messages in (talk(store)[:1], talk(store), [user("Hi")]):
        assert ask(client_of(server, store), messages).text == written(policy, store, messages).text


def test_the_official_client_says_and_gets_the_same(server, store):
    client = client_of(server, store)
    said = {}

    class Listening:
        async def ask(self, body, accept):
            said.update(body)
            return await client.transport.ask(body, accept)

    ours = ask(replace(client, transport=Listening()), talk(store))
    command = [vllm.interpreter(), "-c", OFFICIAL, json.dumps([f"{server.url}/v1", KEY, said])]
    theirs = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert json.loads(theirs.stdout)["choices"][0]["message"]["content"] == ours.text


def test_a_picture_may_travel_as_the_path_of_its_file(vllm_chat, store):
    by_path, by_bytes = client_of(vllm_chat, store, files=True), client_of(vllm_chat, store)
    assert ask(by_path, talk(store)).text == ask(by_bytes, talk(store)).text


def test_replies_are_kept_and_a_wrong_key_and_model_are_refused(vllm_chat, store, tmp_path, monkeypatch):
    kept = client_of(vllm_chat, store, cache=tmp_path)
    first = ask(kept, talk(store))
    monkeypatch.setenv("OPENAI_API_KEY", "guess")
    with pytest.raises(RequestRefused, match="401"):
        ask(client_of(vllm_chat, store), talk(store))
    assert ask(client_of(vllm_chat, store, cache=tmp_path), talk(store)) == first  # not asked
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(RequestRefused, match="404"):
        ask(replace(client_of(vllm_chat, store), model="somebody"), talk(store))


def test_a_server_that_is_gone_has_a_name(store):
    with pytest.raises(EndpointError) as error:
        ask(endpoint(f"http://127.0.0.1:{free_port()}/v1", "m", retries=1, store=store), talk(store))
    assert error.value.kind == "connection"
