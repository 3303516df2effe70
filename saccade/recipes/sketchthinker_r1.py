"""SketchThinker-R1: Towards Efficient Sketch-Style Reasoning in Large Multimodal Models (arXiv 2601.02825).

New there: short numbered sketches in the place of long chains. They are taught by imitation, and a small judge of style adds
a tenth to the reward, enough to keep the form and too little to be worth hacking.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import clients, follow_ups, rewards
from saccade.core.seed import generator
from saccade.data.published import published
from saccade.recipes import _answering as base
from saccade.recipes import _simulated as table

DEVIATIONS = (
    "the cold start on 20 thousand converted chains is not repeated: start from a checkpoint that had it",
    "the judge of style is an endpoint on this machine that serves the published one",
    table.ON_A_TABLE
    + ": twelve questions answered after a chain of ten words or a sketch of three; imitation teaches the form, with each "
    "of four answers equally often; a rule judges the style",
)

CLAIM = sc.Claim(
    text="imitated sketches and a tenth of reward for style at least double the right answers per word written, "
    "against long "
    "chains with reward for the answer alone; style judged by lot does not add as much",
    metric="efficiency",
    arms=("long", "sketch"),
    better="sketch",
    over="long",
    control="long_by_lot",
    margin=0.08,
    seeds=(1, 2, 3),
    scale="tabular",
)


def run() -> sc.Run:
    """A thousand questions, five attempts, 0.5 answer, 0.4 form, 0.1 style, penalty 0.01."""
    return base.published_run(
        "sketchthinker_r1",
        data=published("SketchRL-1K", about="a thousand questions of four benchmarks", layout="easyr1"),
        rewards=(
            rewards.answer_match(weight=0.5),
            rewards.format_tags(weight=0.4),
            rewards.judged(weight=0.1, name="style"),
        ),
        follow_ups=(follow_ups.judge("sketch"),),
        n=5,
        kl=0.01,
        updates=120,
        others={"judge": clients.endpoint("http://127.0.0.1:8001/v1", "SketchJudge-7B")},
    )


LONG = "well let us see first this and then also that"
SKETCH = "1. this 2."


def efficiency(trajectory: sc.Trajectory) -> float:
    """1 over the number of words of a right answer, 0 for a wrong one."""
    right = trajectory.answer.split()[-1:] == [str(trajectory.sample.target)]
    return right / max(len(trajectory.answer.split()), 1)


def last_word(trajectory: sc.Trajectory) -> float:
    return float(trajectory.answer.split()[-1:] == [str(trajectory.sample.target)])


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """long: chains imitated, the answer rewarded; sketch: the method; long_by_lot: chains, and style judged by lot."""
    items = [table.question(number, f"question {number}", "abcd"[number % 4]) for number in range(12)]
    words = " ".join(dict.fromkeys([*LONG.split(), *SKETCH.split(), *"abcd"]))
    right = sc.Reward(name="answer", function=last_word, weight=0.5)
    sketchy = sc.Reward(name="style", function=lambda each: float(len(each.answer.split()) <= 5), weight=0.1)
    lot = replace(
        sketchy,
        function=lambda each: float(generator("style", seed, each.sample.id, each.attempt, each.version).random() < 0.5),
    )
    paid = {"long": (right,), "sketch": (right, sketchy), "long_by_lot": (right, lot)}[arm]
    small = table.simulated(
        run(),
        words,
        items,
        seed=seed,
        updates=30,
        length=14,
        n=5,
        name=f"sketchthinker_r1-{arm}",
        rewards=paid,
        follow_ups=(),
        others={},
        metric="efficiency",
        judged_by=(sc.Reward(name="efficiency", function=efficiency), right),
    )
    form = SKETCH if arm == "sketch" else LONG
    lessons = [replace(each, id=f"{each.id}/{said}", target=f"{form} {said}") for each in items for said in "abcd"]
    first = table.imitating(small, lambda sample: str(sample.target), data=lessons, updates=25)
    return table.then(first, small)
