"""ViSurf: Visual Supervised-and-Reinforcement Fine-Tuning for Large Vision-and-Language Models (arXiv 2510.10606).

New there: one stage in the place of two. The right answer stands in the group as one more member, in the policy's own
form, without a reward for thinking it did not do, and stops pulling as soon as an attempt earns as much.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, objectives, rewards
from saccade.core import Expert
from saccade.data.published import published
from saccade.recipes import _answering as base

DEVIATIONS = (
    "group size 8, penalty 0.005 and learning rate 1e-6 are proposed here; the paper's were not found",
    base.ON_SCENES,
)

CLAIM = sc.Claim(
    text="on a question that the policy answers almost never, the label in the group lifts accuracy above reinforcement "
    "alone after equal updates; labels of other items do not",
    metric="accuracy",
    arms=("grpo", "imitation", "visurf", "unsmoothed"),
    better="visurf",
    over="grpo",
    control="wrong_label",
    margin=0.1,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def form_of_attempts(made: sc.Reward) -> sc.Reward:
    """The reward for the policy's attempts only: a label has not thought, so its form earns nothing."""
    inner = made.function
    return replace(made, function=lambda trajectory: None if trajectory.origin == "label" else inner(trajectory))


def run() -> sc.Run:
    """The right answer among eight attempts; rewards of VisionReasoner: objects matched, form, no repetition."""
    return base.published_run(
        "visurf",
        data=published("gRefCOCO", about="referring expressions for none, one or several objects", layout="easyr1"),
        rewards=(rewards.object_match(weight=3.0), form_of_attempts(rewards.grammar()), rewards.repetition()),
        kl=0.005,
        credit=credit.label_smoothing(of=credit.group_mean(by_std=True)),
        experts=(Expert(write=base.answer, origin="label"),),
        updates=400,
    )


def miniature(arm: str, seed: int) -> sc.Run:
    """grpo: no label; imitation: labels alone; visurf: the method; unsmoothed: the label goes on pulling; wrong_label: that
    of another item."""
    items = base.scenes(seed, "name", least=2, size=4000)
    data = base.Changed(source=items, change=base.in_order)
    test = base.held_out(
        "name",
        knobs={"least": 2},
        change=lambda source: base.Changed(source=source, change=base.in_order),
        metric="set_overlap",
        rewards=(rewards.set_overlap(),),
    )
    old = base.held_out("name", "count", name="old")
    small = base.miniature(
        run(),
        seed=seed,
        data=data,
        evals=(test, old),
        words=24,
        updates=50,
        name=f"visurf-{arm}",
        rewards=(rewards.set_overlap(),),
    )
    other = (Expert(write=lambda sample: base.answer(data[(sample.meta["index"] + 1) % 4000]), origin="label"),)
    return {
        "grpo": lambda: replace(small, experts=(), credit=credit.group_mean(by_std=True)),
        "imitation": lambda: replace(small, objective=(objectives.sft(origins=("label",)),), explore=sc.Independent(n=2)),
        "visurf": lambda: small,
        "unsmoothed": lambda: replace(
            small, credit=credit.label_smoothing(of=credit.group_mean(by_std=True), smooth=False)
        ),
        "wrong_label": lambda: replace(small, experts=other),
    }[arm]()


def enter(run: sc.Run) -> sc.Run:
    """In the league: the right answer in every group."""
    return replace(
        run, credit=credit.label_smoothing(of=run.credit), experts=(Expert(write=base.answer, origin="label"),)
    )
