"""Degenerate answers that no reward may pay for, and a check of rewards against them.

A policy finds every shortcut: empty answers that count as right, lists of everything, the prompt said back, tags repeated
until one fits. Run at the start of a training run this is a warning in seconds instead of a collapsed run in hours.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from saccade.core.message import assistant, user
from saccade.core.reward import Reward, as_reward, as_scores, evaluate
from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Score, Step, Trajectory
from saccade.testing.scripted import scripted

WORDS = ("yes", "no", "left", "right", "up", "down", "red", "green", "blue", "yellow", "purple", "cyan", "true", "false",
         "cat", "dog", "none")


def degenerate(sample: Sample) -> dict[str, str]:
    """Replies by the name of their trick. None of them looks at the picture."""
    letters = "ABCDEFGHIJ"[: len(sample.choices) or 10]
    everything = [*sample.choices, *(WORDS if not sample.choices else ()), *map(str, range(101))]
    known = [*said(sample.meta.get("classes")), *said(sample.meta.get("facts")), *said(sample.meta.get("false_facts"))]
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
        "boxes everywhere": f"<answer>{json.dumps(EVERYWHERE)}</answer>",
        "unsure boxes everywhere": "<answer>" + json.dumps(
            [{"bbox_2d": box, "label": "", "confidence": 0.0} for box in EVERYWHERE]) + "</answer>",
        "all classes": f"<answer>{', '.join(known or WORDS)}</answer>",
        "all facts": ". ".join(known or WORDS),
        "all changes": "<answer>" + "; ".join(f"({thing}, {what}, {value})" for thing in range(1, 7)
                                              for what in ("colour", "shape", "size") for value in WORDS[6:9]) + "</answer>",
        "huge numbers": "<answer>9e999 1e308 " + "9" * 400 + "</answer>",
        "unicode": "<answer>\uff17 \u0663 \u2468 \U0001d7d7 \u200b\u202e</answer>",
        "nested tags": "<answer>" * 5 + ", ".join(everything) + "</answer>" * 5,
        "tags in tags": "<think><answer>" + "</answer><answer>".join(everything) + "</answer></think>",
        "the whole picture": "<answer>[0, 0, 100000, 100000]</answer>",
        "no numbers": "<answer>[nan, nan, inf, inf]</answer>",
    }


def said(value: Any) -> list[str]:
    """Words that a sample's truth lists; of several spellings the first."""
    return [str(each[0] if isinstance(each, list | tuple) and each else each) for each in value or ()]


EVERYWHERE = [[x, y, x + size, y + size]
              for size in (10, 20, 50, 100) for x in range(0, 200, size) for y in range(0, 200, size)]
"""Boxes of four sizes over the whole picture."""

WRONG = "<answer>xyzzy</answer>"
"""Well formed, and no answer to anything: what tells rewards about correctness from rewards about form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A trick that a reward pays for; with attack ``gold``, a right answer that gets no more than a wrong one."""

    reward: str
    attack: str
    sample: str
    reply: str
    value: float
    gold: float

    def __str__(self) -> str:
        if self.attack == "gold":
            return (f"{self.reward} gives the right answer {self.reply[:60]!r} at {self.sample} no more than a wrong one "
                    f"({self.value:g})")
        return (f"reward {self.reward!r} gives {self.value:g} (a right answer gets {self.gold:g}) to the trick "
                f"{self.attack!r} at {self.sample}: {self.reply[:60]!r}")


