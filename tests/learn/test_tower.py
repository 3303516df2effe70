"""An image is encoded once an update while the tower learns, whatever the micro-batches."""

import pytest

from saccade import objectives
from saccade.engines.local import LocalEngine
from saccade.learn.collect import attempted
from saccade.learn.learner import Learner
from saccade.learn.progress import Progress
from saccade.learn.update import update
from saccade.media import open_store
from saccade.models.policy import load_policy


@pytest.fixture
def batch(run):
    store = open_store()
    learner = Learner(load_policy(run.policy), store, run.optim)
    engine = LocalEngine(learner.policy, store)
    made = attempted(run, [run.data[0]], learner, engine, update=0, progress=0.0, bar=Progress())
    return learner, list(made.rows)


def test_one_pass_of_the_tower_an_update(batch, monkeypatch):
    learner, rows = batch
    counts = []
    encode = type(learner.policy.family).encode

    def counted(self, model, patches):
        counts.append(len(patches))
        return encode(self, model, patches)

    monkeypatch.setattr(type(learner.policy.family), "encode", counted)
    metrics = update(learner, rows, (objectives.clip(),), lr=1e-3, micro_tokens=max(row.size for row in rows))
    assert metrics["num_micro_batches"] == len(rows) > 1
    assert learner.policy.tower_trains
    assert sum(counts) == len({span.ref for row in rows for span in row.prompt.media})


def test_the_plan_is_told(batch):
    learner, rows = batch
    metrics = update(learner, rows, (objectives.clip(),), lr=1e-3)
    assert metrics["plan/heads"] >= 1
    assert 0 < metrics["plan/ran"] < metrics["plan/apart"] == sum(row.size - 1 for row in rows)
