"""SophiaVL-R1: Reinforcing MLLMs Reasoning with Thinking Reward (arXiv 2505.17018).

New there: a model scores the whole thinking process beside the outcome. Its word counts less in groups where it likes the
wrong attempts better, and less as training goes on.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import clients, credit, follow_ups, rewards
from saccade.core.seed import generator
from saccade.data.published import published
from saccade.recipes import _answering as base
from saccade.recipes import _simulated as table

DEVIATIONS = (
    "the thinking reward model is an endpoint on this machine that serves the published one",
    "where a group holds right or wrong attempts only, the trust is 1 (proposed here)",
    table.ON_A_TABLE
    + ": a question is looked at, guessed or flattered before it is answered, at first one third each; only looking shows "
    "what the answer is, and at first that is understood no better than by chance. The scorer is a rule that is inverted "
    "for three questions in ten and always likes flattery",
)

CLAIM = sc.Claim(
    text="with a scorer of thoughts that is wrong for three questions in ten and can be flattered, trust and fading "
    "end with "
    "higher accuracy than the same scores paid in full; trust and fading of scores drawn by lot do not",
    metric="accuracy",
    arms=("outcome", "thinking", "trust", "faded"),
    better="faded",
    over="thinking",
    control="shuffled",
    margin=0.02,
    seeds=(1, 2, 3),
    scale="tabular",
)


def run() -> sc.Run:
    """130 thousand questions, eight attempts, penalty 0.04, thinking at 0.3 with time constant 1500 updates."""
    return base.published_run(
        "sophiavl_r1",
        data=published("SophiaVL-R1-130k", about="mathematics, charts, text in pictures, general", layout="easyr1"),
        rewards=(
            sc.only_if(
                sc.by_type(
                    {"ocr": rewards.text_overlap(measure="wer"), "text": rewards.text_overlap(measure="rouge")},
                    otherwise=rewards.answer_match(),
                ),
                rewards.grammar(),
                name="outcome",
            ),
            rewards.judged(weight=0.0, name="thinking_quality"),
        ),
        credit=credit.trust_weight(of=credit.group_mean(by_std=True), outcome="outcome", alpha=0.3, decay=1500.0),
        follow_ups=(follow_ups.judge("thinking"),),
        lr=5e-7,
        kl=0.04,
        updates=1500,
        prompts=16,
        others={"judge": clients.endpoint("http://127.0.0.1:8001/v1", "SophiaVL-R1-Thinking-Reward-Model-3B")},
    )


def scored(trajectory: sc.Trajectory) -> float:
    """0.8 for a look, 0.3 for a guess, inverted for some questions; flattery always 1."""
    first = next((step.message.text for step in trajectory.steps if step.speaker == "policy"), "")
    if first.startswith("flatter"):
        return 1.0
    value = 0.8 if first.startswith("look") else 0.3
    return 1 - value if trajectory.sample.meta["number"] % 10 < 3 else value


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """outcome: no scores; thinking: paid in full; trust: by trust; faded: by trust and over time; shuffled: by lot."""
    words = "bcdefg"
    items = [
        table.question(number, f"a question of kind {number // 6}", words[number % 6], place=number % 6)
        for number in range(48)
    ]
    small = table.simulated(
        run(),
        "look guess flatter " + " ".join(words),
        items,
        seed=seed,
        updates=40,
        length=2,
        episode=table.looking(),
        others={},
        follow_ups=(),
        name=f"sophiavl_r1-{arm}",
    )
    judge = sc.Reward(name="thinking_quality", function=scored, weight=0.0)
    lot = replace(
        judge, function=lambda each: float(generator("lot", seed, each.sample.id, each.attempt, each.version).random())
    )
    settings = {"outcome": {"alpha": 0.0}, "thinking": {"trusts": False, "floor": 0.0}, "trust": {}}
    made = credit.trust_weight(of=credit.group_mean(by_std=True), **{"alpha": 0.3, **settings.get(arm, {"decay": 30.0})})
    small = replace(small, rewards=(rewards.answer_match(), lot if arm == "shuffled" else judge), credit=made)
    lessons = [
        table.chain(each, thought, words[number], number=number)
        for each in items
        for thought in ("look", "guess", "flatter")
        for number in range(6)
    ]
    return table.then(table.imitating(small, lambda sample: str(sample.target), data=lessons, updates=40), small)