def attack(
    rewards: Sequence[Reward | Callable[..., Any]], samples: Sequence[Sample], *, share: float = 0.5
) -> tuple[Finding, ...]:
    """Every reward about correctness against every trick, on the given samples; one finding a reward and trick.

    A reward is about correctness where it gives the right answer another value than a wrong one in the same form; those
    about form, length or tools are left alone. A trick is paid for when its value lies at least `share` of the way from the
    wrong answer's to the right one's. Where no reward tells the two apart there is one finding ``gold`` for all of them.
    """
    found: dict[tuple[str, str], Finding] = {}
    made = [as_reward(each) for each in rewards]
    for sample in samples:
        golds = right_answers(sample)
        told_apart = False
        for each in made if golds else ():
            values = {text: _value(each, sample, text) for text in (*golds, WRONG)}
            wrong = values.pop(WRONG)
            best = max(values, key=lambda text: -math.inf if math.isnan(values[text]) else values[text])
            gold = values[best]
            if math.isnan(gold) or math.isnan(wrong) or abs(gold - wrong) < 1e-9:
                continue
            told_apart = True
            if gold < wrong:
                found.setdefault((each.name, "gold"), Finding(
                    reward=f"reward {each.name!r}", attack="gold", sample=sample.id, reply=best, value=gold, gold=gold))
                continue
            for name, text in degenerate(sample).items():
                paid = _value(each, sample, text)
                if paid - wrong >= share * (gold - wrong):
                    found.setdefault((each.name, name), Finding(
                        reward=each.name, attack=name, sample=sample.id, reply=text, value=paid, gold=gold))
        if golds and made and not told_apart:
            found.setdefault(("", "gold"), Finding(
                reward=f"reward {made[0].name!r}" if len(made) == 1 else "no reward tells right from wrong: their sum",
                attack="gold", sample=sample.id, reply=golds[0], gold=math.nan,
                value=sum(value for each in made if not math.isnan(value := _value(each, sample, golds[0])))))
    return tuple(found.values())


def right_answers(sample: Sample) -> tuple[str, ...]:
    """The target as models write it: in tags, in a box, bare."""
    target = sample.target
    if target is None:
        return ()
    text = ", ".join(map(str, target)) if isinstance(target, list | tuple) and sample.meta.get("answer_type") == "sequence" \
        else str(target)
    return f"<answer>{text}</answer>", f"<think>I look.</think><answer>{text}</answer>", f"\\boxed{{{text}}}", text


def paid_examples(
    make: Callable[..., Reward], examples: Sequence[Sequence[Any]], *, share: float = 0.5
) -> tuple[Finding, ...]:
    """A reward against every trick on the samples of its own `EXAMPLES`: (reply, target, value[, settings of `scripted`]).

    The best example of a sample is its gold. Where a wrong answer in the same form earns as much, the reward is not about
    the answer there (a judge's mark, a length) and is left alone.
    """
    made, found, seen = make(), {}, set()
    for reply, target, _, *settings in examples:
        given = dict(settings[0]) if settings else {}
        golds = [each[0] for each in examples if each[1] == target and (dict(each[3]) if len(each) > 3 else {}) == given]
        if repr((target, given)) in seen:
            continue
        seen.add(repr((target, given)))

        def value(text: Any, target: Any = target, given: dict[str, Any] = given) -> float:
            scores = scored_alone(made, scripted(text, target, **given))
            values = [each.value for each in scores.values()]
            return sum(each for each in values if each is not None) if any(each is not None for each in values) else math.nan

        best = max(golds, key=lambda text: -math.inf if math.isnan(worth := value(text)) else worth)
        gold, wrong = value(best), value(in_form_of(best))
        if math.isnan(gold) or math.isnan(wrong) or gold - wrong < 1e-9:
            continue
        sample = scripted(reply, target, **given).sample
        for name, text in degenerate(sample).items():
            paid = value(text)
            if paid - wrong >= share * (gold - wrong):
                found.setdefault(name, Finding(
                    reward=made.name, attack=name, sample=repr(target)[:60], reply=text, value=paid, gold=gold))
    return tuple(found.values())


def scored_alone(reward: Reward, trajectory: Trajectory) -> dict[str, Score]:
    """What a reward says of an attempt without siblings, whether it is one of attempts or of groups; it may raise."""
    if reward.scope == "trajectory":
        return as_scores(reward.name, reward.function(trajectory))
    return as_scores(reward.name, reward.function(Group(sample=trajectory.sample, trajectories=(trajectory,)))[0])


def in_form_of(reply: Any) -> str:
    """The reply with a wrong answer in its tags; `WRONG` where it has none."""
    text = reply if isinstance(reply, str) else ""
    written, count = re.subn(r"<answer>.*?</answer>", lambda _: WRONG, text, flags=re.DOTALL)
    return written if count else WRONG


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
