"""ViTAR: Think Twice to See More: Iterative Visual Reasoning in Medical VLMs (October 2025).

New there: a fixed chain of two rounds. The first thought marks a region on the picture; the second thought is about the
marked picture, and gives the answer. A few imitated examples, then reinforcement with small rewards for form beside the
answer's.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _glimpse, _looking

DEVIATIONS = (
    "group size, learning rates and backbone were not found; 8 attempts, 1e-6 and a penalty of 0.01 are proposed here",
    "a mark that was drawn earns the share for form of the thought and action; the publication asks whether it can be "
    "parsed",
    "miniature: glimpse was taught no marks; the second round shows the marked region cut out",
)

CLAIM = sc.Claim(
    text="reinforcement of two rounds, the second on what the first one marked, reaches higher accuracy than reinforcement "
    "of a single pass; it does not when the mark is put in a random place",
    metric="accuracy",
    arms=("single_pass", "two_rounds"),
    better="two_rounds",
    over="single_pass",
    control="sham",
    margin=0.03,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 65


def run() -> tuple[sc.Stage, ...]:
    """Imitation of a thousand chains, then 16 thousand questions: 0.2 for the action, 0.2 for form, 1 for the answer."""
    taught = sc.Run(
        name="vitar-taught",
        mode="sft",
        data=published("ViTAR-1K", about="a thousand chains in the style of an expert, regions marked", layout="swift"),
        episode=episodes.think_twice(),
        tools=(tools.draw_box(),),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=(), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=2048)),
        limits=sc.Limits(steps=2, tokens=16384, sampled=4096),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=1e-5),
        schedule=sc.Schedule(updates=48, prompts=64),
    )
    twice = replace(
        taught,
        name="vitar",
        mode="rl",
        data=published("ViTAR-16K", about="questions made of medical detection data", layout="verl"),
        explore=sc.Independent(n=8),
        rewards=(
            rewards.answer_match(strict=True),
            rewards.format_tags(weight=0.2),
            rewards.tool_bonus(only_if_correct=False, weight=0.2),
        ),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="rows"),
                   objectives.kl(coefficient=0.01, normaliser="rows")),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=250, prompts=64),
    )
    return (sc.Stage(name="taught", run=taught), sc.Stage(name="twice", run=twice))


def miniature(arm: str, seed: int) -> sc.Run:
    """single_pass: no tool; two_rounds: the method; sham: the method, its mark put in a random place."""
    method = replace(run()[-1].run, name=f"vitar-{arm}", objective=run()[-1].run.objective[:1])
    small = _looking.miniature(method, seed=seed, updates=UPDATES)
    if arm == "single_pass":
        return replace(small, tools=(), episode=episodes.single(), rewards=small.rewards[:2])
    small = replace(small, episode=episodes.think_twice(again=""))
    return _glimpse.random_places(small) if arm == "sham" else small
