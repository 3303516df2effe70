"""What ``--engine`` says, and what is said to somebody who has no vLLM."""

import pytest

from saccade.cli.engines import opener, served
from saccade.core.run import PolicySpec
from saccade.engines.local import LocalEngine, local
from saccade.engines.vllm import option, stated_dtype, vllm
from saccade.media import open_store
from saccade.models.loading import checkpoint_folder
from saccade.models.policy import load_policy


def test_a_name_its_settings_and_an_address():
    assert opener("local") is local
    assert opener("vllm") is vllm
    made = opener("vllm?gpu_memory_utilization=0.4&tensor_parallel_size=2")
    assert made.func is vllm and made.keywords == {"gpu_memory_utilization": 0.4, "tensor_parallel_size": 2}
    made = opener("http://node7:8000?shared=/data/engine")
    assert made.func is vllm and made.keywords == {"url": "http://node7:8000", "shared": "/data/engine"}


@pytest.mark.parametrize("name", ["vlm", "scripted", "", "ftp://x"])
def test_what_is_no_engine_of_a_run_is_refused_with_those_that_are(name):
    with pytest.raises(ValueError, match="an engine of a run is local, vllm, or the address"):
        opener(name)


def test_the_default_opens_the_local_engine_and_starts_nothing(tmp_path):
    policy = load_policy(PolicySpec(model="glimpse"))
    with opener("local")(policy, open_store(), folder=tmp_path, deterministic=True) as engine:
        assert isinstance(engine, LocalEngine) and engine.deterministic
    assert not list(tmp_path.iterdir())


def test_without_an_environment_the_next_step_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("SACCADE_VLLM", str(tmp_path / "none"))
    policy = load_policy(PolicySpec(model="glimpse"))
    with (
        pytest.raises(ValueError, match=r"none holds no environment with vLLM; build it with `saccade serve .* --install`"),
        opener("vllm")(policy, open_store(), folder=tmp_path / "run", deterministic=False),
    ):
        pass


def test_what_cannot_be_served_is_refused(tmp_path):
    settings = {"install": False, "chat": False, "host": "127.0.0.1", "port": 8000, "shared": str(tmp_path)}
    with pytest.raises(ValueError, match="vllm is the one engine that is a server"):
        served("glimpse", "local", **settings)
    with pytest.raises(ValueError, match="name a checkpoint folder"):
        served("", "vllm", **settings)
    with pytest.raises(ValueError, match="--port is 1 to 65535"):
        served("glimpse", "vllm", **{**settings, "port": 0})


def test_a_checkpoint_keeps_the_numbers_it_states():
    assert stated_dtype(checkpoint_folder("glimpse")) == "float32"


def test_settings_in_the_words_of_vllms_command_line():
    assert [option("enforce-eager", True), option("enforce-eager", False), option("dtype", "float32")] == [
        "--enforce-eager", "--no-enforce-eager", "--dtype=float32"]
