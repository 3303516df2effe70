"""What every miniature on glimpse shares: the model, the crop tool it was taught to call, budgets, the held-out items.

`hidden_detail` at level ``real`` shows handwritten digits on photographs, small enough to need a crop. Training draws
from the training scans and photographs, evaluation from those that neither pretraining nor training saw.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import episodes, rewards, tools, worlds
from saccade.glimpse.talk import zoom_schema
from saccade.rollout.interventions import intervene, random_box

BINS = 16
"""Lines of the grid in which glimpse writes boxes."""

TRAIN_ITEMS, TEST_ITEMS = 100_000, 500
UPDATES, TOKENS = 100, 160_000
"""Of an arm: it stops at so many sampled tokens, about 1,650 an update, or at a quarter more updates than that takes."""


def zoom() -> sc.Tool:
    """The crop tool as the corpus of glimpse declares it: boxes in grid lines, no label, few prompt tokens."""
    declared = zoom_schema()["function"]
    made = tools.crop(frame="grid", bins=BINS, label=False, name=declared["name"], description=declared["description"])
    return replace(made, parameters=declared["parameters"])


def train_items(seed: int) -> sc.Source:
    return worlds.hidden_detail.source(size=TRAIN_ITEMS, seed=1000 + seed, level="real", split="train")


def held_out() -> sc.Benchmark:
    """500 items of held-out digits on held-out photographs; the same for every arm and seed.

    Sampled at temperature 1, as in training: what reinforcement changes is how likely a look in the right place is, and a
    greedy policy would hide how sloppy the start is.
    """
    items = worlds.hidden_detail.source(size=TEST_ITEMS, seed=7, level="real", split="test")
    return sc.Benchmark(name="hidden_detail", data=items, metric="lenient", sampling=sc.Sampling(temperature=1.0),
                        rewards=(rewards.answer_match(), rewards.evidence_iou()))


def miniature(run: sc.Run, *, seed: int, updates: int = 100, tokens: int = 0) -> sc.Run:
    """A recipe's run with its model, data and sizes changed to those of glimpse; method and rewards stay as they are.

    tokens: sampled tokens after which an arm stops, so that arms are compared at equal experience (0: by updates alone)
    """
    return replace(
        run,
        data=train_items(seed),
        episode=episodes.tool_loop(max_steps=3),
        tools=(zoom(),),
        policy=sc.PolicySpec(model="glimpse", freeze=("vision",), dtype="float32",
                             sampling=sc.Sampling(temperature=1.0, max_tokens=24)),
        limits=sc.Limits(steps=3, tokens=1024, sampled=72, pixels=1_000_000),
        explore=sc.Independent(n=8),
        optim=sc.Optim(lr=3e-4, warmup=2),
        schedule=sc.Schedule(updates=updates, prompts=16, tokens=tokens, micro_tokens=8192, save_every=0, blind_every=50),
        evals=(held_out(),),
        seed=seed,
    )


def random_places(run: sc.Run) -> sc.Run:
    """The run with every crop showing a random place of the size that was asked for: nothing about places can be learned."""
    return replace(run, tools=intervene(run.tools, random_box))
