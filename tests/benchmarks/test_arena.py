"""The gate must close on numbers that differ, the limits must be the arithmetic, and the page must show what was found."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks import arena, group, results, skewed
from benchmarks.prefix_logprob import SHAPE


def told(**changes):
    whole = {"logp": np.array([-1.0, -2.0]), "grad/a": np.array([3.0, 4.0]), "grad/key.bias": np.array([1e-9, -1e-9]),
             "tokens": np.array([1, 2, 3])}
    return {**whole, **changes}


def test_equal_numbers_pass_and_rounding_is_allowed():
    wrong, worst = arena.disagreements(told(logp=np.array([-1.0, -2.000004])), told())
    assert wrong == [] and worst["logp"] == pytest.approx(4e-6, rel=1e-3)
    assert arena.disagreements(told(**{"grad/key.bias": np.array([-1e-9, 2e-9])}), told())[0] == []


@pytest.mark.parametrize(("changes", "named"), [
    ({"logp": np.array([-1.0, -2.00002])}, "logp"),
    ({"logp": np.array([-1.0, np.nan])}, "logp"),
    ({"grad/a": np.array([3.0, 4.002])}, "grad/a"),
    ({"grad/a": np.zeros(2)}, "grad/a"),
    ({"tokens": np.array([1, 2, 4])}, "tokens"),
    ({"tokens": np.array([1, 2])}, "shapes"),
    ({"grad/b": np.zeros(2)}, "only one side"),
])
def test_numbers_that_differ_close_the_gate(changes, named):
    wrong, _ = arena.disagreements(told(**changes), told())
    assert len(wrong) == 1 and named in wrong[0]


@pytest.fixture
def model(tmp_path):
    (tmp_path / "model").mkdir()
    config = {"text_config": {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 4, 
                              "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 416},
              "vision_config": {"depth": 4, "hidden_size": 128, "intermediate_size": 344}}
    (tmp_path / "model" / "config.json").write_text(json.dumps(config))
    return tmp_path


def test_the_limit_lies_between_those_of_linear_layers_and_attention(model):
    apart = group.layers_work(model, SHAPE.prompt, list(SHAPE.responses))
    once = group.shared_work(model, SHAPE.prompt, list(SHAPE.responses))
    tokens, attention = 8 * 1152 / (1024 + 8 * 128), 8 * 1152**2 / (1024**2 + 8 * (2 * 1024 * 128 + 128**2))
    assert attention < apart / once < tokens == 4.5
    assert 3.4 < skewed.limits(model)["seconds"] < 4.6


def entry(**changes):
    whole = {"case": "1", "title": "a case", "goal": 4.0, "limit": 4.5, "equal": True, "ratio": 4.2, "ours": 0.5,
             "theirs": 2.1, "spread": [4.0, 4.4],
             "difference": {"logp": 1e-6, "gradient": 0.0}, "peak_mb": {"ours": 10.0, "theirs": 20.0},
             "note": "", "facts": {"theirs": {"bf16": "False"}}}
    return {**whole, **changes}


def test_the_page_tells_what_was_and_was_not_measured():
    failed = entry(case="2", ratio=None, equal=False, wrong=["logp: differs by 0.1 nats"], spread=None, limit=None)
    text = results.page([entry(), failed], {"cpu": "a machine", "threads": 2})
    assert "**4.20x**" in text and "not measured: logp: differs by 0.1 nats" in text and "bf16 = False" in text
    drawn = ElementTree.fromstring(results.plot([entry(), failed, entry(case="3", ratio=40.0)]))
    bars = [float(each.get("width")) for each in drawn.iter() if each.tag.endswith("rect") and each.get("height") == "18"]
    assert len(bars) == 2 and bars[0] < bars[1]
    assert "NOT EQUAL" in arena.line(failed) and "4.20x" in arena.line(entry())
