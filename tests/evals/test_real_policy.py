"""Evaluation of a real (tiny, random) checkpoint: torch is loaded, images go through the family's own renderer."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from saccade import episodes, tools
from saccade.core.engine import Sampling
from saccade.core.episode import Limits
from saccade.core.run import Benchmark, PolicySpec
from saccade.data import source
from saccade.evals.ask import ask
from saccade.evals.report import read_items
from saccade.evals.run import evaluate
from saccade.testing.tiny import tiny

pytestmark = pytest.mark.slow  # loads torch and a checkpoint


@pytest.fixture(scope="module")
def spec(tmp_path_factory) -> PolicySpec:
    folder = tiny("qwen2_5_vl", tmp_path_factory.mktemp("tiny"))
    return PolicySpec(model=str(folder), dtype="float32", device="cpu", sampling=Sampling(max_tokens=8))


def test_greedy_results_repeat_and_resume(spec, tmp_path):
    bench = Benchmark(
        name="small", data=source("world:hidden_detail?size=4&seed=3"), tools=(tools.crop(),),
        episode=episodes.tool_loop(max_steps=2), limits=Limits(steps=2, tokens=4096, seconds=120),
    )
    first = evaluate(spec, bench, tmp_path / "one", progress=False)["small"]
    assert first.accuracy.n == 4 and first.num_failed == 0, read_items(tmp_path / "one")[0].errors
    again = evaluate(spec, bench, tmp_path / "two", progress=False, limit=2)["small"]
    assert again.accuracy.n == 2
    evaluate(spec, bench, tmp_path / "two", progress=False)
    one, two = ({item.id: item for item in read_items(tmp_path / name)} for name in ("one", "two"))
    assert one == two and len(one) == 4
    line = json.loads((tmp_path / "one" / "small" / "trajectories.jsonl").read_text().splitlines()[0])
    assert line["steps"][-1]["logp"] and any(step.get("media") for step in line["steps"])
    other = PolicySpec(model=str(tiny("qwen2_5_vl", tmp_path / "other", seed=1)), dtype="float32", device="cpu",
                       sampling=Sampling(max_tokens=8))
    with pytest.raises(ValueError, match="another policy"):  # other weights under the same settings
        evaluate(other, bench, tmp_path / "one", progress=False)


def test_ask_a_checkpoint(spec, tmp_path):
    picture = tmp_path / "noise.png"
    source("world:hidden_detail?size=1")[0].images[0].data.save(picture)
    found = ask(spec, picture, "Which digit?", tools=(), out_html=tmp_path / "page.html")
    assert found.trajectory.stop in ("done", "max_tokens") and found.trajectory.num_sampled > 0
    assert "Which digit?" in found.page.read_text(encoding="utf-8")
