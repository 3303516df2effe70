"""Visionary-R1: Mitigating Shortcuts in Visual Reasoning with Reinforcement Learning (arXiv 2505.14677).

New there: the model must describe the picture before it reasons, and the description is worth what the same model can
answer from it without the picture. The reference penalty is strong at first and fades along a cosine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import saccade as sc
from saccade import follow_ups, rewards
from saccade.clients.oracle import noisy_oracle, oracle
from saccade.core.message import Message
from saccade.data.published import published
from saccade.recipes import _answering as base

DEVIATIONS = (
    base.ONE_UPDATE,
    base.ON_SCENES
    + "; describing is taught by imitation first, and the blind reader is an exact reader of descriptions, "
    "because glimpse cannot read them",
)

CLAIM = sc.Claim(
    text="trained where the wording gives the answer away in most items, a reward for descriptions that suffice gives "
    "higher "
    "accuracy on items without that habit than the same form without it; paid by lot it does not",
    metric="accuracy",
    arms=("grpo", "caption_first", "sufficient"),
    better="sufficient",
    over="grpo",
    control="by_lot",
    margin=0.025,
    seeds=(1, 2, 3),
    scale="glimpse",
)

FORM = ("info", "think", "answer")


def run() -> sc.Run:
    """273 thousand question-answer pairs, a tenth for the description, penalty from 0.04 to 0, Qwen2.5-VL-3B."""
    return base.published_run(
        "visionary_r1",
        data=published("Visionary-R1 mix", about="273 thousand pairs without chains", layout="trl"),
        model="Qwen/Qwen2.5-VL-3B-Instruct",
        lr=5e-7,
        kl=sc.cosine(0.04),
        top_p=0.9,
        tokens=1024,
        updates=2000,
        normaliser="rows",
        rewards=(
            sc.by_type(
                {
                    "number": rewards.answer_match(),
                    "ocr": rewards.text_overlap(measure="anls"),
                    "text": rewards.text_overlap(measure="rouge"),
                },
                otherwise=rewards.answer_match(),
            ),
            rewards.grammar(tags=FORM),
            rewards.caption_sufficiency(weight=0.1),
        ),
        follow_ups=(follow_ups.blind_answer(),),
    )


def truth(messages: Sequence[Message]) -> str:
    """An exact reader of descriptions like "red star, blue circle"."""
    text = messages[-1].text
    caption = text.partition(":\n")[2].partition("\n\nQuestion:")[0]
    return f"<answer>{read(caption, text.partition('Question: ')[2].partition(chr(10))[0])}</answer>"


def read(caption: str, question: str) -> str:
    """The colour of the shape that is asked about, if the description names exactly one such shape."""
    kind = next((kind for kind in base.KINDS if kind in question), "")
    said = {colour for colour, shape in re.findall(r"(\w+) (\w+)", caption) if shape == kind}
    return said.pop() if len(said) == 1 else "unknown"


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """grpo: the answer alone; caption_first: a description, unpaid; sufficient: the method; by_lot: a reader who guesses."""
    items = base.Habit(source=base.scenes(seed, "name"), share=0.85, usual=base.usual_colour)
    test = base.held_out("name")
    small = base.miniature(
        run(), seed=seed, data=items, evals=(test, base.blind(test)), words=32, updates=40, name=f"visionary_r1-{arm}"
    )
    described = arm != "grpo"
    colours = [f"<answer>{colour}</answer>" for colour in sorted(base.COLOURS)]
    guesses = noisy_oracle(truth, error=1 - 1 / len(colours), wrong=colours, seed=seed)
    form = (rewards.grammar(tags=("info", "answer"), weight=0.2),) if described else ()
    paid = arm in ("sufficient", "by_lot")
    small = replace(
        small,
        rewards=(rewards.answer_match(), *form, *((rewards.caption_sufficiency(weight=0.5),) if paid else ())),
        follow_ups=(follow_ups.blind_answer(by="reader"),) if paid else (),
        others={"reader": oracle(truth) if arm == "sufficient" else guesses} if paid else {},
    )
    write = (lambda sample: f"<info>{base.in_words(sample)}</info>{base.answer(sample)}") if described else base.answer
    return base.then(base.imitating(small, write, data=base.scenes(seed, "name"), updates=40), small)
