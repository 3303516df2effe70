"""The page embedder learns from nothing in seconds, is written whole, and searches pages."""

import numpy as np
import pytest

from saccade.core.seed import generator
from saccade.tools import search_pages
from saccade.worlds.pages import library, pairs
from tests.tools.bench import attempt, call

pytestmark = pytest.mark.slow  # imports torch


def test_pairs_differ_by_their_emblem_and_are_drawn_from_their_generator():
    one, two = (pairs(generator("p"), 30) for _ in range(2))
    assert [query for query, _ in one] == [query for query, _ in two]
    assert len({" ".join(query.split()[-2:]) for query, _ in one}) == 30
    with pytest.raises(ValueError, match="at most 30"):
        pairs(generator("p"), 31)


def test_training_lifts_recall_far_above_chance_and_the_checkpoint_is_whole(tmp_path):
    training = pytest.importorskip("saccade.models.sight.page_embedder")
    embedder = training.train_page_embedder(tmp_path, updates=60, batch=20)
    losses = np.loadtxt(tmp_path / "loss.csv", delimiter=",", skiprows=1)[:, 1]
    assert losses[:5].mean() > 2.9 and losses[-5:].mean() < 2.2
    assert training.recall_at_1(embedder, count=10) > 0.3
    assert {path.suffix for path in tmp_path.iterdir()} <= {".json", ".safetensors", ".csv"}
    tool = search_pages(corpus=library(0), embedder=embedder)
    message = call(attempt(tool), tool, query="the page with a red circle")
    assert message.images and message.text.endswith(".png")
