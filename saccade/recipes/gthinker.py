"""GThinker: Towards General Multimodal Reasoning via Cue-Guided Rethinking (arXiv 2506.01078).

New there: visual cues are marked as they are used, and looked at again only when they do not fit each other. The pattern is
taught selectively, on questions whose first answer was wrong because of a cue, and reinforced by outcome.
"""

from __future__ import annotations

import saccade as sc
from saccade import rewards, select
from saccade.core.message import assistant, user
from saccade.core.seed import generator
from saccade.data.published import published
from saccade.recipes import _answering as base
from saccade.recipes import _simulated as table

DEVIATIONS = (
    "the cold start on 7358 annotated traces is not repeated: start from a checkpoint that had it",
    "open answers are compared by word overlap, without a judge",
    table.ON_A_TABLE
    + ": a glance at three things in ten is unclear and shows another one, any of several things may be behind it; a "
    "second look is right. Whether the pattern gives a model without new pixels a second look is not shown by that",
)

CLAIM = sc.Claim(
    text="traces that look again only where the first glance was wrong end with higher accuracy after reinforcement "
    "than plain "
    "traces; looking again at things chosen by lot does not",
    metric="accuracy",
    arms=("plain", "always", "selective"),
    better="selective",
    over="plain",
    control="by_lot",
    margin=0.1,
    seeds=(1, 2, 3),
    scale="tabular",
)


def run() -> sc.Run:
    """Four thousand questions balanced by kind, DAPO's bounds and dynamic sampling, answer and form."""
    return base.published_run(
        "gthinker",
        data=published("GThinker-11K, RL part", about="four thousand questions by kind of answer", layout="easyr1"),
        rewards=(
            sc.by_type(
                {"math": rewards.symbolic_match(), "text": rewards.text_overlap(measure="rouge")},
                otherwise=rewards.answer_match(),
            ),
            rewards.format_tags(weight=0.5),
        ),
        high=0.28,
        updates=120,
        select=select.oversampling(),
    )


@sc.episode
async def glancing(sample: sc.Sample, context: object):
    """A first glance; the policy answers, or writes ``again`` and is shown the thing as it is."""
    said = yield sc.show(sc.user(glance(sample)))
    if said.text == "again":
        yield sc.show(f"it is {sample.meta['place']}")


def glance(sample: sc.Sample) -> str:
    """A clear thing as it is; an unclear one as one of the five others."""
    place, number = sample.meta["place"], sample.meta["number"]
    return f"it may be {(place + 1 + number // 10 % 5) % 6}, unclear" if sample.meta["tricky"] else f"it is {place}, clear"


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """plain: answers at once; always: looks again at everything; selective: at what was unclear; by_lot: at three things in
    ten that are clear."""
    items = [
        table.question(number, "", "bcdefg"[number % 6], place=number % 6, tricky=number % 10 < 3) for number in range(60)
    ]
    small = table.simulated(
        run(),
        "again b c d e f g",
        items,
        seed=seed,
        updates=40,
        length=2,
        episode=glancing(),
        select=None,
        rewards=(rewards.answer_match(),),
        name=f"gthinker-{arm}",
    )

    def again(sample: sc.Sample) -> bool:
        lot = generator("again", seed, sample.id).random() < 0.3
        return {
            "plain": False,
            "always": True,
            "selective": sample.meta["tricky"],
            "by_lot": lot and not sample.meta["tricky"],
        }[arm]

    def lesson(sample: sc.Sample) -> sc.Sample:
        looked = (assistant("again"), user(f"it is {sample.meta['place']}")) if again(sample) else ()
        return sc.Sample(
            id=f"{sample.id}/trace", prompt=(user(glance(sample)), *looked), meta=sample.meta, target=sample.target
        )

    first = table.imitating(small, lambda sample: str(sample.target), data=[lesson(each) for each in items], updates=12)
    return table.then(first, small)
