"""Training is a function of the plan: the same bits twice, and after an interruption."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from saccade.glimpse.pretrain import Plan, pretrain, rate


def weights_hash(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def losses(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "pretrain.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def test_the_rate_warms_up_and_falls():
    plan = Plan(updates=100, warm_up=10)
    rates = [rate(plan, update) for update in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True) and rates[-1] < 0.06


def test_a_state_of_another_plan_is_refused(tmp_path):
    pretrain(tmp_path, Plan(updates=2, batch=4), stop_after=1)
    with pytest.raises(ValueError, match="another plan"):
        pretrain(tmp_path, Plan(updates=3, batch=4))


@pytest.mark.slow
def test_the_first_200_updates_give_the_same_bits_straight_and_resumed(tmp_path):
    """Small batches keep the test short; the arithmetic and the data path are those of the real run."""
    plan = Plan(updates=200, batch=12, report_every=100, save_every=100)
    straight = pretrain(tmp_path / "straight", plan)
    pretrain(tmp_path / "resumed", plan, stop_after=100)
    resumed = pretrain(tmp_path / "resumed", plan)
    assert weights_hash(straight) == weights_hash(resumed)
    assert losses(straight) == losses(resumed)
