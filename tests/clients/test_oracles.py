"""Oracles err as often as they say, where they say, and never by the order of questions."""

import asyncio

import pytest

from saccade.clients.oracle import noisy_oracle, oracle
from saccade.clients.scripted import Scripted, scripted
from saccade.core.engine import Client, Sampling
from saccade.core.message import Image, assistant, user


def ask(client, *messages):
    return asyncio.run(client.reply(messages, (), Sampling())).text


def parity(messages):
    return "yes" if int(messages[-1].text) % 2 else "no"


def test_an_oracle_is_right():
    assert [ask(oracle(parity), user(str(each))) for each in range(4)] == ["no", "yes", "no", "yes"]


def test_a_noisy_oracle_errs_at_its_rate_and_by_content():
    async def answers(client, order):
        return {each: (await client.reply((user(str(each)),), (), Sampling())).text for each in order}

    client = noisy_oracle(parity, error=0.3, wrong=("yes", "no"))
    first = asyncio.run(answers(client, range(1000)))
    errors = sum(said != parity((user(str(each)),)) for each, said in first.items())
    assert 250 < errors < 350
    assert asyncio.run(answers(client, reversed(range(1000)))) == first
    other = noisy_oracle(parity, error=0.3, wrong=("yes", "no"), seed=1)
    assert asyncio.run(answers(other, range(1000))) != first


def test_a_noisy_oracle_is_always_wrong_at_one_and_looks_at_pictures():
    client = noisy_oracle(lambda messages: "a", error=1.0, wrong=("a", "b", "c"))
    found = {ask(client, user(Image(ref=f"px:{each}"))) for each in range(30)}
    assert found == {"b", "c"}


@pytest.mark.parametrize("error, wrong", [(-0.1, ("a", "b")), (1.5, ("a", "b")), (float("nan"), ("a", "b")), (0.5, ("a",))])
def test_settings_that_make_no_sense(error, wrong):
    with pytest.raises(ValueError):
        noisy_oracle(parity, error=error, wrong=wrong)


def test_a_script_keeps_its_order_and_ends():
    client = scripted("one", assistant("two", thought="t"))
    assert isinstance(client, Client)
    assert [ask(client, user("a")), ask(client, user("b"))] == ["one", "two"]
    with pytest.raises(ValueError, match="2 replies"):
        ask(client, user("c"))
    assert client.asked[1] == (user("b"),)
    assert ask(Scripted(replies=lambda messages: messages[-1].text[::-1]), user("abc")) == "cba"
