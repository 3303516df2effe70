"""MindWatcher: Toward Smarter Multimodal Tool-Integrated Reasoning (December 2025).

New there: an agent with tools for pictures, search and code, reinforced without traces to imitate, because those bring
the habits of their teacher. The loss weighs every step of an attempt the same, whatever its length, and every attempt the
same, whatever its steps.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _looking

DEVIATIONS = (
    "of the five tools the crop; search in a picture library, search for text, reading of pages and code come with a "
    "corpus and a sandbox, which are the user's to name",
    "answers are compared by rule; the publication asks a judge",
    "no curriculum by rounds and variety of tools; name sorted data with --data",
    "group size, batch and learning rate were not found and are proposed here",
)

CLAIM = sc.Claim(
    text="reinforcement alone, the loss normalised step by step, teaches to use the tool: accuracy rises over the start; "
    "with the same credit dealt out in the group by lot it does not",
    metric="accuracy",
    arms=("start", "steps"),
    better="steps",
    over="start",
    control="by_lot",
    margin=0.1,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 80


def run() -> sc.Run:
    """Correctness, a tenth of the schema, a twentieth of the charge for made-up results; every step of equal weight."""
    return sc.Run(
        name="mindwatcher",
        data=published("MindWatcher-RL", about="questions about private pictures, sports news, open sets", layout="verl"),
        episode=episodes.tool_loop(max_steps=8),
        tools=(tools.crop(target="indexed", min_side_px=28),),
        policy=sc.policy("Qwen/Qwen2.5-VL-32B-Instruct", freeze=(), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=4096)),
        limits=sc.Limits(steps=8, tokens=32768, sampled=16384),
        explore=sc.Independent(n=8),
        rewards=(rewards.answer_match(), rewards.schema_kept(weight=0.1), rewards.honest_calls(weight=0.05)),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="row_steps"),),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=230, prompts=128),
    )


def miniature(arm: str, seed: int) -> sc.Run:
    """start: nothing is learned; steps: the method; by_lot: its credit dealt out by lot."""
    small = _looking.miniature(replace(run(), name=f"mindwatcher-{arm}"), seed=seed, updates=UPDATES)
    if arm == "start":
        return _looking.untrained(small)
    return replace(small, credit=credit.shuffled(of=small.credit, seed=seed)) if arm == "by_lot" else small
