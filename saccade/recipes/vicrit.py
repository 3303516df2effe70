"""ViCrit: A Verifiable Reinforcement Learning Proxy Task for Visual Perception in VLMs (arXiv 2506.10128).

New there: one proxy task. A long caption with exactly one false phrase is shown beside the picture, and the policy is paid
for naming the phrase: the whole picture must be read, while the reward stays a yes or no.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import rewards
from saccade.data.published import published
from saccade.recipes import _answering as base

DEVIATIONS = (
    "group size 8, weights 0.9 and 0.1 and no reference penalty are proposed here; the paper's were not found",
    base.ON_SCENES + "; naming a phrase is taught by imitation first",
)

CLAIM = sc.Claim(
    text="reinforcement teaches to name the one false word of a caption; shown grey pictures in training it does not",
    metric="accuracy",
    arms=("imitated", "vicrit"),
    better="vicrit",
    over="imitated",
    control="blind",
    margin=0.05,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> sc.Run:
    """875 thousand captions with one false phrase; eight attempts."""
    return base.published_run(
        "vicrit",
        data=published("ViCrit-Train", about="human captions with one false phrase", layout="easyr1"),
        rewards=(rewards.span_match(weight=0.9), rewards.grammar(inside={"answer": "boxed"}, weight=0.1)),
        updates=300,
    )


def corrupted(sample: sc.Sample) -> sc.Sample:
    """A caption of everything in the picture with one colour or kind exchanged for one that is nowhere in it."""
    rng, shapes = sc.generator("vicrit", sample.id), base.shapes_of(sample)
    words = [each.name for each in shapes]
    place, colour = int(rng.integers(len(shapes))), bool(rng.integers(2))
    pool = sorted(base.COLOURS) if colour else list(base.KINDS)
    here = {each.colour if colour else each.kind for each in shapes}
    other = [each for each in pool if each not in here]
    wrong = other[int(rng.integers(len(other)))]
    shape = shapes[place]
    original = words[place]
    words[place] = f"{wrong} {shape.kind}" if colour else f"{shape.colour} {wrong}"
    return base.asking(
        sample,
        f"Which word is wrong: {', '.join(words)}?",
        target=wrong,
        meta={"original": original, "answer_type": "exact"},
    )


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """imitated: the form alone, from captions whose false word is drawn by lot; vicrit: the method; blind: on grey
    pictures."""
    data = base.Changed(source=base.scenes(seed, "name", least=2), change=corrupted)
    test = base.held_out(
        "name",
        knobs={"least": 2},
        change=lambda source: base.Changed(source=source, change=corrupted),
        metric="span_match",
        rewards=(rewards.span_match(),),
    )
    attributes = base.held_out("name", name="attributes")
    small = base.miniature(
        run(),
        seed=seed,
        data=base.Grey(source=data) if arm == "blind" else data,
        evals=(test, attributes),
        updates=60,
        name=f"vicrit-{arm}",
        rewards=(rewards.span_match(mode="exact"),),
    )
    if arm == "imitated":
        small = replace(small, schedule=replace(small.schedule, updates=0))
    return base.then(base.imitating(small, some_word, data=data, updates=30), small)


def some_word(sample: sc.Sample) -> str:
    words = base.question_of(sample).removeprefix("Which word is wrong: ").rstrip("?").replace(",", "").split()
    return f"<answer>{words[int(sc.generator('some word', sample.id).integers(len(words)))]}</answer>"
