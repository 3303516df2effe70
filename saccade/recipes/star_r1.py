"""STAR-R1: Spatial Transformation Reasoning by Reinforcing Multimodal LLMs (arXiv 2505.15804).

New there: two pictures of a scene before and after, and the answer is the set of changes: which object, which attribute,
which value. Partial credit makes the reward dense; penalties for changes too many and too few keep it honest.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import rewards
from saccade.data.published import published
from saccade.recipes import _answering as base
from saccade.recipes import _changes

DEVIATIONS = (
    "the published penalties were not found: one point for each change too many and each one missing is proposed here",
    base.ONE_UPDATE,
    base.ON_SCENES
    + "; the scene keeps its viewpoint, objects are numbered from left to right, and the form of the answer is "
    "taught by imitation first",
)

CLAIM = sc.Claim(
    text="partial credit with penalties names all changes rightly more often than a reward for exact lists alone, "
    "after equal "
    "updates; partial credit dealt out by lot does not",
    metric="accuracy",
    arms=("exact", "partial", "star"),
    better="star",
    over="exact",
    control="shuffled",
    margin=0.025,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> sc.Run:
    """Eight attempts; form and the credit of the listed changes, 5 for each that is wholly right."""
    return base.published_run(
        "star_r1",
        data=published("TRANCE", about="two views of a scene and the changes between them", layout="easyr1"),
        rewards=(rewards.grammar(), rewards.change_list(table="star")),
        kl=0.04,
        normaliser="rows",
        updates=400,
    )


def some_changes(sample: sc.Sample) -> list[tuple[str, str, str]]:
    """Half of the lessons say the truth, the others a change by lot: the form, and an unsure beginning."""
    rng = sc.generator("some changes", sample.id)
    if rng.random() < 0.5:
        return sample.meta["wanted"]
    colour = bool(rng.integers(2))
    pool = sorted(base.COLOURS) if colour else list(base.KINDS)
    return [(str(int(rng.integers(1, 3))), "colour" if colour else "shape", pool[int(rng.integers(len(pool)))])]


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """exact: all changes or nothing; partial: credit without penalties; star: the method; shuffled: its credit by lot."""

    def pairs(source: sc.Source) -> sc.Source:
        return base.Changed(source=source, change=_changes.changed)

    test = base.held_out("name", knobs={"least": 2}, change=pairs, metric="all_right", rewards=(_changes.all_right(),))
    paid = {"exact": _changes.all_right(), "partial": rewards.change_list(table="star_partial_only")}
    small = base.miniature(
        run(),
        seed=seed,
        data=pairs(base.scenes(seed, "name", least=2)),
        evals=(test,),
        words=40,
        updates=50,
        name=f"star_r1-{arm}",
    )
    small = replace(small, rewards=(paid.get(arm, rewards.change_list(table="star")),))
    if arm == "shuffled":
        small = replace(small, credit=base.by_lot(small, seed))
    return base.then(base.imitating(small, _changes.listed(some_changes), updates=80), small)
