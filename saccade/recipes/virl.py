"""ViRL: From Illusion to Intention: Visual Rationale Learning for Vision-Language Reasoning (November 2025).

New there: a crop is a step of the reasoning, not an option beside it. Every look is compared with the regions that the
question needs and called correct, redundant or erroneous; the outcome counts in full only with the right looks, and each
look carries credit of its own, so that a wrong look inside a right attempt is not reinforced.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _looking

DEVIATIONS = (
    "the publication states supervision of the looks, step-level shaping and the three labels; formulas, thresholds, "
    "weights, backbone and optimiser settings were not found and are proposed here",
    "a fourth label, coarse: a look that holds the evidence too loosely costs nothing, once for each piece of evidence",
    "the data's filter by pass rate, blind answers and answers from the overview is not made; name a filtered file with "
    "--data",
    "miniature: looks match by how much of the evidence they hold, because crops of glimpse are padded by their grid; at "
    "most two looks; half of the items can be read in the overview, where a right answer needs no right look",
)

CLAIM = sc.Claim(
    text="with looks labelled against the evidence and credited one by one, more answers are right for the right visual "
    "reason than with outcome reward alone, and fewer are right after a wrong look, at no loss of accuracy (figures beside "
    "it, also against a bonus for right answers with a call); labels against places that are not the evidence give no such "
    "gain",
    metric="faithful",
    arms=("outcome", "bonus", "virl"),
    better="virl",
    over="outcome",
    control="misplaced",
    margin=0.1,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 45


def run() -> sc.Run:
    """At most four looks, 8 attempts, outcome half gated by the looks, steps at half weight, asymmetric clip, no penalty."""
    return sc.Run(
        name="virl",
        data=published("ViRL5k", about="about 8 thousand questions with the regions they need", layout="verl"),
        episode=episodes.tool_loop(max_steps=5),
        tools=(tools.crop(frame="unit", target="indexed", padding=0.1, min_side_px=28),),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=(), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=4096)),
        limits=sc.Limits(steps=5, tokens=32768, sampled=12288),
        explore=sc.Independent(n=8),
        rewards=(
            rewards.rationale_gated(gamma=0.5),
            rewards.format_tags(weight=0.1),
            rewards.rationale_steps(redundant=0.25, erroneous=0.5, turns=4, weight=0.0),
        ),
        credit=credit.step_rewards(of=credit.group_mean(by_std=True), reward="rationale_steps", eta=0.5),
        objective=(objectives.clip(low=0.2, high=0.28, normaliser="tokens"),),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=200, prompts=256),
    )


def miniature(arm: str, seed: int) -> sc.Run:
    """outcome: right answers alone; bonus: as much again for a right answer with a call; virl: the method; misplaced: the
    method, its evidence said to be elsewhere."""
    form = rewards.format_tags(weight=0.1)
    paid = {"outcome": (rewards.answer_match(), form), "bonus": (rewards.answer_match(), form, rewards.tool_bonus())}
    method = replace(
        run(), name=f"virl-{arm}",
        rewards=(rewards.rationale_gated(gamma=0.5, measure="cover"), form,
                 rewards.rationale_steps(turns=2, measure="cover", weight=0.0)),
    )
    small = _looking.miniature(method, seed=seed, updates=UPDATES, large=0.5)
    if arm in paid:
        return replace(small, rewards=paid[arm], credit=credit.group_mean(by_std=True))
    return replace(small, data=_looking.misplaced(small.data)) if arm == "misplaced" else small
