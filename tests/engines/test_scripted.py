"""A scripted engine behind a real renderer: real tokens, invented but reproducible log-probabilities."""

import asyncio

import numpy as np
import pytest

from saccade.core.engine import Engine, Prompt, Sampling
from saccade.core.message import ToolCall, assistant, user
from saccade.core.run import PolicySpec
from saccade.engines.scripted import ScriptedEngine, scripted
from saccade.models.loading import load_family
from saccade.models.renderer import make_renderer
from saccade.testing.tiny import tiny


@pytest.fixture(scope="module")
def renderer(tmp_path_factory):
    folder = tiny("qwen3_vl", tmp_path_factory.mktemp("q"))
    return make_renderer(folder, load_family(folder, PolicySpec(model=str(folder)))[0])


def prompt(renderer, text="hi"):
    (piece,) = renderer.encode((user(text),), (), None)
    return Prompt(tokens=piece.tokens)


def test_replies_are_real_tokens(renderer):
    said = assistant("Look.", calls=(ToolCall(name="crop", arguments={"n": 1}),))
    engine = scripted(renderer, "plain", said)
    assert isinstance(engine, Engine)
    one, two = (asyncio.run(engine.generate(prompt(renderer), Sampling(seed=5))) for _ in range(2))
    assert renderer.parse(one.tokens) == assistant("plain") and renderer.parse(two.tokens) == said
    assert one.finish == "stop" and one.tokens[-1] in renderer.stop
    assert len(one.logp) == len(one.tokens) and (one.logp <= 0).all() and one.logp.dtype == np.float32
    with pytest.raises(ValueError, match="2 replies"):
        asyncio.run(engine.generate(prompt(renderer), Sampling()))


def test_a_function_sees_the_prompt_and_the_same_seed_draws_the_same(renderer):
    engine = ScriptedEngine(replies=lambda text, turn: f"{turn}:{'cat' in text}", renderer=renderer)
    first = asyncio.run(engine.generate(prompt(renderer, "a cat"), Sampling(seed=1)))
    assert renderer.parse(first.tokens).text == "0:True"
    again = ScriptedEngine(replies=lambda text, turn: f"{turn}:{'cat' in text}", renderer=renderer)
    np.testing.assert_array_equal(asyncio.run(again.generate(prompt(renderer, "a cat"), Sampling(seed=1))).logp, first.logp)
    assert len(engine.prompts) == 1


def test_a_long_reply_is_cut_off(renderer):
    done = asyncio.run(scripted(renderer, "word " * 50).generate(prompt(renderer), Sampling(max_tokens=7)))
    assert len(done.tokens) == 7 == len(done.logp) and done.finish == "length"
    assert done.tokens[-1] not in renderer.stop
