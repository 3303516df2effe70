"""Training is a function of the plan: the same bits twice, and after an interruption."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from saccade.core.seed import generator

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from saccade.glimpse.corpus import LESSONS, UPDATES
from saccade.glimpse.pretrain import CHUNK, Plan, chunks, loudness, pretrain, rate


def weights_hash(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def losses(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "pretrain.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def test_the_rate_warms_up_falls_and_begins_again_in_the_last_stage():
    plan = Plan(updates=100, warm_up=10, decay=0.5, again=0.5)
    lessons = round(100 * LESSONS / UPDATES)
    rates = [rate(plan, update) for update in range(100)]
    assert rates[0] == pytest.approx(0.1) and rates[10] == pytest.approx(1 - 5 / lessons)
    assert rates[10:lessons] == sorted(rates[10:lessons], reverse=True) and rates[lessons - 1] < 0.06
    assert rates[lessons] == pytest.approx(0.5) and rates[lessons:] == sorted(rates[lessons:], reverse=True)


def test_parts_of_a_batch_keep_every_row_once_and_pad_little():
    rng = generator("chunks")
    rows = [SimpleNamespace(tokens_T=np.zeros(int(length))) for length in rng.integers(20, 300, 64)]
    parts = chunks(rows)
    assert sorted(map(id, rows)) == sorted(id(row) for part in parts for row in part)
    for part in parts:
        lengths = [len(row.tokens_T) for row in part]
        assert len(part) * max(lengths) <= CHUNK or len(part) == 1
        assert min(lengths) * 1.5 >= max(lengths)


def test_every_learned_token_has_its_weight_and_rows_of_more_tokens_more_in_all():
    rows = [SimpleNamespace(loss_T=np.ones(count, bool)) for count in (1, 4, 16)]
    weights = loudness(rows)
    assert len(weights) == 21
    assert [float(each.sum()) for each in weights.split([1, 4, 16])] == pytest.approx([1.0, 2.0, 4.0])


def test_a_state_of_another_plan_is_refused(tmp_path):
    pretrain(tmp_path, Plan(updates=2, batch=4), stop_after=1)
    with pytest.raises(ValueError, match="another plan"):
        pretrain(tmp_path, Plan(updates=3, batch=4))


@pytest.mark.slow
def test_the_first_200_updates_give_the_same_bits_straight_and_resumed(tmp_path):
    """Small batches keep the test short; the arithmetic and the data path are those of the real run."""
    plan = Plan(updates=200, batch=6, report_every=100, save_every=100, threads=1)
    straight = pretrain(tmp_path / "straight", plan)
    pretrain(tmp_path / "resumed", plan, stop_after=100)
    resumed = pretrain(tmp_path / "resumed", plan)
    assert weights_hash(straight) == weights_hash(resumed)
    assert losses(straight) == losses(resumed)
