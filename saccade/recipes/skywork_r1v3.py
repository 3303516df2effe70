"""Skywork-R1V3: a 38B vision-language model whose reasoning comes from post-training (arXiv 2507.06167).

New there: which part learns matters. With the connector frozen, reinforcement loses what it had; training the
connector alone
afterwards is enough to get breadth back.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import objectives, rewards
from saccade.data.published import published
from saccade.recipes import _answering as base

DEVIATIONS = (
    "the cold start by rejection sampling from the previous model is not repeated: start from a checkpoint that had it",
    "the checkpoint is chosen by accuracy on held-out items, not by the entropy at words of doubt",
    "batch and group size are not published: 128 and 8 are proposed here",
    base.ON_SCENES + "; its connector is first disturbed by imitating answers about grey pictures",
)

CLAIM = sc.Claim(
    text="after a disturbance of the connector, reinforcement of the connector alone ends with higher accuracy than "
    "reinforcement "
    "of the language model with the connector frozen; with credit dealt out by lot it does not",
    metric="accuracy",
    arms=("disturbed", "all", "language", "connector"),
    better="connector",
    over="language",
    control="connector_by_lot",
    margin=0.015,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> tuple[sc.Stage, ...]:
    """Everything learns from 15 thousand problems of mathematics; then the connector alone from ten thousand of 20
    domains."""
    first = base.published_run(
        "skywork_r1v3-reinforce",
        data=published("Skywork K12", about="15 thousand problems without options", layout="easyr1"),
        model="OpenGVLab/InternVL3-38B",
        rewards=(rewards.answer_match(weight=0.9), rewards.grammar(weight=0.1)),
        tokens=8192,
        updates=300,
    )
    tuned = base.imitating(
        first,
        None,
        updates=80,
        prompts=128,
        lr=1e-5,
        data=published("Skywork, 20 domains", about="ten thousand answered questions", layout="swift"),
    ).run
    tuned = replace(
        tuned,
        name="skywork_r1v3-connector",
        policy=replace(tuned.policy, freeze=("vision", "language")),
        objective=(objectives.sft(),),
    )
    return (sc.Stage(name="reinforce", run=first), sc.Stage(name="connector", run=tuned))


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """disturbed: nothing after the disturbance; all, language, connector: what learns; connector_by_lot: with credit
    by lot."""
    small = base.miniature(
        run()[0].run,
        seed=seed,
        data=base.scenes(seed, "name"),
        updates=50,
        evals=(base.held_out("name"), base.held_out("count", name="count")),
        name=f"skywork_r1v3-{arm}",
    )
    small = replace(small, rewards=(rewards.answer_match(),))
    grey = base.imitating(small, base.answer, data=base.Grey(source=base.scenes(seed + 100, "name")), updates=15, lr=1e-3)
    held = {"language": ("vision", "connector"), "all": ()}.get(arm, ("vision", "language"))
    disturbance = replace(grey.run, policy=replace(grey.run.policy, freeze=("vision", "language")))
    small = replace(small, policy=replace(small.policy, freeze=held))
    if arm == "disturbed":
        small = replace(small, schedule=replace(small.schedule, updates=0))
    if arm == "connector_by_lot":
        small = replace(small, credit=base.by_lot(small, seed))
    return base.then(sc.Stage(name="disturb", run=disturbance), small)
