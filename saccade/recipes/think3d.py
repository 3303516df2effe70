"""Think3D: Thinking with Space for Spatial Reasoning (January 2026).

New there: the pictures of a scene become points and cameras, and the model chooses from where to look next. Strong models
do so without training; small ones learn it by reinforcement, with a charge for views they already have.
"""

from __future__ import annotations

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published

DEVIATIONS = (
    "the scene comes with the sample (``meta['scene']``), exact in worlds; the publication reconstructs it beforehand from "
    "the pictures",
    "batch and number of updates were not found; 32 questions and one pass are proposed here",
    "no claim in miniature: glimpse was taught no camera",
)


def run() -> sc.Run:
    """At most three turns, 8 attempts at temperature 0.6, rate 1e-6, penalty 0.001; answer, form, and wasted views."""
    return sc.Run(
        name="think3d",
        data=published("MindCube", about="4 thousand questions about several views of a scene", layout="verl"),
        episode=episodes.tool_loop(max_steps=4),
        tools=(tools.move_camera(),),
        policy=sc.policy("Qwen/Qwen3-VL-4B-Instruct", freeze=(), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=0.6, max_tokens=2048)),
        limits=sc.Limits(steps=4, tokens=24576, sampled=8192),
        explore=sc.Independent(n=8),
        rewards=(rewards.answer_match(), rewards.format_tags(), rewards.null_view(charge=0.5, most=1.0)),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="rows"),
                   objectives.kl(coefficient=0.001, normaliser="rows")),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=125, prompts=32),
    )
