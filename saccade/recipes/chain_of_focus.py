"""Chain-of-Focus: Adaptive Visual Search and Zooming for Multimodal Reasoning via RL (arXiv 2505.15436).

New there: traces of a searching agent are imitated first, then reinforced. In the adaptive version of November 2025 the
score of an attempt depends on what its siblings showed: where somebody answered rightly without zooming, zooming is worth
less.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _looking

DEVIATIONS = (
    "the adaptive version; the first one has accuracy and form alone, with weights that were not found",
    "the table's scores are those that are normalised in the group; the released code takes mean and spread of the scores "
    "before",
    "answers are compared by rule; the released code asks a judge",
    "miniature: no imitation, glimpse knows the call; two sizes of digits stand for the resolutions of the paper",
)

CLAIM = sc.Claim(
    text="a score that prefers the direct answer where a sibling showed that it suffices leads to more right answers given "
    "without a look than a bonus for right answers with a call; the same scores dealt out in the group by lot do not",
    metric="unlooked",
    arms=("bonus", "adaptive"),
    better="adaptive",
    over="bonus",
    control="by_lot",
    margin=0.1,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 60


def run() -> tuple[sc.Stage, ...]:
    """Imitation of 5.4 thousand traces (LoRA 32, rate 1e-5, three passes), then six attempts, 64 a batch, penalty 0.001."""
    taught = sc.Run(
        name="chain_of_focus-taught",
        mode="sft",
        data=published("MM-CoF", about="5.4 thousand traces of an agent that searches and zooms", layout="swift"),
        episode=episodes.tool_loop(max_steps=4),
        tools=(tools.crop(min_side_px=112, enlarge=2.0, padding=0.25),),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", lora=32, dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=2048)),
        limits=sc.Limits(steps=4, tokens=16384, sampled=8192),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=1e-5),
        schedule=sc.Schedule(updates=250, prompts=64),
    )
    adaptive = replace(
        taught,
        name="chain_of_focus",
        mode="rl",
        data=published("MM-CoF-RL", about="questions at several resolutions, some of which need no zoom", layout="verl"),
        policy=replace(taught.policy, lora=None, freeze=()),
        explore=sc.Independent(n=6),
        rewards=(rewards.adaptive_table(),),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="tokens"),
                   objectives.kl(coefficient=0.001, normaliser="tokens")),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=160, prompts=64),
    )
    return (sc.Stage(name="taught", run=taught), sc.Stage(name="adaptive", run=adaptive))


def miniature(arm: str, seed: int) -> sc.Run:
    """bonus: accuracy, form, and as much again for a right answer with a call; adaptive: the table; by_lot: its credit
    dealt out by lot."""
    method = replace(run()[-1].run, name=f"chain_of_focus-{arm}", objective=run()[-1].run.objective[:1])
    small = _looking.miniature(method, seed=seed, updates=UPDATES, large=0.5)
    if arm == "bonus":
        paid = rewards.answer_match(weight=0.9), rewards.format_tags(weight=0.1), rewards.tool_bonus()
        return replace(small, rewards=paid)
    return replace(small, credit=credit.shuffled(of=small.credit, seed=seed)) if arm == "by_lot" else small
