"""SCCM: On the Faithfulness of Visual Thinking: Measurement and Enhancement (October 2025).

New there: the pictures in a chain of thought are shown to hardly matter for its answer, because only their presence is
rewarded. They
are made to matter: from the crops alone the answer must follow, and nothing superfluous may be among them. No boxes are
                    needed.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _looking
from saccade.rollout.traces import sufficiency

DEVIATIONS = (
    "sufficiency and minimality are stated; formula, weights and optimiser settings were not found and are proposed here",
    "the crops are judged by the policy as it is; a copy frozen for some updates is not kept in this version",
    "miniature: at most two looks; half of the items can be read in the overview, where looks need not matter",
)

CLAIM = sc.Claim(
    text="paying looks from which alone the answer follows makes more answers right for the right visual reason than a "
    "bonus for right answers with a call, without a single box; the same credit dealt out in the group by lot does not",
    metric="faithful",
    arms=("bonus", "sccm"),
    better="sccm",
    over="bonus",
    control="by_lot",
    margin=0.05,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 40


def run() -> sc.Run:
    """Correctness, a tenth for form, half for sufficient and minimal looks, over plain GRPO."""
    return sc.Run(
        name="sccm",
        data=published("fine-grained perception questions", about="any set of questions about small details", layout="verl"),
        episode=episodes.tool_loop(max_steps=4),
        tools=(tools.crop(min_side_px=28),),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=(), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=4096)),
        limits=sc.Limits(steps=4, tokens=24576, sampled=8192),
        explore=sc.Independent(n=8),
        follow_ups=sufficiency(most=3),
        rewards=(rewards.answer_match(), rewards.format_tags(weight=0.1), rewards.sufficient_looks(weight=0.5)),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="tokens"),),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=200, prompts=128),
    )


def miniature(arm: str, seed: int) -> sc.Run:
    """bonus: half for a right answer with a call; sccm: the method; by_lot: its credit dealt out by lot."""
    method = run()
    asked = replace(method, name=f"sccm-{arm}", follow_ups=sufficiency(most=2))
    small = _looking.miniature(asked, seed=seed, updates=UPDATES, large=0.5)
    right, form, _ = method.rewards
    if arm == "bonus":
        return replace(small, follow_ups=(), rewards=(right, form, rewards.tool_bonus(weight=0.5)))
    return replace(small, credit=credit.shuffled(of=small.credit, seed=seed)) if arm == "by_lot" else small
