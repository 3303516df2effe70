"""MPCC: Masked Prediction via Context and Commonsense in VLMs (arXiv 2510.21807).

New there: say what an occluder hides, from what surrounds it and from what is usual. Some attempts are made with a hint and
learned from as if there had been none, so that there is something to learn where the policy never guesses right.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import episodes, explore, rewards
from saccade.core.message import user
from saccade.core.seed import generator
from saccade.data.published import published
from saccade.recipes import _answering as base
from saccade.recipes import _simulated as table

DEVIATIONS = (
    "reward, prior sampling and its schedule are proposed here: the published ones were not found",
    table.ON_A_TABLE
    + ": which of 24 things stands in each of 16 contexts; following a hint is taught by imitation first",
)

CLAIM = sc.Claim(
    text="with a quarter of the attempts hinted at first and none in the end, more hidden things are named after 30 updates "
    "than without hints; with hints at another thing they are not",
    metric="accuracy",
    arms=("grpo", "hinted"),
    better="hinted",
    over="grpo",
    control="wrong_hint",
    margin=0.025,
    seeds=(1, 2, 3),
    scale="tabular",
)


def hint(sample: sc.Sample) -> tuple[sc.Message, ...]:
    """The question with its answer, and the request to justify it from the picture."""
    said = f" The hidden thing is {sample.target}; say why the picture makes that likely, then answer."
    return (*sample.prompt[:-1], user(*sample.prompt[-1].images, sample.prompt[-1].text + said))


def run() -> sc.Run:
    """Exact or synonymous names, a tenth for form; hinted attempts from a quarter to none."""
    return base.published_run(
        "mpcc",
        data=published("MPCC", about="pictures with an occluded object and its name", layout="easyr1"),
        rewards=(rewards.graded_match(), rewards.format_tags(weight=0.1)),
        explore=explore.hinted(n=8, share=(0.25, 0.0), updates=200),
        episode=episodes.by_branch(prompts={"hint": hint}),
    )


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """grpo: no hints; hinted: the method; wrong_hint: every hint names another thing."""
    words = [f"thing{number}" for number in range(24)]
    rng = generator("mpcc", seed)
    items = [
        table.question(number, f"what is hidden in context {number}", words[int(rng.integers(24))])
        for number in range(16)
    ]

    def told(sample: sc.Sample) -> tuple[sc.Message, ...]:
        place = words.index(str(sample.target)) + (arm == "wrong_hint")
        return (user(f"a hint: {words[place % 24]}"),)

    small = table.simulated(
        run(),
        " ".join(words),
        items,
        seed=seed,
        updates=30,
        length=2,
        rewards=(rewards.answer_match(),),
        episode=episodes.by_branch(prompts={"hint": told}),
        name=f"mpcc-{arm}",
    )
    chosen = sc.Independent(n=8) if arm == "grpo" else explore.hinted(n=8, share=(0.25, 0.0), updates=30, seed=seed)
    lessons = [table.question(100 + number, f"a hint: {word}", word) for number, word in enumerate(words)]
    first = table.imitating(small, lambda sample: str(sample.target), data=lessons, updates=40)
    return table.then(first, replace(small, explore=chosen))
