"""CodeVision: Thinking with Programming Vision: Towards a Unified View for Thinking with Images (December 2025).

New there: pictures arrive turned, mirrored or with the answer in a tiny corner, and the model must find out and undo it.
A dense reward pays each needed operation once and crops by their improvement; penalties keep tools from being used for
their own sake.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _looking

DEVIATIONS = (
    "operations are calls of tools; in the publication they are lines of code that one tool runs",
    "rewards follow the paper (0.1 form, 1.0 strategy, 0.2 suggested tools, 0.5 a penalty), not the variant in the "
    "released code",
    "the bonus for exactly the required operations in order is 0.1; the paper does not say how much",
    "the first stage, imitation of 5 thousand traces made backwards from known operations, is left to a checkpoint that "
    "has been through it",
    "miniature: upright pictures, of which the crop is the only operation needed, because glimpse knows no other tool",
)

CLAIM = sc.Claim(
    text="a dense reward for the required operations, with penalties for too many and for right answers off the evidence, "
    "leads to higher accuracy than correctness and form alone; with the evidence said to be elsewhere it does not",
    metric="accuracy",
    arms=("outcome", "strategy"),
    better="strategy",
    over="outcome",
    control="misplaced",
    margin=0.05,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 50


def run() -> sc.Run:
    """8 attempts, at most 12 messages, batch 64, rate 1e-6, clip 0.2 and 0.28 (dual 10), penalty 0.001, token mean."""
    return sc.Run(
        name="codevision",
        data=published("CodeVision-RL", about="about 40 thousand questions, pictures turned, mirrored or with tiny targets",
                       layout="verl"),
        episode=episodes.tool_loop(max_steps=12),
        tools=(tools.rotate(), tools.flip(), tools.crop(target="indexed", max_aspect=200)),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=(), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=4096)),
        limits=sc.Limits(steps=12, tokens=32768, sampled=16384),
        explore=sc.Independent(n=8),
        rewards=(
            rewards.answer_match(),
            rewards.format_tags(weight=0.1),
            rewards.must_use(weight=1.0),
            rewards.tool_gain(weight=0.2),
            rewards.tool_faults(weight=-0.5),
        ),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.28, dual=10.0, normaliser="tokens"),
                   objectives.kl(coefficient=0.001, normaliser="tokens")),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=1250, prompts=64),
    )


def miniature(arm: str, seed: int) -> sc.Run:
    """outcome: correctness and form; strategy: the method; misplaced: the method, evidence said to be elsewhere."""
    method = replace(run(), name=f"codevision-{arm}", objective=run().objective[:1])
    small = _looking.miniature(method, seed=seed, updates=UPDATES)
    right, form, _, gain, _ = method.rewards
    if arm == "outcome":
        return replace(small, rewards=(right, form))
    padded = rewards.must_use(measure="cover"), gain, rewards.tool_faults(measure="cover", weight=-0.5)
    small = replace(small, rewards=(right, form, *padded))
    return replace(small, data=_looking.misplaced(small.data)) if arm == "misplaced" else small
