"""VLAA-Thinker: SFT or RL? An Early Investigation into Training R1-Like Reasoning LVLMs (arXiv 2504.11468).

New there: a finding and a reward. Imitating an expert's chains first can lock a policy into their manner, which later
reinforcement does not leave; one reward dispatches over digits, options, expressions, boxes and open answers.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, rewards
from saccade.data.published import published
from saccade.recipes import _answering as base
from saccade.recipes import _simulated as table

DEVIATIONS = (
    "open-ended answers are scored by word overlap where the paper asks a reward model",
    "penalty 0.04 and eight attempts are proposed here; the paper's were not found",
    table.ON_A_TABLE + ": a question of one of twelve kinds is looked at, recited about or guessed, at first one third "
    "each, and a look is understood; the expert recites always, and is right because it was told",
)

CLAIM = sc.Claim(
    text="from a start that looks one time in three, reinforcement alone ends with higher accuracy than reinforcement after "
    "imitating an expert who recites instead of looking; after such imitation, credit by lot does not help either",
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
    words = "bcde"
    items = [
        table.question(number, f"a question of kind {number // 4}", words[number % 4], place=number % 4)
        for number in range(48)
    ]
    small = table.simulated(
        run(),
        "look recite guess " + " ".join(words),
        items,
        seed=seed,
        updates=30,
        length=2,
        episode=table.looking(),
        rewards=(rewards.answer_match(),),
        name=f"vlaa_thinker-{arm}",
    )

    def taught(*thoughts: str, updates: int) -> sc.Stage:
        lessons = [table.chain(each, thought) for each in items for thought in thoughts]
        return table.imitating(small, lambda sample: str(sample.target), data=lessons, updates=updates)

    start = taught("look", "recite", "guess", updates=45)
    if arm == "rl":
        return table.then(start, small)
    expert = taught("look" if arm == "clean_then_rl" else "recite", updates=20)
    if arm == "noisy_then_lot":
        small = replace(small, credit=credit.shuffled(of=small.credit, seed=seed))
    return table.then(start, expert, small)
