"""Curr-ReFT: Boosting the Generalization and Reasoning of VLMs with Curriculum Reinforcement Learning (arXiv 2503.07065).

New there: a curriculum over the form of answers. The same items are first judged yes or no, then chosen among options, then
answered openly, each with a reward of its own; a round of imitating the policy's own best answers ends it.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import rewards, select
from saccade.core import chain
from saccade.data.published import published
from saccade.recipes import _answering as base
from saccade.worlds.shapes import KINDS

DEVIATIONS = (
    "the last round (imitating the policy's best answers by a judge's mark) is `learn.pass_rates.kept` and not part "
    "of run()",
    "learning rate 1e-6 in the place of the reported 2e-5, which is that of imitation elsewhere",
    base.ON_SCENES + "; listing kinds is taught by a few lessons first, so that open answers succeed now and then",
)

CLAIM = sc.Claim(
    text="kinds of shapes in a picture are listed better after judging, choosing and listing in this order than after "
    "listing "
    "alone for equally many updates; in the reversed order they are not",
    metric="accuracy",
    arms=("open", "mixed", "curriculum"),
    better="curriculum",
    over="open",
    control="reversed",
    margin=0.015,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> tuple[sc.Stage, ...]:
    """Four attempts (two for options); about 500 updates a stage; exact, exact set, then overlap of sets."""
    whole = base.published_run(
        "curr_reft",
        data=published("Curr-ReFT, yes or no", about="four thousand statements to judge", layout="trl"),
        model="Qwen/Qwen2.5-VL-3B-Instruct",
        rewards=(rewards.answer_match(), rewards.grammar()),
        n=4,
        prompts=8,
        updates=500,
        kl=0.04,
        normaliser="rows",
    )
    options = replace(
        whole,
        name="curr_reft-choose",
        explore=sc.Independent(n=2),
        data=published("Curr-ReFT, options", about="three thousand choices", layout="trl"),
        rewards=(rewards.set_overlap(measure="exact"), rewards.grammar()),
    )
    produce = replace(
        whole,
        name="curr_reft-produce",
        data=published("Curr-ReFT, open", about="open answers", layout="trl"),
        rewards=(rewards.set_overlap(measure="jaccard"), rewards.grammar()),
    )
    return (
        sc.Stage(name="judge", run=replace(whole, name="curr_reft-judge")),
        sc.Stage(name="choose", run=options),
        sc.Stage(name="produce", run=produce),
    )


def form(kind: str):
    """The same picture in one of three forms; the answer is always a set of kinds, of one word or several."""

    def change(sample: sc.Sample) -> sc.Sample:
        there = sorted({each.kind for each in base.shapes_of(sample)})
        rng = sc.generator("form", kind, sample.id)
        other = [each for each in KINDS if each not in there] or [there[0]]
        absent = other[int(rng.integers(len(other)))]
        if kind == "judge":
            asked = absent if rng.random() < 0.5 else there[0]
            return base.asking(sample, f"Is there a {asked}?", target="yes" if asked in there else "no")
        if kind == "choose":
            pair = sorted((absent, there[0]))
            return base.asking(sample, f"Which is there, {pair[0]} or {pair[1]}?", target=there[0])
        return base.asking(sample, "Which kinds of shapes are there?", target=", ".join(there))

    return change


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """open: listing alone; mixed: all forms at once; curriculum: judge, choose, list; reversed: list, choose, judge."""
    size, updates = 2000, (12, 12, 24)
    parts = [
        base.Changed(source=base.scenes(seed * 10 + place, "name", size=size, least=2), change=form(kind))
        for place, kind in enumerate(("judge", "choose", "produce"))
    ]
    test = base.held_out(
        "name",
        knobs={"least": 2},
        change=lambda source: base.Changed(source=source, change=form("produce")),
        metric="set_overlap",
        rewards=(rewards.set_overlap(),),
    )
    small = base.miniature(
        run()[0].run,
        seed=seed,
        data=chain(*parts),
        evals=(test,),
        words=16,
        updates=sum(updates),
        n=8,
        rewards=(rewards.set_overlap(),),
        name=f"curr_reft-{arm}",
    )
    walk = {"curriculum": (0, 1, 2), "reversed": (2, 1, 0)}.get(arm)
    small = replace(small, data=parts[2]) if arm == "open" else small
    if walk:
        small = replace(small, select=select.curriculum(sizes=(size,) * 3, updates=updates, order=walk))
    return base.then(base.imitating(small, base.answer, data=parts[2], updates=10), small)
