"""VerlTool: Towards Holistic Agentic Reinforcement Learning with Tool Use (arXiv 2509.01055).

New there: no algorithm but a way to build: any tool is a small plug-in, results are masked in the loss, and every attempt
goes on as soon as its own tool has answered instead of waiting for the slowest of the batch. The settings here are those
of its visual recipe.
"""

from __future__ import annotations

import saccade as sc
from saccade import credit, episodes, objectives, rewards, select, tools
from saccade.data.published import published
from saccade.recipes._waiting import Waiting

DEVIATIONS = (
    "tools run in the process of the rollout, each call under a deadline of its own, not behind a server",
    "miniature: only waiting is measured, on a clock that counts nothing else, through the rollout of every other run; a "
    "message takes a second, a tool a time drawn from a heavy tail about a second. That masked tokens have no gradient and "
    "that attempts do not depend on the order of arrival holds by construction and is tested",
)

CLAIM = sc.Claim(
    text="with tool latencies of a heavy tail and three turns, attempts that go on by themselves end a batch at least 1.4 "
    "times as fast as attempts that wait for the slowest tool of every turn (one turn is run beside it); with latencies "
    "that are all alike nothing is gained",
    metric="speed_up",
    arms=("batch", "one_turn", "attempt"),
    better="attempt",
    over="batch",
    control="alike",
    margin=0.4,
    seeds=(1, 2, 3),
    scale="tabular",
)


def run() -> sc.Run:
    """Its reproduction of Pixel Reasoner: 8 attempts, batch 128, learning rate 1e-6, no penalty, three turns, curiosity."""
    return sc.Run(
        name="verltool",
        data=published("PixelReasoner-RL-Data", about="about 15 thousand questions", layout="verl"),
        episode=episodes.tool_loop(max_steps=3),
        tools=(tools.crop(frame="unit", target="indexed", padding=0.1, min_side_px=28, label=False),
               tools.select_frames(max_frames=8)),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=(), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=2048)),
        limits=sc.Limits(steps=3, tokens=16384, sampled=6144, tool_s=30.0),
        explore=sc.Independent(n=8),
        rewards=(rewards.answer_match(), rewards.curiosity(threshold=0.3, alpha=0.5, beta=0.05)),
        credit=credit.group_mean(by_std=True),
        select=select.zero_variance(),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="tokens"),),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=120, prompts=128),
    )


def miniature(arm: str, seed: int) -> Waiting:
    """batch: turns end for all at once; attempt: the method, three turns; one_turn: the method, one; alike: the method, all
    latencies the same."""
    return Waiting(name=f"verltool-{arm}", seed=seed, turns=1 if arm == "one_turn" else 3,
                   spread=0.0 if arm == "alike" else 1.0, together=arm == "batch")
