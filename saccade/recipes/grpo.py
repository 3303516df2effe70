"""GRPO: the baseline of an attempt is the mean of its siblings (arXiv 2402.03300).

New there: no value model. Several attempts at one question are compared with each other; an attempt is worth its reward
minus the group's mean, divided by the group's spread, on every token it wrote. A clipped ratio bounds each update and a
penalty (the k3 estimator) keeps the policy near the reference.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards
from saccade.data.published import published
from saccade.recipes import _glimpse

DEVIATIONS = (
    "the paper trains a text model on mathematics with a learned reward; here a vision-language model and a comparison with "
    "the right answer, which is how the method is used for images",
    "the bounds of the clipped ratio are not stated in the paper; 0.2 is what its implementations use",
    "the number of updates is not stated; 9000 is one pass over 144 thousand questions",
    "miniature: no reference penalty, and one attempt may look twice before it answers",
)

CLAIM = sc.Claim(
    text="group-relative credit from outcomes alone improves accuracy over the untrained model; the same credit dealt out "
    "within the group by lot does not",
    metric="accuracy",
    arms=("start", "grpo"),
    better="grpo",
    over="start",
    control="shuffled",
    margin=0.2,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> sc.Run:
    """64 attempts at each of 16 questions an update, learning rate 1e-6, penalty 0.04, one update per batch."""
    return sc.Run(
        name="grpo",
        data=published("GSM8K and MATH, chain-of-thought questions", about="144 thousand questions", layout="trl"),
        episode=episodes.single(),
        policy=sc.policy(
            "Qwen/Qwen2.5-VL-7B-Instruct",
            freeze=(),
            dtype="bfloat16",
            sampling=sc.Sampling(temperature=1.0, max_tokens=1024),
        ),
        limits=sc.Limits(steps=1, tokens=9216, sampled=1024),
        explore=sc.Independent(n=64),
        rewards=(rewards.answer_match(),),
        credit=credit.group_mean(by_std=True),
        objective=(
            objectives.clip(low=0.2, high=0.2, normaliser="rows"),
            objectives.kl(coefficient=0.04, normaliser="rows"),
        ),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=9000, prompts=16, passes=1),
    )


def miniature(arm: str, seed: int) -> sc.Run:
    """start: nothing is learned; grpo: the method; shuffled: its credit dealt out by lot."""
    published_run = run()
    without_penalty = replace(published_run, name=f"grpo-{arm}", objective=published_run.objective[:1])
    updates = 0 if arm == "start" else _glimpse.UPDATES * 5 // 4
    small = _glimpse.miniature(without_penalty, seed=seed, updates=updates, tokens=_glimpse.TOKENS)
    return replace(small, credit=credit.shuffled(of=small.credit, seed=seed)) if arm == "shuffled" else small
