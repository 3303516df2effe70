"""Pixel Reasoner: Incentivizing Pixel-Space Reasoning with Curiosity-Driven Reinforcement Learning (arXiv 2505.15966).

New there: a model that has just learned to zoom and to pick frames is bad at it, is punished for it and falls back to
words. A bonus for operations, paid only while too few attempts of a group use them, keeps the skill alive until it pays
by itself.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, select, tools
from saccade.data.published import published
from saccade.recipes import _glimpse, _looking

DEVIATIONS = (
    "the bonus and the charge are those of the paper; the released code scales them differently (halved for images, by "
    "0.25 over the share of attempts that used an operation)",
    "no replay of earlier groups: the released code keeps 512 of them",
    "in the first stage every turn of the traces is learned unless a row says otherwise (those that `data.corrected` makes "
    "leave the wrong operation out); the released code leaves wrong operations and all but the last two turns out",
    "miniature: no first stage, glimpse knows the call; digits of middling size, so that answering from the overview pays "
    "better at first than its sloppy crops",
)

CLAIM = sc.Claim(
    text="where a guess from the overview pays better at first than a sloppy look, a bonus for looking while hardly "
    "anybody does leads to higher accuracy than correctness alone; it does not when the crops show random places",
    metric="accuracy",
    arms=("outcome", "curiosity"),
    better="curiosity",
    over="outcome",
    control="random_box",
    margin=0.05,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 60
SIZE_PX = 36
"""Height of the digits: 9 px in the overview, about the smallest that glimpse reads."""


def run() -> tuple[sc.Stage, ...]:
    """Imitation (rate 1e-6, five passes), then 8 attempts, mean baseline, clip 0.2 and 0.35, no penalty, 256 a batch."""
    taught = sc.Run(
        name="pixel_reasoner-taught",
        mode="sft",
        data=published("PixelReasoner-SFT-Data", about="7 thousand traces, some with a mistake mended", layout="swift"),
        episode=episodes.tool_loop(max_steps=5),
        tools=(tools.crop(frame="unit", target="indexed", padding=0.1, min_side_px=28, label=False, name="crop_image"),
               tools.select_frames(max_frames=8)),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=("vision",), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=4096)),
        limits=sc.Limits(steps=5, tokens=24576, sampled=12288, frames=16),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=280, prompts=128),
    )
    curious = replace(
        taught,
        name="pixel_reasoner",
        mode="rl",
        data=published("PixelReasoner-RL-Data", about="about 15 thousand questions", layout="verl"),
        explore=sc.Independent(n=8),
        rewards=(rewards.answer_match(), rewards.curiosity(threshold=0.3, alpha=0.5, beta=0.05, calls=1)),
        credit=credit.group_mean(),
        select=select.zero_variance(),
        objective=(objectives.clip(low=0.2, high=0.35, normaliser="rows"),),
        schedule=sc.Schedule(updates=60, prompts=256),
    )
    return (sc.Stage(name="taught", run=taught), sc.Stage(name="curious", run=curious))


def miniature(arm: str, seed: int) -> sc.Run:
    """outcome: correctness alone; curiosity: the method; random_box: the method, every crop of a random place."""
    small = _looking.miniature(replace(run()[-1].run, name=f"pixel_reasoner-{arm}"), seed=seed, updates=UPDATES, large=1.0,
                               large_px=SIZE_PX)
    if arm == "outcome":
        return replace(small, rewards=small.rewards[:1])
    return _glimpse.random_places(small) if arm == "random_box" else small
