"""Actial: Activate Spatial Reasoning Ability of Multimodal Large Language Models (arXiv 2511.01618).

New there: where the camera went between two pictures is learned first, by imitation of short answers with one chain in ten
among them, so that the habit of thinking survives; reinforcement on other spatial questions follows.
"""

from __future__ import annotations

import saccade as sc
from saccade import rewards
from saccade.core.message import assistant, user
from saccade.data.published import published
from saccade.recipes import _answering as base
from saccade.recipes import _simulated as table

DEVIATIONS = (
    base.ONE_UPDATE,
    table.ON_A_TABLE
    + ": a thought shows where the camera went, and without one the answer is a guess; the second stage asks "
    "the same of other pairs",
)

CLAIM = sc.Claim(
    text="short answers with one chain in ten, then reinforcement, end with higher accuracy than reinforcement alone after "
    "equal updates; short answers with a chain that shows nothing do not",
    metric="accuracy",
    arms=("rl", "answers_then_rl", "hybrid"),
    better="hybrid",
    over="rl",
    control="empty_chains",
    margin=0.015,
    seeds=(1, 2, 3),
    scale="tabular",
)


def run() -> tuple[sc.Stage, ...]:
    """100 thousand pairs imitated for two epochs at 5e-6, then SAT with 16 attempts, half for the answer, half for
    the form."""
    second = base.published_run(
        "actial-spatial",
        data=published("SAT", about="spatial questions about one or two pictures", layout="easyr1"),
        rewards=(rewards.answer_match(weight=0.5), rewards.grammar(weight=0.5)),
        n=16,
        prompts=256,
        kl=0.01,
        updates=500,
        tokens=4096,
    )
    first = base.imitating(
        second,
        None,
        updates=1560,
        prompts=128,
        lr=5e-6,
        data=published(
            "Viewpoint-100K", about="pairs of pictures, where the camera went, one chain in ten", layout="llava"
        ),
    )
    return (sc.Stage(name="viewpoints", run=first.run), sc.Stage(name="spatial", run=second))


@sc.episode
async def viewing(sample: sc.Sample, context: object):
    """Two views; a thought shows where the camera went, anything else is the answer."""
    said = yield sc.show(sc.user("two views"))
    if said.text == "<think>":
        yield sc.show(f"the camera went {sample.meta['way']}")


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """rl: reinforcement alone; answers_then_rl: short answers before; hybrid: one chain in ten among them; empty_chains: the
    chains show nothing that helps."""
    ways = [(move, turn) for move in "ABCDEF" for turn in ("left", "right")]
    items = [
        table.question(number, "two views", f"{move} {turn}", way=f"{move} {turn}")
        for number, (move, turn) in enumerate(ways * 3)
    ]
    small = table.simulated(
        run()[1].run,
        "<think> A B C D E F left right",
        items,
        seed=seed,
        updates=25,
        length=3,
        rewards=(rewards.answer_match(),),
        episode=viewing(),
        name=f"actial-{arm}",
    )
    if arm == "rl":
        return table.then(small)

    def lesson(number: int, sample: sc.Sample) -> sc.Sample:
        prompt: tuple[sc.Message, ...] = (user("two views"),)
        if number % 10 == 0 and arm != "answers_then_rl":
            shown = "nothing" if arm == "empty_chains" else f"the camera went {sample.meta['way']}"
            prompt = (*prompt, assistant("<think>"), user(shown))
        return sc.Sample(id=f"lesson {number}", prompt=prompt, target=sample.target, meta=sample.meta)

    lessons = [lesson(number, items[number * 7 % len(items)]) for number in range(120)]
    return table.then(table.imitating(small, lambda sample: str(sample.target), data=lessons, updates=40), small)
