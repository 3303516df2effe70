"""VisRL: Intention-Driven Visual Perception via Reinforced Reasoning (arXiv 2503.07523).

New there: where to look is learned from preferences between the model's own attempts. An attempt names one region, sees
it, and answers; a pair is made of one that was clearly right after a relevant look and one that was clearly wrong after
an irrelevant one. First the region is learned from such pairs, then region and answer, each under its own prefix. No box
is ever shown.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _looking

DEVIATIONS = (
    "answers are compared by rule and the relevance of a look by the evidence of the sample, where it is known; the "
    "released code asks a judge for both",
    "the rejected look is one the model made itself; the released code draws a box of similar size elsewhere where its own "
    "overlap",
    "pairs are made from fresh attempts at every update; the released code makes at most 10 thousand of them once per round",
    "pairs come from six attempts at one question, as many as three attempts with their contrasts make",
    "miniature: region and answer are learned at once, 8 attempts at temperature 1, and an attempt may look twice",
)

CLAIM = sc.Claim(
    text="preferences between own attempts, region and answer each under its own prefix, improve accuracy over the start "
    "without any box; the same pairs with chosen and rejected dealt out by lot do not. Supervised learning from the chosen "
    "attempts alone is run beside it",
    metric="accuracy",
    arms=("start", "chosen", "visrl"),
    better="visrl",
    over="start",
    control="by_lot",
    margin=0.05,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 60
BOTH = credit.best_worst(along="evidence_found", look=0.5, answer=0.5)


def run() -> tuple[sc.Stage, ...]:
    """Boxes of 140 thousand items first (learning rate 1e-4), then pairs: region, region and answer (5e-6, beta 0.1)."""
    warm = sc.Run(
        name="visrl-boxes",
        mode="sft",
        data=published("Visual-CoT", about="questions with the region that answers them", layout="llava"),
        episode=episodes.tool_loop(max_steps=2),
        tools=(tools.crop(frame="unit"),),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", lora=8, lora_alpha=16, dtype="bfloat16",
                         sampling=sc.Sampling(temperature=2.0, max_tokens=256)),
        limits=sc.Limits(steps=2, tokens=4096, sampled=512),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=1e-4),
        schedule=sc.Schedule(updates=6500, prompts=64),
    )
    pairs = replace(
        warm,
        name="visrl-regions",
        mode="rl",
        explore=sc.Independent(n=6),
        rewards=(rewards.answer_match(), rewards.evidence_found(weight=0.0)),
        credit=credit.best_worst(along="evidence_found", look=1.0, answer=0.0),
        objective=(objectives.dpo(beta=0.1, by="step"),),
        optim=sc.Optim(lr=5e-6, warmup=80, shape="cosine"),
        schedule=sc.Schedule(updates=800, prompts=64),
    )
    both = replace(pairs, name="visrl", credit=BOTH)
    return (sc.Stage(name="boxes", run=warm), sc.Stage(name="regions", run=pairs), sc.Stage(name="both", run=both))


def miniature(arm: str, seed: int) -> sc.Run:
    """start: nothing is learned; chosen: likelihood of the chosen attempts; visrl: pairs of both steps; by_lot: the same
    pairs, chosen and rejected exchanged by lot."""
    method = replace(run()[-1].run, name=f"visrl-{arm}", policy=sc.policy("glimpse"))
    small = _looking.miniature(method, seed=seed, updates=UPDATES)
    if arm == "start":
        return _looking.untrained(small)
    if arm == "chosen":
        chosen = credit.best_worst(along="evidence_found", rejected=False)
        return replace(small, credit=chosen, objective=(objectives.sft(),))
    return replace(small, credit=credit.mirrored(of=BOTH, seed=seed)) if arm == "by_lot" else small
