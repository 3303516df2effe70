"""What the miniatures about looking share, beside `_glimpse`: items of which some need no look, figures of faithfulness.

With `large` above 0 that share of the items shows its digit large enough for the overview: a look is then not needed, and a
right answer says nothing about where the model looked. Arms stop at the same number of sampled tokens: an attempt of glimpse
writes about 13 (a call of 8, an answer of 5).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import saccade as sc
from saccade import rewards, worlds
from saccade.recipes import _glimpse

ATTEMPTS, TOKENS = 128, 13
"""Attempts per update, and tokens that one of them writes."""

EVAL_ITEMS = 300


def items(seed: int, *, split: str = "train", size: int = _glimpse.TRAIN_ITEMS, **knobs: Any) -> sc.Source:
    return worlds.hidden_detail.source(size=size, seed=seed, level="real", split=split, **knobs)


def figures() -> tuple[sc.Reward, ...]:
    """Parts of accuracy and the looks behind them; `faithful`: share of items right after a look at the evidence."""
    return (
        rewards.answer_match(), rewards.evidence_iou(), rewards.faithful(kind="seen", name="faithful"),
        rewards.faithful(kind="illusion", name="illusion"), rewards.faithful(kind="unlooked", name="unlooked"),
        rewards.look_share(label="correct", name="correct_looks"),
        rewards.look_share(label="erroneous", name="erroneous_looks"),
        rewards.need_met(), rewards.need_met(right=True, name="need_met_right"),
    )


def miniature(run: sc.Run, *, seed: int, updates: int, **knobs: Any) -> sc.Run:
    """`_glimpse.miniature` on items with these knobs of `hidden_detail`; `updates` says how much an arm may sample."""
    small = _glimpse.miniature(run, seed=seed, updates=updates * 2)
    held = replace(_glimpse.held_out(), data=items(7, split="test", size=EVAL_ITEMS, **knobs), rewards=figures())
    schedule = replace(small.schedule, tokens=updates * ATTEMPTS * TOKENS)
    return replace(small, data=items(1000 + seed, **knobs), evals=(held,), schedule=schedule)


def untrained(run: sc.Run) -> sc.Run:
    """The arm in which nothing is learned."""
    return replace(run, schedule=replace(run.schedule, updates=0))


def misplaced(source: sc.Source) -> sc.Source:
    """The same items with their evidence said to be elsewhere: a control for everything that is paid for looking there."""
    return sc.Rows(rows=source, make=elsewhere)


def elsewhere(sample: sc.Sample, index: int) -> sc.Sample:
    rng = sc.generator("misplaced", sample.id)
    side = float(sample.meta["knobs"]["size_px"])
    moved = []
    for x1, y1, x2, y2 in sample.meta["evidence"]:
        x, y = rng.uniform(0, side - (x2 - x1)), rng.uniform(0, side - (y2 - y1))
        moved.append([x, y, x + (x2 - x1), y + (y2 - y1)])
    return replace(sample, meta={**sample.meta, "evidence": moved})
