"""PeBR-R1: Perception Before Reasoning, two-stage reinforcement learning (arXiv 2509.13031).

New there: the data is split by how often the policy solves it. What it always solves has no variance in the outcome and
trains perception, by what the description says; what it sometimes solves trains reasoning, by outcome.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import rewards
from saccade.data.published import published
from saccade.recipes import _answering as base

DEVIATIONS = (
    "the likeness of picture and description by a contrastive encoder is left out; its weight goes to the key words",
    "the split by eight attempts is made with `saccade.learn.pass_rates` beforehand; name the files with --data",
    base.ON_SCENES + "; the first stage reads questions of names, the second those of counts and comparisons",
)

CLAIM = sc.Claim(
    text="description rewarded first and the outcome second end with higher accuracy than the outcome for equally "
    "many updates; "
    "in the reversed order they do not",
    metric="accuracy",
    arms=("reasoning", "perception_first"),
    better="perception_first",
    over="reasoning",
    control="reversed",
    margin=0.005,
    seeds=(1, 2, 3),
    scale="glimpse",
)

HEADINGS = ("Image Description", "Rationales", "Let's think step by step", "The final answer is")


def run() -> tuple[sc.Stage, ...]:
    """560 items an update with key words and form, then 512 with answer and form; eight attempts at temperature 1.2."""
    form = rewards.grammar(headings=HEADINGS, weight=0.1)
    first = base.published_run(
        "pebr_r1-perceive",
        data=published("PeBR-R1, solved by all attempts", about="items with key words", layout="easyr1"),
        rewards=(rewards.fact_recall(measure="recall", weight=0.8), form, rewards.length(most=512, weight=0.1)),
        kl=0.01,
        prompts=560,
        temperature=1.2,
        updates=60,
    )
    second = replace(
        first,
        name="pebr_r1-reason",
        rewards=(rewards.answer_match(weight=0.9), form),
        data=published("PeBR-R1, solved by some", about="items of middling difficulty", layout="easyr1"),
        schedule=replace(first.schedule, prompts=512, updates=120),
    )
    return (sc.Stage(name="perceive", run=first), sc.Stage(name="reason", run=second))


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """reasoning: the outcome alone; perception_first: 20 updates on descriptions, 30 on outcomes; reversed: 30, then 20."""
    test = base.held_out(
        "count",
        "compare",
        level="medium",
        change=lambda source: base.Changed(source=source, change=base.with_facts),
        rewards=(rewards.answer_match(), rewards.fact_recall()),
    )
    hard = base.Changed(source=base.scenes(seed, "count", "compare", level="medium"), change=base.with_facts)
    easy = base.Changed(source=base.scenes(seed, "name", level="medium"), change=base.with_facts)
    small = base.miniature(run()[1].run, seed=seed, data=hard, evals=(test,), words=48, updates=50, name=f"pebr_r1-{arm}")

    def part(name: str, updates: int, *, last: bool = False) -> sc.Stage:
        seen = name == "perceive"
        paid = rewards.fact_recall(part="think") if seen else rewards.answer_match()
        return sc.Stage(
            name=name,
            run=replace(
                small,
                name=f"{small.name}-{name}",
                data=easy if seen else hard,
                rewards=(paid,),
                evals=small.evals if last else (),
                schedule=replace(small.schedule, updates=updates),
            ),
        )

    plans = {
        "reasoning": (part("reason", 50, last=True),),
        "perception_first": (part("perceive", 20), part("reason", 30, last=True)),
        "reversed": (part("reason", 30), part("perceive", 20, last=True)),
    }
    return (base.imitating(small, base.chain), *plans[arm])
