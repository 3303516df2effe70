"""GRiP: Guiding the Inner Eye: A Framework for Hierarchical and Flexible Visual Grounded Reasoning (November 2025).

New there: objects that decide the answer count more in the grounding reward than what merely stands about, and any of
several valid lines of looking is paid, not one reference.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _looking

DEVIATIONS = (
    "the two rewards are named in the publication; their formulas, weights and the optimiser's settings were not found and "
    "are proposed here",
    "boxes are those of looks; the publication writes them into its text",
    "boxes are matched greedily by overlap, not optimally",
    "the first stage, imitation of grounded reasoning, is left to a checkpoint that has been through it",
    "miniature: cards without lines of reasoning that lead to them, so that salience alone is tested",
)

CLAIM = sc.Claim(
    text="among distractors, overlap weighted by salience brings looks nearer to the evidence than overlap with all "
    "labelled objects alike; salience given to the distractors does not",
    metric="evidence_iou",
    arms=("alike", "salient"),
    better="salient",
    over="alike",
    control="exchanged",
    margin=0.025,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 60


def run() -> sc.Run:
    """Correctness, half the salience-weighted overlap, a quarter for a valid path, a tenth for form; 8 attempts."""
    return sc.Run(
        name="grip",
        data=published("grounded reasoning questions", about="questions with boxes of targets and of what leads to them",
                       layout="verl"),
        episode=episodes.tool_loop(max_steps=5),
        tools=(tools.crop(min_side_px=28),),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=(), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=4096)),
        limits=sc.Limits(steps=5, tokens=24576, sampled=8192),
        explore=sc.Independent(n=8),
        rewards=(
            rewards.answer_match(),
            rewards.salience_iou(weight=0.5),
            rewards.reasoning_paths(weight=0.25),
            rewards.format_tags(weight=0.1),
        ),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="tokens"),),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=200, prompts=128),
    )


def miniature(arm: str, seed: int) -> sc.Run:
    """alike: overlap with all cards; salient: the method; exchanged: evidence and distractors have changed their weights."""
    method = run()
    right, _, _, form = method.rewards
    salience = {
        "alike": rewards.salience_iou(distractor=1.0, charge=0.0, weight=0.5),
        "salient": rewards.salience_iou(weight=0.5),
        "exchanged": rewards.salience_iou(weight=0.5),
    }[arm]
    small = _looking.miniature(
        replace(method, name=f"grip-{arm}", rewards=(right, salience, form)), seed=seed, updates=UPDATES, distractors=2,
        blank=0.0, glyph_px=20,
    )
    return replace(small, data=sc.Rows(rows=small.data, make=exchanged)) if arm == "exchanged" else small


def exchanged(sample: sc.Sample, index: int) -> sc.Sample:
    meta = sample.meta
    return replace(sample, meta={**meta, "evidence": meta["distractors"], "distractors": meta["evidence"]})
