"""VerlTool: Towards Holistic Agentic Reinforcement Learning with Tool Use (arXiv 2509.01055).

New there: no algorithm but a way to build: any tool is a small plug-in, results are masked in the loss, and every attempt
goes on as soon as its own tool has answered instead of waiting for the slowest of the batch. The settings here are those
of its visual recipe.
"""

from __future__ import annotations

import saccade as sc
from saccade import credit, episodes, objectives, rewards, select, tools
from saccade.data.published import published

DEVIATIONS = (
    "tools run in the process of the rollout, each call under a deadline of its own, not behind a server",
    "no claim in miniature: that attempts do not wait for each other's tools, that masked tokens have no gradient and that "
    "results do not depend on the order of arrival holds by construction and is tested",
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
