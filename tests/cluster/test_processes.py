"""Two processes on a CPU against one: the same losses, the same weights, and a run goes on with any number of them."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from saccade.core.record import read_lines, read_trajectories
from saccade.learn.checkpoint import load_weights, saved
from saccade.learn.log import timeless
from saccade.learn.loop import train
from saccade.learn.opening import fresh_policy
from tests.cluster.runs import RUNS

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
OTHERWISE = ("plan/", "num_micro_batches")
"""Metrics that say how the work was cut."""


def launch(*command, processes=2):
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes),
         "--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", *map(str, command)],
        capture_output=True, text=True, timeout=3000, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done


@pytest.fixture(scope="session")
def trained(tmp_path_factory, checkpoint):
    """Folders `one` and `two` with every run, by as many processes; and runs that two went on with after one began them."""
    folder = tmp_path_factory.mktemp("cluster")
    for name, make in RUNS.items():
        run = make(str(checkpoint))
        train(run, folder / "one" / name, progress=False)
        if name in ("plain", "adapter"):
            begun = replace(run, schedule=replace(run.schedule, updates=1))
            train(begun, folder / "two" / f"{name}-from-one", progress=False, export=False)
    launch("-m", "tests.cluster.runs", folder / "two", checkpoint)
    return folder


def lines(folder):
    return [
        {name: value for name, value in timeless(line).items() if not name.startswith(OTHERWISE)}
        for line in read_lines(folder / "metrics.jsonl")
    ]


def model(folder):
    return load_file(folder / "model" / "model.safetensors")


@pytest.fixture
def learned(checkpoint):
    """Weights of the last checkpoint of a run, whoever wrote it, read by one process."""

    def read(name, folder):
        policy = fresh_policy(RUNS[name](str(checkpoint)))
        parameters = {key: each for key, each in policy.model.named_parameters() if each.requires_grad}
        load_weights(parameters, saved(folder / "checkpoints")[-1])
        return {key: each.detach().numpy() for key, each in parameters.items()}

    return read


def assert_like(one, two, *, within=1e-5):
    """Metrics to rounding, attempts to the token."""
    left, right = lines(one), lines(two)
    assert [line.keys() for line in left] == [line.keys() for line in right]
    for before, after in zip(left, right, strict=True):
        for name, value in before.items():
            if "mismatch" not in name:  # zero up to rounding: relative to nothing
                assert after[name] == pytest.approx(value, rel=1e-4, abs=within), name
    for path in sorted((one / "trajectories").iterdir()):
        for mine, theirs in zip(
            read_trajectories(path), read_trajectories(two / "trajectories" / path.name), strict=True
        ):
            assert mine.rewards == theirs.rewards and mine.sample.id == theirs.sample.id
            for step, other in zip(mine.steps, theirs.steps, strict=True):
                assert (step.tokens == other.tokens).all()
            for name, values in mine.aux.get("tokens", {}).items():
                np.testing.assert_allclose(
                    np.array(theirs.aux["tokens"][name], float), np.array(values, float), atol=1e-4, err_msg=name
                )


def assert_same_weights(left, right, *, within=2e-5):
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_allclose(right[name], left[name], atol=within, err_msg=name)


@pytest.mark.parametrize("name", list(RUNS))
def test_two_processes_are_one(trained, name, learned):
    one, two = trained / "one" / name, trained / "two" / name
    assert_like(one, two)
    assert_same_weights(learned(name, one), learned(name, two))
    assert_same_weights(model(one), model(two))


def test_an_update_moves_the_weights_by_much_more_than_that(trained, checkpoint, learned):
    policy = fresh_policy(RUNS["plain"](str(checkpoint)))
    before, after = dict(policy.model.named_parameters()), learned("plain", trained / "one" / "plain")
    assert max(float(np.abs(after[name] - before[name].detach().numpy()).max()) for name in before) > 1e-3


def test_each_rank_kept_a_slice(trained):
    last = trained / "two" / "plain" / "checkpoints" / "update_000002"
    pieces = sorted(last.glob("*.safetensors"))
    assert len(pieces) == 2 and not (last / "weights.safetensors").exists()
    assert not [path for path in last.rglob("*") if path.suffix not in (".safetensors", ".json")]
    whole = trained / "one" / "plain" / "checkpoints" / "update_000002" / "weights.safetensors"
    with safe_open(whole, framework="np") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    held = {}
    for path in pieces:
        with safe_open(path, framework="np") as file:
            for name in file.keys():  # noqa: SIM118
                if name in shapes:
                    held[name] = held.get(name, 0) + file.get_slice(name).get_shape()[0]
    assert held == {name: shape[0] for name, shape in shapes.items()}
    sizes = [path.stat().st_size for path in pieces]
    assert max(sizes) < 1.2 * min(sizes)


def test_only_the_first_wrote(trained):
    folder = trained / "two" / "plain"
    assert [line["update"] for line in lines(folder)] == [0, 1, 2]
    assert len(list(read_trajectories(folder / "trajectories" / "update_000001.jsonl"))) == 6
    assert not list(folder.rglob("*.tmp"))
    assert json.loads((folder / "summary.json").read_text())["updates"] == 2


@pytest.mark.parametrize("name", ["plain", "adapter"])
def test_two_go_on_where_one_stopped(trained, name, learned):
    folder = trained / "two" / f"{name}-from-one"
    assert (folder / "checkpoints" / "update_000001" / "weights.safetensors").exists()
    assert not (folder / "checkpoints" / "update_000002" / "weights.safetensors").exists()
    assert lines(folder)[-1]["loss"] == pytest.approx(lines(trained / "one" / name)[-1]["loss"], abs=1e-5)
    assert_same_weights(learned(name, trained / "one" / name), learned(name, folder))


@pytest.mark.parametrize("name", ["plain", "adapter"])
def test_one_goes_on_where_two_stopped(trained, name, checkpoint, learned, tmp_path):
    import shutil

    shutil.copytree(trained / "two" / name, tmp_path / "cut")
    shutil.rmtree(tmp_path / "cut" / "checkpoints" / "update_000002")
    (tmp_path / "cut" / "checkpoints" / "best.json").unlink(missing_ok=True)
    train(RUNS[name](str(checkpoint)), tmp_path / "cut", resume=True, progress=False)
    assert_like(trained / "one" / name, tmp_path / "cut")
    assert_same_weights(learned(name, trained / "one" / name), learned(name, tmp_path / "cut"))


def test_pieces_that_do_not_fit_are_refused(trained, checkpoint, tmp_path):
    pieces = trained / "two" / "adapter" / "checkpoints" / "update_000002"
    policy = fresh_policy(RUNS["plain"](str(checkpoint)))
    with pytest.raises(ValueError, match=r"does not fit this policy: .* freeze and lora"):
        load_weights(dict(policy.model.named_parameters()), pieces)
    cut = tmp_path / "update_000002"
    cut.mkdir()
    for path in pieces.iterdir():
        (cut / path.name).write_bytes(path.read_bytes()[:-1000] if path.suffix == ".safetensors" else path.read_bytes())
    with pytest.raises(ValueError, match="cannot be read"):
        load_weights(dict(policy.model.named_parameters()), cut)


def test_layers_that_run_again_change_nothing(trained, learned):
    assert_like(trained / "one" / "plain", trained / "two" / "recompute")
    assert_same_weights(*(learned("plain", trained / each) for each in ("one/plain", "two/recompute")))


def test_bfloat16_passes_beside_float32_weights(trained, learned):
    one, mixed = trained / "one" / "plain", trained / "two" / "mixed"
    assert lines(mixed)[-1]["loss"] != lines(one)[-1]["loss"]
    assert all(np.isfinite(line.get("loss", 0.0)) and not line.get("skipped") for line in lines(mixed))
    assert lines(mixed)[1]["blind/mismatch"] < 0.1
    assert {each.dtype for each in model(mixed).values()} == {np.dtype("float32")}
    exact, near = learned("plain", one), learned("plain", mixed)
    assert max(float(np.abs(near[name] - exact[name]).max()) for name in exact) < 0.06  # two updates of about 0.01 each way
    assert any((values.view(np.uint32) & 0xFFFF).any() for values in near.values())  # more digits than bfloat16 has


RECIPE = """
from tests.learn.conftest import small_run

def run():
    return small_run({checkpoint!r}, updates=1)
"""


def test_the_command_line_trains_on_two(checkpoint, tmp_path):
    recipe = tmp_path / "mine.py"
    recipe.write_text(RECIPE.format(checkpoint=str(checkpoint)))
    done = launch("-m", "saccade", "train", recipe, "--out", tmp_path / "run", "--quiet")
    assert done.stdout.count(f"the run is in {tmp_path / 'run'}") == 1
    assert (tmp_path / "run" / "model" / "model.safetensors").exists()
    assert len(lines(tmp_path / "run")) == 1
