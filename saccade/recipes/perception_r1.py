"""Perception-R1: a Visual Perception Reward for multimodal reasoning (arXiv 2506.07218).

New there: a judge reads the reply beside a list of facts about the picture, taken from a correct chain beforehand, and the
share of facts the reply states is a reward of its own, because outcome alone does not improve what is seen.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import clients, follow_ups, rewards
from saccade.data.published import published
from saccade.recipes import _answering as base

DEVIATIONS = (
    base.ONE_UPDATE,
    "the judge is an endpoint on this machine that serves the published judge, Qwen2.5-32B-Instruct",
    base.ON_SCENES
    + "; facts are matched by rule, and stating false ones costs, because a judge that only looks for facts "
    "pays for reciting all of them",
)

CLAIM = sc.Claim(
    text="comparisons are answered better when the facts they rest on are rewarded beside the answer than with the answer "
    "alone; with the facts of other pictures they are not",
    metric="accuracy",
    arms=("outcome", "perception"),
    better="perception",
    over="outcome",
    control="other_facts",
    margin=0.015,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> sc.Run:
    """1442 geometry questions, 0.9 answer, 0.1 form, 0.7 facts, a penalty of up to 2 for repeated phrases; no reference."""
    return base.published_run(
        "perception_r1",
        data=published("Geometry3K with facts", about="1442 questions with what their chains saw", layout="easyr1"),
        rewards=(
            rewards.answer_match(weight=0.9),
            rewards.grammar(inside={"answer": "boxed"}, weight=0.1),
            rewards.facts_judged(weight=0.7),
            rewards.repetition(n=20, weight=2.0),
        ),
        follow_ups=(follow_ups.facts(),),
        tokens=4096,
        updates=282,
        others={"judge": clients.endpoint("http://127.0.0.1:8001/v1", "Qwen/Qwen2.5-32B-Instruct")},
    )


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """outcome: the answer alone; perception: facts in the thought as well; other_facts: those of the next item."""
    items = base.scenes(seed, "compare", "count", level="medium", size=300)
    shown = {item: items[(item + 1) % 300] for item in range(300)} if arm == "other_facts" else {}
    data = base.Changed(source=items, change=lambda sample: base.with_facts(sample, of=shown.get(sample.meta["index"])))
    test = base.held_out(
        "compare",
        "count",
        level="medium",
        change=lambda source: base.Changed(source=source, change=base.with_facts),
        rewards=(rewards.answer_match(), rewards.fact_recall()),
    )
    small = base.miniature(
        run(), seed=seed, data=data, evals=(test,), words=40, name=f"perception_r1-{arm}", follow_ups=(), others={}
    )
    answered = rewards.answer_match(weight=0.9)
    paid = (answered,) if arm == "outcome" else (answered, rewards.fact_recall(part="think", weight=0.7))
    return base.then(base.imitating(small, base.chain), replace(small, rewards=paid))
