"""ReasonMap: can MLLMs guide me home? Fine-grained visual reasoning from transit maps (arXiv 2505.18675).

New there: a benchmark of routes on real maps, scored for being right and for their quality, and how much of an answer comes
from the map at all: with the picture masked, scores fall most for those who look. Group-relative training is its baseline.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import rewards, worlds
from saccade.data.published import published
from saccade.recipes import _answering as base

DEVIATIONS = (
    "the paper trains a baseline with few stated settings: eight attempts, penalty 0.01 and one epoch are those of "
    "RewardMap",
    base.ON_SCENES + "; maps have two lines and one-letter stops, and the questions are whether a stop is on a line",
)

CLAIM = sc.Claim(
    text="a policy taught about maps answers better with the map than with a grey picture in its place; one that was taught "
    "with grey pictures does not",
    metric="accuracy",
    arms=("grey", "shown"),
    better="shown",
    over="grey",
    control="taught_grey",
    margin=0.075,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> sc.Run:
    """Routes on 30 city maps; a right route and its quality."""
    return base.published_run(
        "reasonmap", data=published("ReasonMap", about="1008 questions on 30 city maps", layout="easyr1"), prompts=16,
        rewards=(rewards.route_accuracy(), rewards.map_score(), rewards.grammar()), kl=0.01, updates=60,
    )


def maps(seed: int, size: int) -> sc.Source:
    return worlds.metro.source(size=size, seed=seed, level="easy", size_px=64, topics=("on_line",))


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """shown: taught and asked with maps; grey: taught with maps, asked with grey pictures; taught_grey: the reverse."""
    items, held = maps(3000 + seed, 20_000), maps(77, 400)
    test = sc.Benchmark(name="held_out", data=base.Grey(source=held) if arm == "grey" else held,
                        rewards=(rewards.answer_match(),))
    data = base.Grey(source=items) if arm == "taught_grey" else items
    small = base.miniature(run(), seed=seed, data=data, evals=(test,), updates=0, name=f"reasonmap-{arm}")
    small = replace(small, policy=replace(small.policy, freeze=()), rewards=(rewards.answer_match(),))
    return base.then(base.imitating(small, base.answer, updates=120), small)
