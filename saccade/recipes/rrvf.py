"""RRVF: Learning Only with Images, by Reasoning, Rendering and Visual Feedback (arXiv 2507.20766).

New there: pictures are turned into programs without a single program to imitate. What was written is rendered, a judge says
how it differs, the policy writes again, and the likeness of the last picture is the reward.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import clients, follow_ups, rewards
from saccade.core.seed import generator
from saccade.data.published import published
from saccade.recipes import _answering as base
from saccade.recipes import _simulated as table

DEVIATIONS = (
    "one program an attempt: rendering inside the episode needs the isolated interpreter and is not part of this run",
    "weights 0.8, 0.1, 0.1 are proposed here; the published ones were not found",
    table.ON_A_TABLE
    + ": a picture is three features, a program names them, the likeness is the share that is right; programs at random "
    "are imitated first. 24 pictures come in 72 copies, one copy in six with its program. In the arm with feedback it is "
    "shown which features were wrong and writes once more",
)

CLAIM = sc.Claim(
    text="programs learned from the likeness of what they draw fit pictures better than programs imitated from the one copy "
    "in six that has a label, both after imitating programs at random; likeness to another picture does not",
    metric="accuracy",
    arms=("imitated", "rendered", "feedback"),
    better="rendered",
    over="imitated",
    control="other_picture",
    margin=0.025,
    seeds=(1, 2, 3),
    scale="tabular",
)

JUDGED = "How alike are the picture and what the program in the reply would draw, from 0 to 1?"


def run() -> sc.Run:
    """Raw chart pictures, likeness by a 72B judge at 0.8, form at 0.1, about a hundred steps."""
    return base.published_run(
        "rrvf",
        data=published("ChartMimic pictures", about="charts without their programs", layout="easyr1"),
        rewards=(rewards.judged(weight=0.8, name="likeness"), rewards.grammar(weight=0.1)),
        updates=100,
        tokens=4096,
        follow_ups=(follow_ups.judge(JUDGED, shown=True),),
        others={"judge": clients.endpoint("http://127.0.0.1:8001/v1", "Qwen/Qwen2.5-VL-72B-Instruct")},
    )


def likeness(trajectory: sc.Trajectory) -> float:
    """Share of the picture's features that the last program names in their places."""
    said, wanted = trajectory.answer.split(), str(trajectory.sample.target).split()
    return sum(a == b for a, b in zip(said, wanted, strict=False)) / max(len(said), len(wanted))


@sc.episode
async def drawn_again(sample: sc.Sample, context: object):
    """A program, what was wrong with its picture, another program."""
    said = yield sc.show(sample.prompt)
    if told := wrong(sample, said.text):
        yield sc.show(told)


def wrong(sample: sc.Sample, program: str) -> str:
    """The features in which a program's picture differs; nothing where it does not."""
    said = program.split()
    places = [str(at) for at, word in enumerate(str(sample.target).split()) if said[at : at + 1] != [word]]
    return f"wrong: {' '.join(places)}" if places else ""


KINDS, COLOURS, SIZES = ("bar", "line", "dot"), ("red", "blue", "green", "black"), ("big", "small")
EVERY = [f"{kind} {colour} {size}" for kind in KINDS for colour in COLOURS for size in SIZES]


def picture(number: int, which: int) -> sc.Sample:
    """One of the 24 pictures; `number` names the copy."""
    return table.question(number, f"picture {which}", EVERY[which], which=which)


def random_programs(again: bool, seed: int) -> list[sc.Sample]:
    """Every program for every picture, so that what is learned is to write programs; `again`: and one at random after it."""
    lessons = []
    for place, program in enumerate(EVERY * len(EVERY)):
        sample = picture(1000 + place, place // len(EVERY))
        told = wrong(sample, program) if again else ""
        if told:
            sample = replace(sample, prompt=(*sample.prompt, sc.assistant(program), sc.user(told)))
            program = EVERY[int(generator("again", seed, place).integers(len(EVERY)))]
        lessons.append(replace(sample, target=program))
    return lessons


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """imitated: one copy in six with its program; rendered: the likeness alone; feedback: and a second try;
    other_picture: likeness to another picture."""
    rng = generator("rrvf", seed)
    items = [picture(number, int(rng.integers(len(EVERY)))) for number in range(72)]
    like = sc.Reward(name="likeness", function=likeness)
    small = table.simulated(
        run(),
        " ".join((*KINDS, *COLOURS, *SIZES)),
        items,
        seed=seed,
        updates=40,
        length=4,
        metric="likeness",
        judged_by=(like,),
        rewards=(like,),
        follow_ups=(),
        others={},
        name=f"rrvf-{arm}",
        test=[picture(2000 + which, which) for which in range(len(EVERY))],
    )

    def taught(data: list[sc.Sample], updates: int) -> sc.Stage:
        return table.imitating(small, lambda sample: str(sample.target), data=data, updates=updates)

    start = taught(random_programs(arm == "feedback", seed), updates=60)
    if arm == "imitated":
        return table.then(start, taught(items[::6], updates=40))
    if arm == "feedback":
        small = replace(small, episode=drawn_again())
    if arm == "other_picture":
        small = replace(small, rewards=(replace(like, function=unlike),))
    return table.then(start, small)


def unlike(trajectory: sc.Trajectory) -> float:
    """The likeness to another picture."""
    other = EVERY[(trajectory.sample.meta["which"] + 11) % len(EVERY)]
    return likeness(replace(trajectory, sample=replace(trajectory.sample, target=other)))
