"""AHPO: Adaptive Hybrid Policy Optimization, with the MM-HELIX platform (arXiv 2510.08540).

New there: an expert's trace is imitated beside reinforcement only while the policy fails at that very question; once
enough attempts of the group succeed, the expert is silent and the policy explores on its own.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, objectives, rewards
from saccade.core import Expert
from saccade.data.published import published
from saccade.recipes import _answering as base

DEVIATIONS = (
    base.ONE_UPDATE,
    "the expert is silent from two successes of eight on (proposed here; the paper's threshold was not found)",
    base.ON_SCENES
    + "; the hard task is naming all shapes from left to right, for glimpse cannot write the moves of a puzzle",
)

CLAIM = sc.Claim(
    text="on a task that reinforcement alone cannot begin, an expert who is heard only where the policy fails lifts "
    "accuracy; "
    "an expert who answers another item does not",
    metric="accuracy",
    arms=("grpo", "always", "ahpo"),
    better="ahpo",
    over="grpo",
    control="wrong_expert",
    margin=0.1,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> sc.Run:
    """Puzzles and mathematics mixed, eight attempts, the expert's likelihood at weight 1, no reference penalty."""
    made = base.published_run(
        "ahpo",
        data=published("MM-HELIX-100K and MMK12", about="puzzle traces with answers, and mathematics", layout="swift"),
        rewards=(rewards.answer_match(weight=0.9), rewards.format_tags(weight=0.1)),
        tokens=8192,
        updates=400,
        credit=credit.expert_gate(of=credit.group_mean(by_std=True), least=2, passed=0.9),
        experts=(Expert(write=lambda sample: sample.meta.get("trace")),),
    )
    return replace(made, objective=hybrid())


def hybrid() -> tuple[sc.Weighted, ...]:
    """Clipped policy gradient on the attempts, gated likelihood on the expert."""
    return (objectives.clip(origins=("policy",)), objectives.sft(origins=("expert",), weighted=True, normaliser="rows"))


def miniature(arm: str, seed: int) -> sc.Run:
    """grpo: no expert; always: one who is never silent; ahpo: the method; wrong_expert: one who answers another item."""
    items = base.scenes(seed, "name", least=2, size=4000)
    data = base.Changed(source=items, change=base.in_order)
    test = base.held_out(
        "name",
        knobs={"least": 2},
        change=lambda source: base.Changed(source=source, change=base.in_order),
        metric="set_overlap",
        rewards=(rewards.set_overlap(),),
    )
    general = base.held_out("name", "count", name="general")
    plain = credit.group_mean(by_std=True)
    small = base.miniature(
        run(),
        seed=seed,
        data=data,
        evals=(test, general),
        words=24,
        name=f"ahpo-{arm}",
        rewards=(rewards.set_overlap(),),
        experts=(Expert(write=base.answer),),
        credit=credit.expert_gate(of=plain, least=2, passed=0.99),
    )
    other = (Expert(write=lambda sample: base.answer(data[(sample.meta["index"] + 1) % 4000])),)
    return {
        "grpo": lambda: replace(small, experts=(), credit=plain, objective=small.objective[:1]),
        "always": lambda: replace(small, credit=credit.expert_gate(of=plain, least=99, passed=0.99)),
        "ahpo": lambda: small,
        "wrong_expert": lambda: replace(small, experts=other),
    }[arm]()


def enter(run: sc.Run) -> sc.Run:
    """In the league: an expert who knows the answer, heard while fewer than two attempts do."""
    return replace(
        run, credit=credit.expert_gate(of=run.credit, least=2), experts=(Expert(write=base.answer),), objective=hybrid()
    )
