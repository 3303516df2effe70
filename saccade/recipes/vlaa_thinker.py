"""VLAA-Thinker: SFT or RL? An Early Investigation into Training R1-Like Reasoning LVLMs (arXiv 2504.11468).

New there: a finding and a reward. Imitating an expert's chains first can lock a policy into their manner, which later
reinforcement does not leave; one reward dispatches over digits, options, expressions, boxes and open answers.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, rewards
from saccade.core.message import assistant, user
from saccade.data.published import published
from saccade.recipes import _answering as base
from saccade.recipes import _simulated as table

DEVIATIONS = (
    "open-ended answers are scored by word overlap where the paper asks a reward model",
    "penalty 0.04 and eight attempts are proposed here; the paper's were not found",
    table.ON_A_TABLE + ": a question is looked at or recited about; the expert recites, and is right because it was told",
)

CLAIM = sc.Claim(
    text="reinforcement alone ends with higher accuracy than reinforcement after imitating an expert who recites instead of "
    "looking; after such imitation, credit by lot does not help either",
    metric="accuracy",
    arms=("noisy_then_rl", "clean_then_rl", "rl"),
    better="rl",
    over="noisy_then_rl",
    control="noisy_then_lot",
    margin=0.015,
    seeds=(1, 2, 3),
    scale="tabular",
)


def run() -> sc.Run:
    """25 thousand questions of eight sources, rewards by type; no imitation before."""
    return base.published_run(
        "vlaa_thinker",
        data=published("VLAA-Thinking-GRPO-25K", about="questions by kind of answer", layout="easyr1"),
        model="Qwen/Qwen2.5-VL-3B-Instruct",
        kl=0.04,
        normaliser="rows",
        updates=400,
        rewards=(
            sc.by_type(
                {
                    "math": rewards.symbolic_match(),
                    "box": rewards.box_iou(),
                    "text": rewards.text_overlap(measure="rouge"),
                },
                otherwise=rewards.answer_match(),
            ),
            rewards.grammar(),
        ),
    )


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """rl: reinforcement alone; noisy_then_rl, clean_then_rl: after imitating chains that recite, that look; noisy_then_lot:
    after the first, with credit dealt out by lot."""
    words = "abcdef"
    items = [table.question(number, "a question", words[number % 6], place=number % 6) for number in range(36)]
    small = table.simulated(
        run(),
        "look recite guess " + " ".join(words),
        items,
        seed=seed,
        updates=60,
        length=2,
        episode=table.looking(),
        rewards=(rewards.answer_match(),),
        name=f"vlaa_thinker-{arm}",
    )
    if arm == "rl":
        return table.then(small)

    def chain(sample: sc.Sample) -> sc.Sample:
        thought = "look" if arm == "clean_then_rl" else "recite"
        shown = f"it is number {sample.meta['place']}" if thought == "look" else "nothing to see"
        return sc.Sample(
            id=f"{sample.id}/chain",
            target=sample.target,
            meta=sample.meta,
            prompt=(user("a question"), assistant(thought), user(shown)),
        )

    lessons = [chain(each) for each in items]
    first = table.imitating(small, lambda sample: str(sample.target), data=lessons, updates=60)
    if arm == "noisy_then_lot":
        small = replace(small, credit=credit.shuffled(of=small.credit, seed=seed))
    return table.then(first, small)
