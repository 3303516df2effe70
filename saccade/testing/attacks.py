"""Degenerate answers that no reward may pay for, and a check of rewards against them.

A policy finds every shortcut: empty answers that count as right, lists of everything, the prompt said back, tags repeated
until one fits. Run at the start of a training run this is a warning in seconds instead of a collapsed run in hours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from saccade.core.message import assistant, user
from saccade.core.reward import Reward, as_reward, evaluate
from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Step, Trajectory

WORDS = ("yes", "no", "left", "right", "up", "down", "red", "green", "blue", "yellow", "purple", "cyan", "true", "false",
         "cat", "dog", "none")


def degenerate(sample: Sample) -> dict[str, str]:
    """Replies by the name of their trick. None of them looks at the picture."""
    letters = "ABCDEFGHIJ"[: len(sample.choices) or 10]
    everything = [*sample.choices, *(WORDS if not sample.choices else ()), *map(str, range(101))]
    asked = " ".join(message.text for message in sample.prompt)
    return {
        "empty": "",
        "blank": " \n ",
        "empty tags": "<answer></answer>",
        "open tag": "<answer>",
        "everything": f"<answer>{', '.join(everything)}</answer>",
        "everything without tags": " or ".join(everything),
        "all digits": "<answer>0 1 2 3 4 5 6 7 8 9</answer>",
        "all letters": f"<answer>{', '.join(letters)}</answer>",
        "all letters without tags": " ".join(f"({letter})" for letter in letters),
        "prompt said back": asked,
        "prompt in tags": f"<answer>{asked}</answer>",
        "repeated tags": "".join(f"<answer>{each}</answer>" for each in (*everything, *letters)),
        "repeated boxes": " ".join(f"\\boxed{{{each}}}" for each in (*everything, *letters)),
        "form alone": "<think>I look at the picture.</think><answer>I have looked.</answer>",
        "many boxes": "<answer>" + ", ".join(f"[{x}, {y}, {x + 50}, {y + 50}]" for x in range(0, 200, 50)
                                             for y in range(0, 200, 50)) + "</answer>",
        "the whole picture": "<answer>[0, 0, 100000, 100000]</answer>",
        "no numbers": "<answer>[nan, nan, inf, inf]</answer>",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A trick that a reward pays for (or, with attack ``gold``, a right answer that it does not)."""

    reward: str
    attack: str
    sample: str
    reply: str
    value: float
    gold: float

    def __str__(self) -> str:
        if self.attack == "gold":
            return f"reward {self.reward!r} gives {self.value:g} to the right answer {self.reply[:60]!r} at {self.sample}"
        return (f"reward {self.reward!r} gives {self.value:g} (a right answer gets {self.gold:g}) to {self.attack!r} at "
                f"{self.sample}: {self.reply[:60]!r}")


def attack(
    rewards: Sequence[Reward | Callable[..., Any]], samples: Sequence[Sample], *, share: float = 0.5
) -> tuple[Finding, ...]:
    """Every reward that tells right from wrong, against every trick, on the given samples; one finding a reward and trick.

    A trick is paid for when its value is nearer to that of the right answer than to that of an empty one (`share` of the
    way). Rewards that treat right and empty alike (length, form, tools) are only reported where they give a right
    answer less than an empty one, or where nothing ever scores: attack ``gold``.
    """
    found: dict[tuple[str, str], Finding] = {}
    for sample in samples:
        golds = [text for text in right_answers(sample)]
        for each in map(as_reward, rewards):
            def value(text: str, each: Reward = each, sample: Sample = sample) -> float:
                return _value(each, sample, text)

            gold, empty = max((value(text) for text in golds), default=math.nan), value("")
            if math.isnan(gold) or math.isnan(empty):
                continue
            if gold <= empty:
                if gold < empty or (gold == 0.0 and all(value(text) == 0.0 for text in degenerate(sample).values())):
                    found.setdefault((each.name, "gold"), Finding(
                        reward=each.name, attack="gold", sample=sample.id, reply=golds[0], value=gold, gold=gold))
                continue
            for name, text in degenerate(sample).items():
                paid = value(text)
                if paid - empty >= share * (gold - empty):
                    found.setdefault((each.name, name), Finding(
                        reward=each.name, attack=name, sample=sample.id, reply=text, value=paid, gold=gold))
    return tuple(found.values())


def right_answers(sample: Sample) -> tuple[str, ...]:
    """The target as models write it: in tags, in a box, bare."""
    target = sample.target
    if target is None:
        return ()
    text = ", ".join(map(str, target)) if isinstance(target, list | tuple) and sample.meta.get("answer_type") == "sequence" \
        else str(target)
    return f"<answer>{text}</answer>", f"<think>I look.</think><answer>{text}</answer>", f"\\boxed{{{text}}}", text


def _value(reward: Reward, sample: Sample, text: str) -> float:
    steps = (Step(parent=None, speaker="user", message=sample.prompt[-1]),
             Step(parent=0, speaker="policy", message=assistant(text)))
    group = Group(sample=sample, trajectories=(Trajectory(sample=sample, steps=steps),))
    scores = evaluate(group, [replace(reward, weight=1.0)]).trajectories[0].rewards.values()
    values = [score.value for score in scores if score.value is not None]
    return sum(values) if values else math.nan


def _sample(question: str, target: Any, **meta: Any) -> Sample:
    return Sample(id=str(meta.get("answer_type", "untyped")), prompt=(user(question),), target=target,
                  choices=meta.pop("choices", ()), meta=meta)


GOLD: dict[str, tuple[Sample, str]] = {
    "exact": (_sample("Which colour is the car?", "dark green", answer_type="exact"), "dark green"),
    "number": (_sample("How many cars?", 17, answer_type="number"), "17"),
    "last number": (_sample("How many cars?", "100", answer_type="number"), "100"),
    "untyped number": (_sample("Which digit is on the red card?", "9"), "9"),
    "choice": (_sample("What is it? A. a cat B. a dog C. a cow", "B", answer_type="choice",
                       choices=("a cat", "a dog", "a cow")), "B"),
    "first choice": (_sample("What is it? (A) a cat (B) a dog", "A", answer_type="choice", choices=("a cat", "a dog")), "A"),
    "last choice": (_sample("What is it? (A) a cat (B) a dog", "B", answer_type="choice", choices=("a cat", "a dog")), "B"),
    "choice in words": (_sample("What is it?", "a dog", choices=("a cat", "a dog")), "a dog"),
    "box": (_sample("Where is the cup?", [10, 20, 60, 90], answer_type="box"), "[10, 20, 60, 90]"),
    "sequence": (_sample("Which way?", ["up", "left", "up"], answer_type="sequence"), "up, left, up"),
}
"""A sample of each answer type, and how a model writes the right answer."""
