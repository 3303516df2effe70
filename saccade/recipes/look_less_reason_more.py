"""Look Less, Reason More: Rollout-Guided Adaptive Pixel-Space Reasoning (October 2025).

New there: within one update some attempts at a question must zoom, some must not, and the rest choose. The pass rates of the
first two say whether the question needs the tool; the rest are paid for acting on it.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, explore, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _looking

DEVIATIONS = (
    "the terms (correctness, following the mode, alignment with the need, consistency) and the numbers of attempts are "
    "stated; their values and weights were not found and are proposed here",
    "credit is normalised within each mode, which the sources do not say",
    "the first stage, imitation of traces with and without the tool, is left to a checkpoint that has been through it",
    "miniature: 8 questions of 16 attempts where the other arms have 16 of 8; attempts that must look begin with a call "
    "that is forced, because glimpse has not learned to obey words",
)

CLAIM = sc.Claim(
    text="need estimated from forced attempts teaches to look where the overview does not suffice and not elsewhere, better "
    "than a bonus for right answers with a call, which teaches to look always; with the forced modes exchanged it does not",
    metric="need_met",
    arms=("bonus", "aligned"),
    better="aligned",
    over="bonus",
    control="exchanged",
    margin=0.15,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 60


def run() -> sc.Run:
    """16 attempts: 4 must use the tool, 4 must not, 8 are free; correctness, form, obedience and need."""
    return sc.Run(
        name="look_less_reason_more",
        data=published("high-resolution questions", about="a mix of question answering on large pictures", layout="verl"),
        episode=episodes.forced_modes(max_steps=4),
        tools=(tools.crop(min_side_px=28),),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=(), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=4096)),
        limits=sc.Limits(steps=4, tokens=32768, sampled=8192),
        explore=explore.modes(must=4, never=4, free=8),
        rewards=(
            rewards.answer_match(),
            rewards.format_tags(weight=0.1),
            rewards.mode_obeyed(weight=0.5),
            rewards.need_alignment(weight=0.5),
        ),
        credit=credit.by_branch(of=credit.group_mean(by_std=True)),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="tokens"),),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=200, prompts=128),
    )


def miniature(arm: str, seed: int) -> sc.Run:
    """bonus: 8 free attempts, as much again for a right answer with a call; aligned: the method; exchanged: the method, what
    must look taken for what must not."""
    method = run()
    small = _looking.miniature(replace(method, name=f"look_less_reason_more-{arm}"), seed=seed, updates=UPDATES, large=0.5)
    right, form, obeyed, _ = method.rewards
    if arm == "bonus":
        return replace(small, rewards=(right, form, rewards.tool_bonus()), credit=credit.group_mean(by_std=True))
    small = replace(
        small, explore=method.explore, schedule=replace(small.schedule, prompts=8),
        episode=episodes.forced_modes(max_steps=3, said={}, begin="<tool_call>"),
    )
    exchanged = rewards.need_alignment(must="never", never="must", weight=0.5)
    return replace(small, rewards=(right, form, obeyed, exchanged)) if arm == "exchanged" else small
